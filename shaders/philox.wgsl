// Philox4x32-10: four random words from a counter and a key. Twin: src/random/philox.rs, which has the
// mathematics.

const PHILOX_M0: u32 = 0xd2511f53u;
const PHILOX_M1: u32 = 0xcd9e8d57u;
const PHILOX_W0: u32 = 0x9e3779b9u;
const PHILOX_W1: u32 = 0xbb67ae85u;
const PHILOX_ROUNDS: u32 = 10u;

// High half of the 64-bit product of two words, from four 16-bit products: WGSL has no wider integer.
fn multiply_high(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let low = a_low * b_low;
    let cross = a_high * b_low + (low >> 16u); // at most (2^16 - 1)^2 + 2^16 - 1 < 2^32
    let middle = a_low * b_high + (cross & 0xffffu); // likewise
    return a_high * b_high + (cross >> 16u) + (middle >> 16u);
}

// As multiply_high, for four words and one factor.
fn multiply_high4(a: vec4<u32>, b: u32) -> vec4<u32> {
    let a_low = a & vec4<u32>(0xffffu);
    let a_high = a >> vec4<u32>(16u);
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let low = a_low * b_low;
    let cross = a_high * b_low + (low >> vec4<u32>(16u));
    let middle = a_low * b_high + (cross & vec4<u32>(0xffffu));
    return a_high * b_high + (cross >> vec4<u32>(16u)) + (middle >> vec4<u32>(16u));
}

fn philox4x32_10(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
    var c = counter;
    var k = key;
    for (var round = 0u; round < PHILOX_ROUNDS; round += 1u) {
        c = vec4<u32>(
            multiply_high(PHILOX_M1, c.z) ^ c.y ^ k.x,
            PHILOX_M1 * c.z,
            multiply_high(PHILOX_M0, c.x) ^ c.w ^ k.y,
            PHILOX_M0 * c.x,
        );
        k += vec2<u32>(PHILOX_W0, PHILOX_W1);
    }
    return c;
}
