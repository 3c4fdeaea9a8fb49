// Sums of a day's columns over circular blocks of geometric lengths. One invocation holds one resample (x) of
// one batch (y) for one line of its rows (z) and goes through the places of the resample: where a place
// begins a block its row is drawn, else it is the row after the last. A day that is cut over several
// dispatches leaves the next row and the number of blocks begun behind the sums, two words for each line. All
// arithmetic is on 32-bit unsigned integers. Twin: `StationaryChunk` in src/resample/stationary.rs. Host
// side: src/resample/gpu.rs. Needs draws.wgsl, batch.wgsl, index.wgsl and philox.wgsl, appended.

override WORKGROUP: u32 = 64u;

// The purpose of the words that say where blocks begin; `StationaryLengths` in src/random/mod.rs.
const LENGTHS: u32 = 7u << 24u;

// Draw `number` of the blocks' first rows.
fn first_row(range: RowRange, stream: Stream, number: u32) -> u32 {
    let word = number / range.rows_per_word;
    let drawn = rows_of_block(range, stream, word / 4u);
    if number % range.rows_per_word == 1u {
        return drawn.second[word % 4u];
    }
    return drawn.first[word % 4u];
}

@compute @workgroup_size(WORKGROUP)
fn stationary(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let end = min(dispatch.end_draw, batch.rows);
    let start = id.z * LINE;
    if start >= batch.row_words || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + id.x;
    let range = row_range(batch);
    let stream = row_stream(batch, sample);
    let lines = lines_of(batch, start);
    // The row that comes next unless a block begins, and the number of blocks begun.
    var row = 0u;
    var begun = 0u;
    let state = batch.first_sum + (batch.row_words + 2u * id.z) * dispatch.tile_samples + sample;
    if dispatch.first_draw > 0u {
        row = sums[state];
        begun = sums[state + dispatch.tile_samples];
    }
    for (var place = dispatch.first_draw; place < end; place += 4u) {
        let counter = vec4<u32>(place / 4u, stream.sample, stream.day, LENGTHS);
        let words = philox4x32_10(counter, stream.key);
        for (var word = 0u; word < min(4u, end - place); word += 1u) {
            // `length` is the largest word that begins a block.
            if place + word == 0u || words[word] <= dispatch.length {
                row = first_row(range, stream, begun);
                begun += 1u;
            }
            add_row(1u, lines.first + row * lines.stride, lines.quads);
            row = select(row + 1u, 0u, row + 1u == batch.rows);
        }
    }
    sums[state] = row;
    sums[state + dispatch.tile_samples] = begun;
    store_sums(batch, start, sample);
}
