// Sums of a day's columns over rows drawn with replacement, by tallies. One invocation holds one resample (x)
// of one batch (y). It first draws all of its rows and tallies them, c[i] being how often row i came; then it
// goes through the rows in order,
//
//     S = sum over draws of v[i] = sum over rows of c[i] v[i],
//
// where all invocations read the same row at the same time, one access for all. A draw costs one tally
// instead of a row of up to 64 bytes from somewhere, and products modulo 2^32 are exact, as no sum of n rows
// overflows. Tallies are in workgroup memory, three of 10 bits a word (word w has those of rows w, w + W and
// w + 2W, with W words); an invocation has every WORKGROUP-th word, so that invocations side by side use
// different banks, and none waits for another. For hardware; software adapters take tally_software.wgsl.
// Twin: `tally` in src/resample/tally.rs. Host side: src/resample/gpu.rs. Needs draws.wgsl, batch.wgsl,
// index.wgsl and philox.wgsl, appended.

override WORKGROUP: u32 = 32u;
// Words of tallies an invocation: a third of the rows of the longest day.
override TALLIES: u32 = 144u;

var<workgroup> tallies: array<u32, TALLIES * WORKGROUP>;

// Counts a row, or not where a draw is beyond the last.
fn count(row: u32, words: u32, is_drawn: bool, invocation: u32) {
    let field = select(0u, 1u, row >= words) + select(0u, 1u, row >= 2u * words);
    tallies[(row - field * words) * WORKGROUP + invocation] += select(0u, 1u << (10u * field), is_drawn);
}

@compute @workgroup_size(WORKGROUP)
fn tally(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
    let batch = batches[dispatch.first_batch + id.y];
    let range = row_range(batch);
    let words = (batch.rows + 2u) / 3u;
    for (var word = 0u; word < words; word += 1u) {
        tallies[word * WORKGROUP + invocation] = 0u;
    }
    let sample = dispatch.sample_offset + id.x;
    let stream = row_stream(batch, sample);
    // Days with tallies are short: each random word gives two rows.
    for (var draw = 0u; draw < batch.rows; draw += 8u) {
        let drawn = rows_of_block(range, stream, draw / 8u);
        for (var word = 0u; word < 4u; word += 1u) {
            count(drawn.first[word], words, draw + 2u * word < batch.rows, invocation);
            count(drawn.second[word], words, draw + 2u * word + 1u < batch.rows, invocation);
        }
    }
    for (var start = 0u; start < batch.row_words; start += LINE) {
        let lines = lines_of(batch, start);
        sum0 = vec4<u32>();
        sum1 = vec4<u32>();
        sum2 = vec4<u32>();
        sum3 = vec4<u32>();
        var at = lines.first;
        for (var word = 0u; word < words; word += 1u) {
            let fields = tallies[word * WORKGROUP + invocation];
            add_row(fields & 0x3ffu, at, lines.quads);
            // Beyond the last row tallies are zero, whatever is read there.
            add_row((fields >> 10u) & 0x3ffu, at + words * lines.stride, lines.quads);
            add_row(fields >> 20u, at + 2u * words * lines.stride, lines.quads);
            at += lines.stride;
        }
        // Resamples beyond the last only fill the workgroup.
        if id.x < dispatch.samples {
            store_sums(batch, start, sample);
        }
    }
}
