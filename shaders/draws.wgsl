// Rows added as they are drawn, a line of sixteen words at a time: the sums of an invocation, which holds one
// resample of one batch for one line of its rows, from word `start` on. Twin: src/resample/draws.rs. Needs
// batch.wgsl, index.wgsl and philox.wgsl.

// Rows of all batches, or sums of consecutive ones, four words an element.
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;

var<private> sum0: vec4<u32>;
var<private> sum1: vec4<u32>;
var<private> sum2: vec4<u32>;
var<private> sum3: vec4<u32>;

// Where the lines of a batch lie in `rows`, in units of four words; strides are multiples of 4.
struct Lines {
    first: u32,  // of row 0
    stride: u32, // from one row to the next
    quads: u32,  // in use
}

fn lines_of(batch: Batch, start: u32) -> Lines {
    let quads = min((batch.row_words - start + 3u) / 4u, LINE / 4u);
    return Lines((batch.first_word + start) / 4u, batch.stride / 4u, quads);
}

// Adds `quads` vectors of a row, the first at `at`, `times` times.
fn add_row(times: u32, at: u32, quads: u32) {
    sum0 += times * rows[at];
    if quads > 1u {
        sum1 += times * rows[at + 1u];
    }
    if quads > 2u {
        sum2 += times * rows[at + 2u];
    }
    if quads > 3u {
        sum3 += times * rows[at + 3u];
    }
}

// Stores the sums of a line.
fn store_sums(batch: Batch, start: u32, sample_in_tile: u32) {
    store_quad(batch, start, sample_in_tile, sum0);
    store_quad(batch, start + 4u, sample_in_tile, sum1);
    store_quad(batch, start + 8u, sample_in_tile, sum2);
    store_quad(batch, start + 12u, sample_in_tile, sum3);
}

// Sums the dispatch's share of a resample's `draws` draws, and stores the sums. The row of the last draw is
// `cut` rows further on.
fn sum_draws(batch: Batch, start: u32, sample_in_tile: u32, draws: u32, cut: u32) {
    let end = min(dispatch.end_draw, draws);
    if start >= batch.row_words || dispatch.first_draw >= end {
        return;
    }
    let range = row_range(batch);
    let stream = row_stream(batch, sample_in_tile);
    let lines = lines_of(batch, start);
    var draw = dispatch.first_draw;
    for (var block = draw / (4u * range.rows_per_word); draw < end; block += 1u) {
        let drawn = rows_of_block(range, stream, block);
        for (var word = 0u; word < 4u; word += 1u) {
            if draw < end {
                let row = drawn.first[word] + select(0u, cut, draw + 1u == draws);
                add_row(1u, lines.first + row * lines.stride, lines.quads);
            }
            if range.rows_per_word == 2u && draw + 1u < end {
                let row = drawn.second[word] + select(0u, cut, draw + 2u == draws);
                add_row(1u, lines.first + row * lines.stride, lines.quads);
            }
            draw += range.rows_per_word;
        }
    }
    store_sums(batch, start, sample_in_tile);
}
