// The endogenous grid with shocks: resources at which capital k_j is left in state z, given tomorrow's
// consumption c in all states,
//   x(z, j) = k_j + g(z, j),   g(z, j) = [beta sum over z' of P(z, z') c(z', j)^(-sigma) y'(z',
// k_j)]^(-1/sigma). One invocation a point. Powers are taken of consumption in relation to that of the state
// in the middle, near
// 1. Twin: `Marginal` in src/growth/egm.rs. Host side: src/growth/gpu/shocks.rs.

// What one dispatch does; `EulerParameters` in src/growth/gpu/shocks.rs.
struct Euler {
    points: u32,    // number of grid points N
    states: u32,    // number of states Z
    first_row: u32, // points [first_row, end_row) of this dispatch
    end_row: u32,
}

@group(0) @binding(0) var<uniform> euler: Euler;
// Capital k_j, N; gross returns y'(z, k_j), Z N, state by state.
@group(0) @binding(1) var<storage, read> returns: array<f32>;
// beta P, Z times Z, row by row.
@group(0) @binding(2) var<storage, read> transition: array<f32>;
// Consumption c, Z N.
@group(0) @binding(3) var<storage, read> consumption: array<f32>;
// Marginal values of capital in relation to the middle state's marginal utility, Z N.
@group(0) @binding(4) var<storage, read_write> marginal: array<f32>;
// The endogenous grid x, Z N.
@group(0) @binding(5) var<storage, read_write> endogenous: array<f32>;

override WORKGROUP: u32 = 64u;
// Relative risk aversion.
override SIGMA: f32 = 2.0;

// x^(-sigma).
fn marginal_utility(x: f32) -> f32 {
    if SIGMA == 1.0 {
        return 1.0 / x;
    }
    if SIGMA == 2.0 {
        return 1.0 / (x * x);
    }
    return pow(x, -SIGMA);
}

// x^(-1/sigma).
fn inverse_marginal(x: f32) -> f32 {
    if SIGMA == 1.0 {
        return 1.0 / x;
    }
    if SIGMA == 2.0 {
        return 1.0 / sqrt(x);
    }
    return pow(x, -1.0 / SIGMA);
}

@compute @workgroup_size(WORKGROUP)
fn endogenous_grid(@builtin(global_invocation_id) id: vec3<u32>) {
    let point = euler.first_row + id.x;
    if point >= euler.end_row {
        return;
    }
    let points = euler.points;
    let states = euler.states;
    let middle = consumption[states / 2u * points + point];
    for (var state = 0u; state < states; state += 1u) {
        let node = state * points + point;
        marginal[node] = returns[points + node] * marginal_utility(consumption[node] / middle);
    }
    for (var state = 0u; state < states; state += 1u) {
        var sum = 0.0;
        for (var next = 0u; next < states; next += 1u) {
            sum += transition[state * states + next] * marginal[next * points + point];
        }
        endogenous[state * points + point] = returns[point] + middle * inverse_marginal(sum);
    }
}
