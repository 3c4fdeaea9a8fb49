// The expectation of the next period's values in each state of productivity,
//   E(z, k) = sum over z' of P(z, z') V(z', k),
// one invocation a point and state. Twin: `expectation` in src/growth/problem.rs. Host side:
// src/growth/gpu/shocks.rs.

// What one dispatch does; `ExpectationParameters` in src/growth/gpu/shocks.rs.
struct Expectation {
    points: u32,   // number of grid points N
    states: u32,   // number of states Z
    read: u32,     // place of the values V (Z N) that are read
    write: u32,    // place of the expected values (Z N) that are written
    first_row: u32, // points [first_row, end_row) of this dispatch
    end_row: u32,
}

@group(0) @binding(0) var<uniform> expectation: Expectation;
// P, Z times Z, row by row; then Z terms, one a state, that are added to its expectations.
@group(0) @binding(1) var<storage, read> transition: array<f32>;
// Values and expected values, state by state.
@group(0) @binding(2) var<storage, read_write> values: array<f32>;

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn expect(@builtin(global_invocation_id) id: vec3<u32>) {
    let point = expectation.first_row + id.x;
    if point >= expectation.end_row {
        return;
    }
    let states = expectation.states;
    var sum = transition[states * states + id.y];
    for (var next = 0u; next < states; next += 1u) {
        let value = values[expectation.read + next * expectation.points + point];
        sum += transition[id.y * states + next] * value;
    }
    values[expectation.write + id.y * expectation.points + point] = sum;
}
