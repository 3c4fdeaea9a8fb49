// Sums of a day's columns over rows drawn with replacement. One invocation holds one resample (x) of one
// batch (y) for one line of its rows, or one word (z), draws its rows in a loop and adds them in registers.
// For days of any length; shorter ones go to tally.wgsl. All arithmetic is on 32-bit unsigned integers.
// Twins: `single`, and `lines` of `line`, in src/resample/cpu.rs. Host side: src/resample/gpu.rs. Needs
// draws.wgsl, batch.wgsl, index.wgsl and philox.wgsl, appended.

override WORKGROUP: u32 = 64u;

// ---- rows of one word: an invocation sums one word ----

@compute @workgroup_size(WORKGROUP)
fn single(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let end = min(dispatch.end_draw, batch.rows);
    if id.z >= batch.row_words || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + id.x;
    let range = row_range(batch);
    let stream = row_stream(batch, sample);
    var sum = 0u;
    var draw = dispatch.first_draw;
    for (var block = draw / (4u * range.rows_per_word); draw < end; block += 1u) {
        let drawn = rows_of_block(range, stream, block);
        for (var word = 0u; word < 4u; word += 1u) {
            if draw < end {
                let at = batch.first_word + drawn.first[word] * batch.stride + id.z;
                sum += rows[at / 4u][at % 4u];
            }
            if range.rows_per_word == 2u && draw + 1u < end {
                let at = batch.first_word + drawn.second[word] * batch.stride + id.z;
                sum += rows[at / 4u][at % 4u];
            }
            draw += range.rows_per_word;
        }
    }
    store(batch, id.z, sample, sum);
}

// ---- rows of whole lines: an invocation sums one ----

@compute @workgroup_size(WORKGROUP)
fn line(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    sum_draws(batch, id.z * LINE, dispatch.sample_offset + id.x, batch.rows, 0u);
}
