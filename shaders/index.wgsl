// Exactly uniform row numbers, one or two from each random word. Twin: src/random/index.rs, which has the mathematics.
// Needs philox.wgsl.

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

// The rows of one word (the second is 0 where a word gives one) and 1, or 0 where the word is rejected.
fn split(range: RowRange, word: u32) -> vec3<u32> {
    let first = multiply_high(word, range.rows);
    var fraction = word * range.rows;
    var second = 0u;
    if range.rows_per_word == 2u {
        second = multiply_high(fraction, range.rows);
        fraction = fraction * range.rows;
    }
    return vec3<u32>(first, second, select(1u, 0u, fraction < range.threshold));
}

// The four words of a block at a redraw attempt.
fn stream_block(stream: Stream, block: u32, attempt: u32) -> vec4<u32> {
    let purpose = stream.purpose | (attempt & 0x00ffffffu);
    return philox4x32_10(vec4<u32>(block, stream.sample, stream.day, purpose), stream.key);
}

// The rows of `word`, lane `lane` of `block`: redrawn from attempt to attempt until one is accepted.
fn rows_of_word(range: RowRange, stream: Stream, block: u32, lane: u32, word: u32) -> vec2<u32> {
    var rows = split(range, word);
    // Each attempt is accepted with probability above one half.
    for (var attempt = 1u; rows.z == 0u; attempt += 1u) {
        rows = split(range, stream_block(stream, block, attempt)[lane]);
    }
    return rows.xy;
}
