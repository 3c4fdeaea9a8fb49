// Sums of a day's columns over a random subset of the rows, for external weights of two values. One
// invocation holds one resample (x) of one batch (y) for one group of lanes (z). A block of the stream has
// the words of four rows; a row is in the subset where its word is below the threshold, and is added through
// a mask, so that all invocations read the same row at the same time. All arithmetic is on 32-bit unsigned
// integers. Twin: src/resample/wild.rs, which has the mathematics. Host side: src/resample/gpu.rs. Needs
// batch.wgsl, index.wgsl and philox.wgsl, appended.

// Rows of all batches, four words an element.
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;

override WORKGROUP: u32 = 64u;

// round(p 2^32), p = 1/2 - 3/sqrt(186); `THRESHOLD` in src/resample/wild.rs.
const THRESHOLD: u32 = 1202716803u;

var<private> sum0: vec4<u32>;
var<private> sum1: vec4<u32>;
var<private> sum2: vec4<u32>;
var<private> sum3: vec4<u32>;

// Adds `quads` vectors of a row, the first at `at`, where the mask is all ones, and nothing where it is zero.
fn add_row(mask: u32, at: u32, quads: u32) {
    let all = vec4<u32>(mask);
    sum0 += all & rows[at];
    if quads > 1u {
        sum1 += all & rows[at + 1u];
    }
    if quads > 2u {
        sum2 += all & rows[at + 2u];
    }
    if quads > 3u {
        sum3 += all & rows[at + 3u];
    }
}

@compute @workgroup_size(WORKGROUP)
fn wild(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let end = min(dispatch.end_draw, batch.rows);
    let first_lane = id.z * LINE;
    if first_lane >= batch.lanes || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + id.x;
    let stream = row_stream(batch, sample);
    // In units of four words; a stride is a multiple of 4.
    let stride = batch.stride / 4u;
    let quads = min((batch.lanes - first_lane + 3u) / 4u, LINE / 4u);
    var at = (batch.first_word + first_lane) / 4u + dispatch.first_draw * stride;
    for (var row = dispatch.first_draw; row < end; row += 4u) {
        let counter = vec4<u32>(row / 4u, stream.sample, stream.day, stream.purpose);
        let words = philox4x32_10(counter, stream.key);
        let left = vec4<u32>(end - row);
        let is_drawn = (words < vec4<u32>(THRESHOLD)) & (vec4<u32>(0u, 1u, 2u, 3u) < left);
        let masks = select(vec4<u32>(0u), vec4<u32>(0xffffffffu), is_drawn);
        // Beyond the last row masks are zero, whatever is read there.
        add_row(masks.x, at, quads);
        add_row(masks.y, at + stride, quads);
        add_row(masks.z, at + 2u * stride, quads);
        add_row(masks.w, at + 3u * stride, quads);
        at += 4u * stride;
    }
    store_quad(batch, first_lane, sample, sum0);
    store_quad(batch, first_lane + 4u, sample, sum1);
    store_quad(batch, first_lane + 8u, sample, sum2);
    store_quad(batch, first_lane + 12u, sample, sum3);
}
