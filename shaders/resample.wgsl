// Sums of a day's columns over rows drawn with replacement. One invocation holds one resample (x) of one batch (y) for one
// group of lanes (z), draws its rows in a loop and adds them in registers. All arithmetic is on 32-bit unsigned integers.
// Twin: src/resample/cpu.rs. Host side: src/resample/gpu.rs. Needs philox.wgsl and index.wgsl, appended.

// What one dispatch does; `Dispatch` in src/resample/gpu.rs.
struct Dispatch {
    key_low: u32,       // seed, low word
    key_high: u32,      // seed, high word
    first_batch: u32,   // number of the first batch among `batches`
    first_sample: u32,  // number b of the tile's first resample
    sample_offset: u32, // of this dispatch's first resample within the tile
    samples: u32,       // resamples of this dispatch
    tile_samples: u32,  // resamples of the tile: from one lane of the output to the next
    first_draw: u32,    // draws [first_draw, end_draw) of each resample; first_draw is a multiple of 8
    end_draw: u32,
    purpose: u32,       // purpose of the random stream, shifted above the attempt
    padding0: u32,
    padding1: u32,
}

// One batch: some columns of one day; `BatchEntry` in src/resample/gpu.rs.
struct Batch {
    day: u32,           // YYYYMMDD
    rows: u32,          // number of rows, n
    rows_per_word: u32, // of the row range
    threshold: u32,     // of the row range
    first_word: u32,    // of the batch's rows in `rows`
    stride: u32,        // words from one row to the next
    lanes: u32,         // limbs in use
    first_sum: u32,     // of the batch's sums in `sums`
}

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
@group(0) @binding(1) var<storage, read> batches: array<Batch>;
// Rows of all batches, four words an element.
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;
// For each batch lanes x resamples of the tile.
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;

override WORKGROUP: u32 = 64u;

// Lanes of a group in the kernel `line`.
const LINE: u32 = 16u;

fn row_range(batch: Batch) -> RowRange {
    return RowRange(batch.rows, batch.rows_per_word, batch.threshold);
}

fn row_stream(batch: Batch, sample_in_tile: u32) -> Stream {
    let key = vec2<u32>(dispatch.key_low, dispatch.key_high);
    return Stream(key, dispatch.first_sample + sample_in_tile, batch.day, dispatch.purpose);
}

// Stores the sum of one lane, on top of what earlier dispatches drew for the same resample.
fn store(batch: Batch, lane: u32, sample_in_tile: u32, sum: u32) {
    if lane >= batch.lanes {
        return;
    }
    let place = batch.first_sum + lane * dispatch.tile_samples + sample_in_tile;
    if dispatch.first_draw == 0u {
        sums[place] = sum;
    } else {
        sums[place] += sum;
    }
}

// ---- rows of one word: an invocation sums one lane ----

@compute @workgroup_size(WORKGROUP)
fn lane(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= dispatch.samples {
        return;
    }
    let batch = batches[dispatch.first_batch + id.y];
    let end = min(dispatch.end_draw, batch.rows);
    if id.z >= batch.lanes || dispatch.first_draw >= end {
        return;
    }
    let sample = dispatch.sample_offset + id.x;
    let range = row_range(batch);
    let stream = row_stream(batch, sample);
    var sum = 0u;
    var draw = dispatch.first_draw;
    for (var block = draw / (4u * range.rows_per_word); draw < end; block += 1u) {
        let words = stream_block(stream, block, 0u);
        for (var word = 0u; word < 4u; word += 1u) {
            let pair = rows_of_word(range, stream, block, word, words[word]);
            if draw < end {
                let at = batch.first_word + pair.x * batch.stride + id.z;
                sum += rows[at / 4u][at % 4u];
            }
            if range.rows_per_word == 2u && draw + 1u < end {
                let at = batch.first_word + pair.y * batch.stride + id.z;
                sum += rows[at / 4u][at % 4u];
            }
            draw += range.rows_per_word;
        }
    }
    store(batch, id.z, sample, sum);
}

// ---- rows of sixteen words and more: an invocation sums up to sixteen lanes ----

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

fn store_quad(batch: Batch, lane: u32, sample_in_tile: u32, sum: vec4<u32>) {
    store(batch, lane, sample_in_tile, sum.x);
    store(batch, lane + 1u, sample_in_tile, sum.y);
    store(batch, lane + 2u, sample_in_tile, sum.z);
    store(batch, lane + 3u, sample_in_tile, sum.w);
}

@compute @workgroup_size(WORKGROUP)
fn line(@builtin(global_invocation_id) id: vec3<u32>) {
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
    let range = row_range(batch);
    let stream = row_stream(batch, sample);
    // In units of four words; a stride is a multiple of 16.
    let first = (batch.first_word + first_lane) / 4u;
    let stride = batch.stride / 4u;
    let quads = min((batch.lanes - first_lane + 3u) / 4u, LINE / 4u);
    var draw = dispatch.first_draw;
    for (var block = draw / (4u * range.rows_per_word); draw < end; block += 1u) {
        let words = stream_block(stream, block, 0u);
        for (var word = 0u; word < 4u; word += 1u) {
            let pair = rows_of_word(range, stream, block, word, words[word]);
            if draw < end {
                add_row(first + pair.x * stride, quads);
            }
            if range.rows_per_word == 2u && draw + 1u < end {
                add_row(first + pair.y * stride, quads);
            }
            draw += range.rows_per_word;
        }
    }
    store_quad(batch, first_lane, sample, sum0);
    store_quad(batch, first_lane + 4u, sample, sum1);
    store_quad(batch, first_lane + 8u, sample, sum2);
    store_quad(batch, first_lane + 12u, sample, sum3);
}
