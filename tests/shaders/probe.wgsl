// Looks into the shared shader code from outside: one invocation a question. Needs index.wgsl and
// philox.wgsl, appended.

@group(0) @binding(0) var<storage, read> questions: array<u32>;
@group(0) @binding(1) var<storage, read_write> answers: array<u32>;

// Six words a question: counter, key. Four words an answer.
@compute @workgroup_size(64)
fn philox(@builtin(global_invocation_id) id: vec3<u32>) {
    let q = id.x * 6u;
    if q >= arrayLength(&questions) {
        return;
    }
    let counter = vec4<u32>(questions[q], questions[q + 1u], questions[q + 2u], questions[q + 3u]);
    let words = philox4x32_10(counter, vec2<u32>(questions[q + 4u], questions[q + 5u]));
    for (var word = 0u; word < 4u; word += 1u) {
        answers[id.x * 4u + word] = words[word];
    }
}

// Six words a question: rows, rows a word, threshold, sample, word number, key. Two words an answer.
@compute @workgroup_size(64)
fn rows(@builtin(global_invocation_id) id: vec3<u32>) {
    let q = id.x * 6u;
    if q >= arrayLength(&questions) {
        return;
    }
    let range = RowRange(questions[q], questions[q + 1u], questions[q + 2u]);
    let stream = Stream(vec2<u32>(questions[q + 5u], 0u), questions[q + 3u], 20070103u, 0u);
    let block = questions[q + 4u] / 4u;
    let lane = questions[q + 4u] % 4u;
    let drawn = rows_of_block(range, stream, block);
    answers[id.x * 2u] = drawn.first[lane];
    answers[id.x * 2u + 1u] = drawn.second[lane];
}

// One word a question: how often to turn a loop. One word an answer: how often it turned.
@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&questions) {
        return;
    }
    var turns = 0u;
    // The body depends on its own past, so that no compiler replaces the loop by its result.
    var state = questions[id.x] ^ 0x9e3779b9u;
    for (var turn = 0u; turn < questions[id.x]; turn += 1u) {
        state = state * 1664525u + 1013904223u;
        turns += 1u + (state & 0u);
    }
    answers[id.x] = turns;
}
