// Sums of a day's columns over circular blocks of consecutive rows. The host puts the sums of all blocks into
// a table: rows 0 to n - 1 are those of whole blocks, by their first row, rows n to 2n - 1 those of the last
// block, which may be cut. So one invocation holds one resample (x) of one batch (y) for one group of lanes
// (z), draws the blocks' first rows and adds a row of the table for each. All arithmetic is on 32-bit
// unsigned integers. Twin: `lines` in src/resample/cpu.rs, with the table of src/resample/table.rs. Host
// side: src/resample/gpu.rs. Needs batch.wgsl, index.wgsl and philox.wgsl, appended.

// Tables of all batches, four words an element.
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;

override WORKGROUP: u32 = 64u;

var<private> sum0: vec4<u32>;
var<private> sum1: vec4<u32>;
var<private> sum2: vec4<u32>;
var<private> sum3: vec4<u32>;

// Adds `quads` vectors of a row, the first at `at`.
fn add_row(at: u32, quads: u32) {
    sum0 += rows[at];
    if quads > 1u {
        sum1 += rows[at + 1u];
    }
    if quads > 2u {
        sum2 += rows[at + 2u];
    }
    if quads > 3u {
        sum3 += rows[at + 3u];
    }
}

@compute @workgroup_size(WORKGROUP)
fn block(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let blocks = (batch.rows + dispatch.length - 1u) / dispatch.length;
    let end = min(dispatch.end_draw, blocks);
    let first_lane = id.z * LINE;
    if first_lane >= batch.lanes || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + id.x;
    let range = row_range(batch);
    let stream = row_stream(batch, sample);
    // In units of four words; a stride is a multiple of 4.
    let first = (batch.first_word + first_lane) / 4u;
    let stride = batch.stride / 4u;
    let quads = min((batch.lanes - first_lane + 3u) / 4u, LINE / 4u);
    var draw = dispatch.first_draw;
    for (var number = draw / (4u * range.rows_per_word); draw < end; number += 1u) {
        let drawn = rows_of_block(range, stream, number);
        for (var word = 0u; word < 4u; word += 1u) {
            if draw < end {
                let cut = select(0u, batch.rows, draw + 1u == blocks);
                add_row(first + (drawn.first[word] + cut) * stride, quads);
            }
            if range.rows_per_word == 2u && draw + 1u < end {
                let cut = select(0u, batch.rows, draw + 2u == blocks);
                add_row(first + (drawn.second[word] + cut) * stride, quads);
            }
            draw += range.rows_per_word;
        }
    }
    store_quad(batch, first_lane, sample, sum0);
    store_quad(batch, first_lane + 4u, sample, sum1);
    store_quad(batch, first_lane + 8u, sample, sum2);
    store_quad(batch, first_lane + 12u, sample, sum3);
}
