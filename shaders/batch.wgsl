// What the kernels that resample share: the parameters of a dispatch, the batches, and storing sums. Needs
// philox.wgsl and index.wgsl. Host side: src/resample/gpu.rs.

// What one dispatch does; `Dispatch` in src/resample/gpu.rs.
struct Dispatch {
    key_low: u32,       // seed, low word
    key_high: u32,      // seed, high word
    first_batch: u32,   // number of the first batch among `batches`
    first_sample: u32,  // number b of the tile's first resample
    sample_offset: u32, // of this dispatch's first resample within the tile
    samples: u32,       // resamples of this dispatch
    tile_samples: u32,  // resamples of the tile: from the sums of one word to the next
    first_draw: u32,    // draws [first_draw, end_draw) of each resample; first_draw is a multiple of 8
    end_draw: u32,
    purpose: u32,       // purpose of the random stream, shifted above the attempt
    length: u32,        // of a block; stationary: the largest word that begins one; else 0
    padding: u32,
}

// One batch: some columns of one day; `BatchEntry` in src/resample/gpu.rs.
struct Batch {
    day: u32,           // YYYYMMDD
    rows: u32,          // number of rows, n
    rows_per_word: u32, // of the row range
    threshold: u32,     // of the row range
    first_word: u32,    // of the batch's rows in `rows`
    stride: u32,        // words from one row to the next
    row_words: u32,     // words of a row in use
    first_sum: u32,     // of the batch's sums in `sums`
}

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
@group(0) @binding(1) var<storage, read> batches: array<Batch>;
// For each batch words of a row x resamples of the tile.
@group(0) @binding(3) var<storage, read_write> sums: array<u32>;

// Words of a line.
const LINE: u32 = 16u;

fn row_range(batch: Batch) -> RowRange {
    return RowRange(batch.rows, batch.rows_per_word, batch.threshold);
}

fn row_stream(batch: Batch, sample_in_tile: u32) -> Stream {
    let key = vec2<u32>(dispatch.key_low, dispatch.key_high);
    return Stream(key, dispatch.first_sample + sample_in_tile, batch.day, dispatch.purpose);
}

// Stores the sum of one word, on top of what earlier dispatches drew for the same resample.
fn store(batch: Batch, word: u32, sample_in_tile: u32, sum: u32) {
    if word >= batch.row_words {
        return;
    }
    let place = batch.first_sum + word * dispatch.tile_samples + sample_in_tile;
    if dispatch.first_draw == 0u {
        sums[place] = sum;
    } else {
        sums[place] += sum;
    }
}

// Stores four words.
fn store_quad(batch: Batch, word: u32, sample_in_tile: u32, sum: vec4<u32>) {
    store(batch, word, sample_in_tile, sum.x);
    store(batch, word + 1u, sample_in_tile, sum.y);
    store(batch, word + 2u, sample_in_tile, sum.z);
    store(batch, word + 3u, sample_in_tile, sum.w);
}
