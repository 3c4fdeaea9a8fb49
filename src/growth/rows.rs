//! Rows divided among threads: each grid point is a row of its own, and the result does not depend on how
//! they are divided.

use rayon::prelude::*;

use super::change::Change;

/// Rows that one task takes where a row takes nanoseconds. Fewer rows than this are worked off without waking
/// other threads, which would take longer.
pub(super) const ROWS_A_TASK: usize = 2048;

/// Fills `output` in chunks, by `work(first row, chunk)`; on this thread alone where there is little to do.
pub(super) fn fill_rows(output: &mut [f64], work: impl Fn(usize, &mut [f64]) + Sync) {
    if output.len() <= ROWS_A_TASK {
        work(0, output);
    } else {
        let chunks = output.par_chunks_mut(ROWS_A_TASK).enumerate();
        chunks.for_each(|(chunk, rows)| work(chunk * ROWS_A_TASK, rows));
    }
}

/// Works off all rows in chunks of `size`, by `work(first row, V, T V, policy)` on the chunk that starts with
/// that row.
pub(super) fn for_rows(
    size: usize,
    value: &[f64],
    next: &mut [f64],
    policy: &mut [f64],
    work: impl Fn(usize, &[f64], &mut [f64], &mut [f64]) -> Change + Sync,
) -> Change {
    if value.len() <= size {
        return work(0, value, next, policy);
    }
    let outputs = next.par_chunks_mut(size).zip(policy.par_chunks_mut(size));
    value
        .par_chunks(size)
        .zip(outputs)
        .enumerate()
        .map(|(chunk, (value, (next, policy)))| work(chunk * size, value, next, policy))
        .reduce(|| Change::NONE, Change::join)
}
