// Exactly uniform row numbers, one or two from each random word. Twin: src/random/index.rs, which has the
// mathematics. Needs philox.wgsl.

// The rows 0..rows to draw from.
struct RowRange {
    rows: u32,          // number of rows, n
    rows_per_word: u32, // 2 up to n = 2048, else 1
    threshold: u32,     // words with a last fraction below this are rejected
}

// Where in the stream: the counter but for its block and attempt.
struct Stream {
    key: vec2<u32>, // the seed, low word first
    sample: u32,    // sample number b
    day: u32,       // YYYYMMDD
    purpose: u32,   // purpose << 24, above the attempt
}

// The rows of a block's four words: the first of each, and the second where a word gives two.
struct BlockRows {
    first: vec4<u32>,
    second: vec4<u32>,
}

// Draws the rows of a block. A rejected word is redrawn from attempt to attempt until it is accepted. All
// words share one loop, which turns once but for rare blocks: software adapters go through the body of a loop
// even where no invocation does.
fn rows_of_block(range: RowRange, stream: Stream, block: u32) -> BlockRows {
    var rows = BlockRows();
    var missing = vec4<bool>(true);
    var attempt = 0u;
    loop {
        let purpose = stream.purpose | (attempt & 0x00ffffffu);
        let words = philox4x32_10(vec4<u32>(block, stream.sample, stream.day, purpose), stream.key);
        let first = multiply_high4(words, range.rows);
        var fraction = words * range.rows;
        var second = vec4<u32>();
        if range.rows_per_word == 2u {
            second = multiply_high4(fraction, range.rows);
            fraction *= range.rows;
        }
        rows.first = select(rows.first, first, missing);
        rows.second = select(rows.second, second, missing);
        missing &= fraction < vec4<u32>(range.threshold);
        if !any(missing) {
            break;
        }
        attempt += 1u;
    }
    return rows;
}
