// Sums of a day's columns by tallies, as tally.wgsl does it, for drivers that compute on the CPU. These read
// memory invocation by invocation even where all read the same, so that a row is dear: an invocation holds
// four resamples (x), one a component, and multiplies each word of a row by four tallies. The rows of one day
// are in a uniform buffer, which such drivers read with the fewest instructions. Twin: `tally` in
// src/resample/tally.rs, for one resample at a time. Host side: src/resample/gpu.rs. Needs batch.wgsl,
// index.wgsl and philox.wgsl, appended.

override WORKGROUP: u32 = 8u;

// Resamples of an invocation.
const SAMPLES: u32 = 4u;
// Words of tallies of a resample, three tallies each: for days of up to 768 rows. 32 KiB in all.
const TALLIES: u32 = 256u;

// Word by word, each for all resamples, each of these for all invocations.
var<workgroup> tallies: array<u32, TALLIES * SAMPLES * WORKGROUP>;

// Rows of one batch, from the first bound on, four words an element: 64 KiB.
@group(0) @binding(2) var<uniform> rows: array<vec4<u32>, 4096>;

// Counts a row, or not where a draw is beyond the last.
fn count(row: u32, words: u32, is_drawn: bool, place: u32) {
    let field = select(0u, 1u, row >= words) + select(0u, 1u, row >= 2u * words);
    tallies[(row - field * words) * SAMPLES * WORKGROUP + place] += select(0u, 1u << (10u * field), is_drawn);
}

// Sums of one quad of words: a vector of four resamples for each word.
struct Quad {
    x: vec4<u32>,
    y: vec4<u32>,
    z: vec4<u32>,
    w: vec4<u32>,
}

fn add_quad(sums: Quad, times: vec4<u32>, quad: vec4<u32>) -> Quad {
    return Quad(
        sums.x + times * quad.x,
        sums.y + times * quad.y,
        sums.z + times * quad.z,
        sums.w + times * quad.w,
    );
}

fn store_samples(batch: Batch, start: u32, sample: u32, end: u32, sums: Quad) {
    for (var number = 0u; number < SAMPLES; number += 1u) {
        // Resamples beyond the last only fill the vectors.
        if sample + number < end {
            let quad = vec4<u32>(sums.x[number], sums.y[number], sums.z[number], sums.w[number]);
            store_quad(batch, start, sample + number, quad);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn tally(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    let batch = batches[dispatch.first_batch + id.y];
    let range = row_range(batch);
    let words = (batch.rows + 2u) / 3u;
    for (var word = 0u; word < SAMPLES * words; word += 1u) {
        tallies[word * WORKGROUP + invocation] = 0u;
    }
    let sample = dispatch.sample_offset + SAMPLES * id.x;
    for (var number = 0u; number < SAMPLES; number += 1u) {
        let stream = row_stream(batch, sample + number);
        let place = number * WORKGROUP + invocation;
        // Days with tallies are short: each random word gives two rows.
        for (var draw = 0u; draw < batch.rows; draw += 8u) {
            let drawn = rows_of_block(range, stream, draw / 8u);
            // A bound that is not a constant keeps compilers from writing the loop out.
            for (var word = 0u; word < min(4u, batch.rows); word += 1u) {
                count(drawn.first[word], words, draw + 2u * word < batch.rows, place);
                count(drawn.second[word], words, draw + 2u * word + 1u < batch.rows, place);
            }
        }
    }
    let end = dispatch.sample_offset + dispatch.samples;
    let stride = batch.stride / 4u;
    for (var start = 0u; start < batch.row_words; start += 8u) {
        var sums0 = Quad();
        var sums1 = Quad();
        // Rows are whole lines, or one quad, which is then read twice for nothing.
        let next = min(1u, stride - 1u);
        var at = start / 4u;
        for (var word = 0u; word < SAMPLES * words; word += SAMPLES) {
            let place = word * WORKGROUP + invocation;
            let fields = vec4<u32>(
                tallies[place],
                tallies[place + WORKGROUP],
                tallies[place + 2u * WORKGROUP],
                tallies[place + 3u * WORKGROUP],
            );
            // Beyond the last row tallies are zero, whatever is read there.
            let first = fields & vec4<u32>(0x3ffu);
            let second = (fields >> vec4<u32>(10u)) & vec4<u32>(0x3ffu);
            let third = fields >> vec4<u32>(20u);
            let at_second = at + words * stride;
            let at_third = at_second + words * stride;
            sums0 = add_quad(sums0, first, rows[at]);
            sums0 = add_quad(sums0, second, rows[at_second]);
            sums0 = add_quad(sums0, third, rows[at_third]);
            sums1 = add_quad(sums1, first, rows[at + next]);
            sums1 = add_quad(sums1, second, rows[at_second + next]);
            sums1 = add_quad(sums1, third, rows[at_third + next]);
            at += stride;
        }
        store_samples(batch, start, sample, end, sums0);
        if stride > 1u {
            store_samples(batch, start + 4u, sample, end, sums1);
        }
    }
}
