//! Small dense linear systems: elimination by rows with partial pivoting.

/// Solves A x = b in place: `matrix` (n × n, row-major) is overwritten, `right` (n) becomes x. False where
/// A is singular, or not finite, to working precision: then `right` is of no use.
#[must_use]
pub(super) fn solve_linear(matrix: &mut [f64], right: &mut [f64]) -> bool {
    let n = right.len();
    for column in 0..n {
        let mut pivot = column;
        for row in column + 1..n {
            if matrix[row * n + column].abs() > matrix[pivot * n + column].abs() {
                pivot = row;
            }
        }
        let head = matrix[pivot * n + column];
        if head == 0.0 || !head.is_finite() {
            return false;
        }
        if pivot != column {
            let (above, below) = matrix.split_at_mut(pivot * n);
            above[column * n + column..(column + 1) * n].swap_with_slice(&mut below[column..n]);
            right.swap(pivot, column);
        }
        let (above, below) = matrix.split_at_mut((column + 1) * n);
        let top = &above[column * n + column + 1..];
        for (row, below) in below.chunks_exact_mut(n).enumerate() {
            let factor = below[column] / head;
            if factor != 0.0 {
                for (entry, top) in below[column + 1..].iter_mut().zip(top) {
                    *entry -= factor * top;
                }
                right[column + 1 + row] -= factor * right[column];
            }
        }
    }
    for row in (0..n).rev() {
        let (known, head) = (&matrix[row * n + row + 1..(row + 1) * n], matrix[row * n + row]);
        let sum: f64 = known.iter().zip(&right[row + 1..]).map(|(a, x)| a * x).sum();
        right[row] = (right[row] - sum) / head;
    }
    right.iter().all(|x| x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solutions_solve() {
        for n in [1, 2, 5, 40] {
            // Zeros on the diagonal: rows must be exchanged.
            let entry = |i: usize, j: usize| {
                if i == j { 0.0 } else { (((i * 7 + j * 13 + i * j) % 17) as f64 - 8.0) + 0.25 }
            };
            let mut matrix: Vec<f64> =
                (0..n * n).map(|e| if n == 1 { 3.0 } else { entry(e / n, e % n) }).collect();
            let original = matrix.clone();
            let x: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 * 0.5).collect();
            let mut right: Vec<f64> =
                original.chunks(n).map(|row| row.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
            assert!(solve_linear(&mut matrix, &mut right), "{n}");
            assert!(right.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-10), "{n}: {right:?}");
        }
    }

    #[test]
    fn singular_systems_are_told() {
        assert!(!solve_linear(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]));
        assert!(!solve_linear(&mut [f64::NAN], &mut [1.0]));
    }
}
