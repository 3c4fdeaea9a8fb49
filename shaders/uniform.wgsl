// The sum of an n x n matrix of random words. Invocations draw blocks of four words in a loop and add their
// low and their high halves; a workgroup adds its invocations' sums. All arithmetic is on 32-bit unsigned
// integers, and none overflows. Twin: src/compare/uniform/cpu.rs. Host side: src/compare/uniform/gpu.rs.
// Needs philox.wgsl, appended.

// What one dispatch does; `Dispatch` in src/compare/uniform/gpu.rs.
struct Dispatch {
    key_low: u32,        // seed, low word
    key_high: u32,       // seed, high word
    size: u32,           // rows and columns of the matrix, n
    blocks_per_row: u32, // ceil(n / 4)
    blocks: u32,         // of all rows, at most 2^30
    first_group: u32,    // number of the dispatch's first workgroup
    purpose: u32,        // purpose of the random stream, shifted above the attempt
    padding: u32,
}

// What one workgroup adds up; `Partial` in src/compare/uniform/gpu.rs.
struct Partial {
    low: u32,  // sum of the words' low halves
    high: u32, // sum of the words' high halves
}

@group(0) @binding(0) var<uniform> dispatch: Dispatch;
@group(0) @binding(1) var<storage, read_write> partials: array<Partial>;

const WORKGROUP: u32 = 64u;

// Blocks of an invocation: 2,816 turns of loops with those of the generator. A workgroup adds 64 * 256 * 4 =
// 2^16 words, so that no sum of halves exceeds 2^16 * (2^16 - 1) < 2^32.
const BLOCKS: u32 = 256u;

var<workgroup> lows: array<u32, WORKGROUP>;
var<workgroup> highs: array<u32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn sum_words(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let key = vec2<u32>(dispatch.key_low, dispatch.key_high);
    let number = dispatch.first_group + group.x;
    var low = 0u;
    var high = 0u;
    var block = number * WORKGROUP * BLOCKS + local;
    for (var turn = 0u; turn < BLOCKS && block < dispatch.blocks; turn += 1u) {
        let row = block / dispatch.blocks_per_row;
        let in_row = block - row * dispatch.blocks_per_row;
        let words = philox4x32_10(vec4<u32>(in_row, row, 0u, dispatch.purpose), key);
        // The last block of a row may hold words beyond its end.
        let left = vec4<u32>(dispatch.size - 4u * in_row);
        let kept = select(vec4<u32>(0u), words, vec4<u32>(0u, 1u, 2u, 3u) < left);
        let low_halves = kept & vec4<u32>(0xffffu);
        let high_halves = kept >> vec4<u32>(16u);
        low += low_halves.x + low_halves.y + low_halves.z + low_halves.w;
        high += high_halves.x + high_halves.y + high_halves.z + high_halves.w;
        block += WORKGROUP;
    }
    lows[local] = low;
    highs[local] = high;
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            lows[local] += lows[local + half];
            highs[local] += highs[local + half];
        }
    }
    if local == 0u {
        partials[number] = Partial(lows[0], highs[0]);
    }
}
