// The choice on the grid by brute force: each row compares all candidates,
//   (T V)_i = max over j with k_j < f_i of U(f_i - k_j) + beta V_j,
// in each state of productivity, where V_j is the expected value (shaders/expectation.wgsl);
// the smallest j where several are best. Candidates pass through workgroup memory, a tile at a time; an
// invocation holds four rows, which share each candidate that it reads. Values are relative to a reference,
// so that f32 spends its digits on differences. Twin: `brute` in src/growth/discrete.rs. Host side:
// src/growth/gpu/brute.rs.

// What one dispatch does; `SliceParameters` in src/growth/gpu/brute.rs.
struct Slice {
    points: u32,          // number of grid points N
    first_row: u32,       // rows [first_row, end_row) of this dispatch
    end_row: u32,
    first_candidate: u32, // candidates [first_candidate, end_candidate) of this dispatch
    end_candidate: u32,
    read: u32,            // place of the values V that are read, 0 or Z N for Z states
    write: u32,           // place of the values T V that are written, Z N or 0
    slot: u32,            // word of `changes` that takes the largest change
    beta: f32,            // discount factor
    shift: f32,           // (1 - beta) times the reference
    iterations: u32,      // most iterations of this dispatch; one_workgroup only
    tolerance: f32,       // of the change; one_workgroup only
    continuation: u32,    // place of the values to come, E V: 2 Z N with shocks, else `read`
}

@group(0) @binding(0) var<uniform> slice: Slice;
// Capital k_i, N; resources f_i, Z N, state by state.
@group(0) @binding(1) var<storage, read> grid: array<f32>;
// Values less the reference, twice Z N: V is read while T V is written. Between two dispatches the best so
// far. With shocks, behind them, expected values.
@group(0) @binding(2) var<storage, read_write> values: array<f32>;
// The best candidate so far, Z N.
@group(0) @binding(3) var<storage, read_write> choices: array<u32>;
// Bits of the largest |T V - V| of each iteration; in one_workgroup those of the last, then the number of
// iterations done. Bits of floats that are not negative have the order of the floats.
@group(0) @binding(4) var<storage, read_write> changes: array<atomic<u32>>;

override WORKGROUP: u32 = 64u;
// Candidates of a tile.
override TILE: u32 = 256u;
// Relative risk aversion.
override SIGMA: f32 = 2.0;

// Below all values.
const LOWEST: f32 = -1e30;
// A change above all others.
const UNKNOWN: f32 = 1e30;

// Capital and discounted value of a tile's candidates.
var<workgroup> candidates: array<vec2<f32>, TILE>;
// The largest change that each invocation has seen.
var<workgroup> seen: array<f32, WORKGROUP>;

// U(c) for c > 0.
fn utility(consumption: vec4<f32>) -> vec4<f32> {
    if SIGMA == 2.0 {
        return 1.0 - 1.0 / consumption;
    }
    let logarithm = log(consumption);
    if SIGMA == 1.0 {
        return logarithm;
    }
    let x = (1.0 - SIGMA) * logarithm;
    // (exp(x) - 1) / x by its series where the difference would lose digits.
    let series = 1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0))));
    return select((exp(x) - 1.0) / (1.0 - SIGMA), logarithm * series, abs(x) < vec4<f32>(0.1));
}

// The largest of all invocations' changes, in seen[0].
fn reduce(local: u32, change: f32) {
    seen[local] = change;
    workgroupBarrier();
    for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        if local < half {
            seen[local] = max(seen[local], seen[local + half]);
        }
        workgroupBarrier();
    }
}

// Four rows' best candidates so far.
struct Best {
    value: vec4<f32>,  // of the best
    choice: vec4<u32>, // its number
}

// The better of what is best so far and candidate `i` of the tile, whose number is `j`, for four rows with
// resources `f`.
fn compare(so_far: Best, f: vec4<f32>, i: u32, j: u32) -> Best {
    let candidate = candidates[i];
    let consumption = f - candidate.x;
    // Where nothing is left the figure is of no account, but it should be one.
    let total = utility(max(consumption, vec4<f32>(1e-30))) + candidate.y;
    let better = (total > so_far.value) & (consumption > vec4<f32>(0.0));
    return Best(select(so_far.value, total, better), select(so_far.choice, vec4<u32>(j), better));
}

// Stores the best of a row so far, or of all candidates, with the row's change. The state's rows start at
// `state`.
fn store(state: u32, row: u32, best: f32, choice: u32) -> f32 {
    if row >= slice.end_row {
        return 0.0;
    }
    choices[state + row] = choice;
    if slice.end_candidate < slice.points {
        values[slice.write + state + row] = best;
        return 0.0;
    }
    let value = best - slice.shift;
    values[slice.write + state + row] = value;
    return abs(value - values[slice.read + state + row]);
}

// ---- any grid: a slice of an iteration a dispatch ----

@compute @workgroup_size(WORKGROUP)
fn one_iteration(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    // Where the rows of this state of productivity start.
    let state = id.y * slice.points;
    // Rows beyond the end repeat the last one, and are not stored.
    let first = slice.first_row + 4u * id.x;
    let rows = first + vec4<u32>(0u, 1u, 2u, 3u);
    let held = min(rows, vec4<u32>(slice.end_row - 1u));
    let own = slice.points + state + held;
    let f = vec4<f32>(grid[own.x], grid[own.y], grid[own.z], grid[own.w]);
    var best = Best(vec4<f32>(LOWEST), vec4<u32>(0u));
    if slice.first_candidate > 0u {
        let at = slice.write + state + held;
        best.value = vec4<f32>(values[at.x], values[at.y], values[at.z], values[at.w]);
        let chosen = state + held;
        best.choice = vec4<u32>(choices[chosen.x], choices[chosen.y], choices[chosen.z], choices[chosen.w]);
    }
    for (var tile = slice.first_candidate; tile < slice.end_candidate; tile += TILE) {
        let count = min(TILE, slice.end_candidate - tile);
        for (var i = local; i < count; i += WORKGROUP) {
            let j = tile + i;
            candidates[i] = vec2<f32>(grid[j], slice.beta * values[slice.continuation + state + j]);
        }
        workgroupBarrier();
        for (var i = 0u; i < count; i += 1u) {
            best = compare(best, f, i, tile + i);
        }
        workgroupBarrier();
    }
    var change = store(state, rows.x, best.value.x, best.choice.x);
    change = max(change, store(state, rows.y, best.value.y, best.choice.y));
    change = max(change, store(state, rows.z, best.value.z, best.choice.z));
    change = max(change, store(state, rows.w, best.value.w, best.choice.w));
    reduce(local, change);
    if local == 0u {
        atomicMax(&changes[slice.slot], bitcast<u32>(seen[0]));
    }
}

// ---- small grids, one tile: all iterations in one dispatch, one workgroup ----

@compute @workgroup_size(WORKGROUP)
fn one_workgroup(@builtin(local_invocation_index) local: u32) {
    let points = min(slice.points, TILE);
    // Rows beyond the end repeat the last one, and are not stored.
    let rows = 4u * local + vec4<u32>(0u, 1u, 2u, 3u);
    let held = min(rows, vec4<u32>(points - 1u));
    let own = points + held;
    let f = vec4<f32>(grid[own.x], grid[own.y], grid[own.z], grid[own.w]);
    var value = vec4<f32>(values[held.x], values[held.y], values[held.z], values[held.w]);
    var best = Best(value, vec4<u32>(0u));
    for (var i = local; i < points; i += WORKGROUP) {
        candidates[i] = vec2<f32>(grid[i], slice.beta * values[i]);
    }
    workgroupBarrier();
    var done = 0u;
    var worst = UNKNOWN;
    // The loop goes on when the iteration has stopped, but idly: some compilers refuse barriers after a way
    // out that depends on data.
    for (var turn = 0u; turn < slice.iterations; turn += 1u) {
        let going = worst > slice.tolerance;
        var change = worst;
        if going {
            best = Best(vec4<f32>(LOWEST), vec4<u32>(0u));
            for (var i = 0u; i < points; i += 1u) {
                best = compare(best, f, i, i);
            }
            let applied = best.value - slice.shift;
            let of_rows = abs(applied - value);
            change = max(max(of_rows.x, of_rows.y), max(of_rows.z, of_rows.w));
            value = applied;
            done += 1u;
        }
        // All have read the tile when the reduction is done.
        reduce(local, change);
        worst = seen[0];
        for (var which = 0u; which < 4u; which += 1u) {
            if rows[which] < points {
                candidates[rows[which]].y = slice.beta * value[which];
            }
        }
        workgroupBarrier();
    }
    for (var which = 0u; which < 4u; which += 1u) {
        if rows[which] < points {
            values[rows[which]] = value[which];
            choices[rows[which]] = best.choice[which];
        }
    }
    if local == 0u {
        atomicStore(&changes[0], bitcast<u32>(worst));
        atomicStore(&changes[1], done);
    }
}
