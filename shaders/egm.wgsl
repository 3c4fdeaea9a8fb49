// The endogenous grid method: iteration on the Euler equation, the marginal value carried along as the
// consumption that it asks for, V'(k) = U'(c) f'(k). No values are compared, so that f32 resolves the policy
// to its own rounding. Twin: src/growth/egm.rs. Host side: src/growth/gpu/egm.rs.

// What one dispatch does; `IterationParameters` in src/growth/gpu/egm.rs.
struct Iteration {
    points: u32,     // number of grid points N
    first_row: u32,  // rows [first_row, end_row) of this dispatch
    end_row: u32,
    read: u32,       // place of the endogenous grid that is read, 0 or N
    write: u32,      // place of the one that is written, N or 0
    slot: u32,       // word of `changes` that takes the largest change
    iterations: u32, // most iterations of this dispatch; one_workgroup only
    tolerance: f32,  // of the relative change of consumption; one_workgroup only
    states: u32,     // number of states of productivity Z, 1 without shocks; one_iteration only
}

@group(0) @binding(0) var<uniform> iteration: Iteration;
// Capital k_i, N; resources f_i, Z N, state by state; without shocks the factors (beta f'(k_i))^(-1/sigma),
// N.
@group(0) @binding(1) var<storage, read> grid: array<f32>;
// The endogenous grid x_j. Without shocks twice N: one is read while the other is written. With shocks Z N,
// written by shaders/euler.wgsl between two iterations.
@group(0) @binding(2) var<storage, read_write> endogenous: array<f32>;
// Consumption c_i, Z N.
@group(0) @binding(3) var<storage, read_write> consumption: array<f32>;
// Bits of the largest relative change of each iteration, then in one_workgroup the number of iterations done.
// Bits of floats that are not negative have the order of the floats.
@group(0) @binding(4) var<storage, read_write> changes: array<atomic<u32>>;

override WORKGROUP: u32 = 64u;

// Most points of one_workgroup.
const SMALL: u32 = 1024u;
// A change above all others.
const UNKNOWN: f32 = 1e30;

// The largest change that each invocation has seen.
var<workgroup> seen: array<f32, WORKGROUP>;
// As `endogenous`, in workgroup memory.
var<workgroup> near: array<f32, 2048>;

fn capital(row: u32) -> f32 {
    return grid[row];
}

fn resources(row: u32) -> f32 {
    return grid[iteration.points + row];
}

fn factor(row: u32) -> f32 {
    return grid[2u * iteration.points + row];
}

// Consumption out of resources f in segment j of the endogenous grid, whose ends are x and x_next.
fn consume(f: f32, j: u32, x: f32, x_next: f32) -> f32 {
    let width = x_next - x;
    // Where rounding leaves a segment without width either end will do.
    let share = select(0.0, clamp((f - x) / width, 0.0, 1.0), width > 0.0);
    return (f - capital(j)) - share * (capital(j + 1u) - capital(j));
}

// Takes over what row now consumes; its relative change.
fn store(row: u32, spent: f32) -> f32 {
    let change = abs(spent - consumption[row]) / spent;
    consumption[row] = spent;
    return change;
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

// ---- large grids: one iteration a dispatch, a row an invocation ----

@compute @workgroup_size(WORKGROUP)
fn one_iteration(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let row = iteration.first_row + id.x;
    // Where the rows of this state of productivity start.
    let state = id.y * iteration.points;
    var change = 0.0;
    if row < iteration.end_row {
        let f = resources(state + row);
        // The first segment whose upper end is not below f.
        var low = 0u;
        var high = iteration.points - 2u;
        while low < high {
            let middle = (low + high) / 2u;
            if endogenous[iteration.read + state + middle + 1u] < f {
                low = middle + 1u;
            } else {
                high = middle;
            }
        }
        let x = endogenous[iteration.read + state + low];
        let spent = consume(f, low, x, endogenous[iteration.read + state + low + 1u]);
        if iteration.states == 1u {
            endogenous[iteration.write + row] = capital(row) + spent * factor(row);
        }
        change = store(state + row, spent);
    }
    reduce(local, change);
    if local == 0u {
        atomicMax(&changes[iteration.slot], bitcast<u32>(seen[0]));
    }
}

// ---- small grids: all iterations in one dispatch, one workgroup ----

@compute @workgroup_size(WORKGROUP)
fn one_workgroup(@builtin(local_invocation_index) local: u32) {
    let points = min(iteration.points, SMALL);
    for (var row = local; row < points; row += WORKGROUP) {
        near[row] = endogenous[row];
    }
    workgroupBarrier();
    var read = 0u;
    var done = 0u;
    var worst = UNKNOWN;
    // The loop goes on when the iteration has stopped, but idly: some compilers refuse barriers after a way
    // out that depends on data.
    for (var turn = 0u; turn < iteration.iterations; turn += 1u) {
        let going = worst > iteration.tolerance;
        var change = worst;
        if going {
            change = 0.0;
            for (var row = local; row < points; row += WORKGROUP) {
                let f = resources(row);
                var low = 0u;
                var high = points - 2u;
                while low < high {
                    let middle = (low + high) / 2u;
                    if near[read + middle + 1u] < f {
                        low = middle + 1u;
                    } else {
                        high = middle;
                    }
                }
                let spent = consume(f, low, near[read + low], near[read + low + 1u]);
                near[(SMALL - read) + row] = capital(row) + spent * factor(row);
                change = max(change, store(row, spent));
            }
            read = SMALL - read;
            done += 1u;
        }
        reduce(local, change);
        worst = seen[0];
        // All have read it before the next reduction.
        workgroupBarrier();
    }
    for (var row = local; row < points; row += WORKGROUP) {
        endogenous[row] = near[read + row];
    }
    if local == 0u {
        atomicStore(&changes[0], bitcast<u32>(worst));
        atomicStore(&changes[1], done);
    }
}
