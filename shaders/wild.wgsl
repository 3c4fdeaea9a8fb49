// Sums of a day's columns over random subsets of the rows, for external weights of two values. One invocation
// holds four resamples (x), one a component, of one batch (y) for one line of its rows (z). A block of the
// stream has the words of four rows; a row is in the subset where its word is below the threshold, and is
// added through a mask, so that all invocations read the same row at the same time, once for four resamples:
// software adapters read memory invocation by invocation even so. All arithmetic is on 32-bit unsigned
// integers. Twin: `WildChunk` in src/resample/wild.rs, which has the mathematics. Host side:
// src/resample/gpu.rs. Needs batch.wgsl, index.wgsl and philox.wgsl, appended.

// Rows of all batches, four words an element.
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;

override WORKGROUP: u32 = 64u;

// Resamples of an invocation; `WILD_SAMPLES` in src/resample/plan/dispatches.rs.
const SAMPLES: u32 = 4u;

// round(p 2^32), p = 1/2 - 3/sqrt(186); `THRESHOLD` in src/resample/wild.rs.
const THRESHOLD: u32 = 1202716803u;

// Sums of one quad of words: a vector of four resamples for each word.
struct Quad {
    x: vec4<u32>,
    y: vec4<u32>,
    z: vec4<u32>,
    w: vec4<u32>,
}

var<private> sums0: Quad;
var<private> sums1: Quad;
var<private> sums2: Quad;
var<private> sums3: Quad;

// Adds four words of a row where masks are all ones, and nothing where they are zero.
fn add_quad(sums: Quad, masks: vec4<u32>, quad: vec4<u32>) -> Quad {
    return Quad(
        sums.x + (masks & vec4<u32>(quad.x)),
        sums.y + (masks & vec4<u32>(quad.y)),
        sums.z + (masks & vec4<u32>(quad.z)),
        sums.w + (masks & vec4<u32>(quad.w)),
    );
}

// Adds `quads` vectors of a row, the first at `at`.
fn add_row(masks: vec4<u32>, at: u32, quads: u32) {
    sums0 = add_quad(sums0, masks, rows[at]);
    if quads > 1u {
        sums1 = add_quad(sums1, masks, rows[at + 1u]);
    }
    if quads > 2u {
        sums2 = add_quad(sums2, masks, rows[at + 2u]);
    }
    if quads > 3u {
        sums3 = add_quad(sums3, masks, rows[at + 3u]);
    }
}

// All ones for those of the rows from `row` on that a resample has in its subset, and zeros for the others
// and beyond the end.
fn row_masks(stream: Stream, row: u32, end: u32) -> vec4<u32> {
    let counter = vec4<u32>(row / 4u, stream.sample, stream.day, stream.purpose);
    let words = philox4x32_10(counter, stream.key);
    let is_drawn = (words < vec4<u32>(THRESHOLD)) & (vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end - row));
    return select(vec4<u32>(0u), vec4<u32>(0xffffffffu), is_drawn);
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
fn wild(@builtin(global_invocation_id) id: vec3<u32>) {
    if SAMPLES * id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let end = min(dispatch.end_draw, batch.rows);
    let start = id.z * LINE;
    if start >= batch.row_words || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + SAMPLES * id.x;
    let stream0 = row_stream(batch, sample);
    let stream1 = row_stream(batch, sample + 1u);
    let stream2 = row_stream(batch, sample + 2u);
    let stream3 = row_stream(batch, sample + 3u);
    // In units of four words; a stride is a multiple of 4.
    let stride = batch.stride / 4u;
    let quads = min((batch.row_words - start + 3u) / 4u, LINE / 4u);
    var at = (batch.first_word + start) / 4u + dispatch.first_draw * stride;
    for (var row = dispatch.first_draw; row < end; row += 4u) {
        let masks0 = row_masks(stream0, row, end);
        let masks1 = row_masks(stream1, row, end);
        let masks2 = row_masks(stream2, row, end);
        let masks3 = row_masks(stream3, row, end);
        // Beyond the last row masks are zero, whatever is read there.
        add_row(vec4<u32>(masks0.x, masks1.x, masks2.x, masks3.x), at, quads);
        add_row(vec4<u32>(masks0.y, masks1.y, masks2.y, masks3.y), at + stride, quads);
        add_row(vec4<u32>(masks0.z, masks1.z, masks2.z, masks3.z), at + 2u * stride, quads);
        add_row(vec4<u32>(masks0.w, masks1.w, masks2.w, masks3.w), at + 3u * stride, quads);
        at += 4u * stride;
    }
    let sample_end = dispatch.sample_offset + dispatch.samples;
    store_samples(batch, start, sample, sample_end, sums0);
    store_samples(batch, start + 4u, sample, sample_end, sums1);
    store_samples(batch, start + 8u, sample, sample_end, sums2);
    store_samples(batch, start + 12u, sample, sample_end, sums3);
}
