//! The upper concave envelope of a function given at grid points.
//!
//! With the continuous choice the Bellman operator T keeps V concave: the objective U(f(k) − k′) + β V(k′) is
//! jointly concave where V is, and so is its maximum over k′. V_N, the limit, is concave. A candidate V may
//! fail to be, by rounding or because a policy's exact value need not be concave, and then a maximizer that
//! looks at slopes may go astray. So T is applied to the envelope V̂, the least concave function above V:
//!
//! ```text
//! T̂ V = T V̂,   V̂_N = V_N,   ‖V̂ − Ŵ‖ ≤ ‖V − W‖,   V ≤ W ⇒ V̂ ≤ Ŵ,   (V + m)^ = V̂ + m
//! ```
//!
//! Hence T̂ is monotone, contracts by β and has the fixed point V_N, like T, and every bound that holds for T
//! holds for it. On concave V the two are the same.

/// The corners of the envelope of the points (`capital`, `value`), written to the two vectors; the first and
/// the last point are among them. `capital` increases; N points take O(N).
pub(super) fn envelope(capital: &[f64], value: &[f64], corners: &mut (Vec<f64>, Vec<f64>)) {
    let (x, y) = corners;
    x.clear();
    y.clear();
    for (&k, &v) in capital.iter().zip(value) {
        // A corner below the chord from its predecessor to the new point is none (Andrew's monotone chain).
        while let [.., x0, x1] = x[..]
            && let [.., y0, y1] = y[..]
            && (y1 - y0) * (k - x1) <= (v - y1) * (x1 - x0)
        {
            x.pop();
            y.pop();
        }
        x.push(k);
        y.push(v);
    }
}

/// The envelope's values at all N points.
pub(super) fn envelope_at_points(capital: &[f64], value: &[f64]) -> Vec<f64> {
    let mut corners = (Vec::new(), Vec::new());
    envelope(capital, value, &mut corners);
    let (x, y) = corners;
    let mut j = 0;
    let at = |(&k, &v): (&f64, &f64)| {
        while j + 2 < x.len() && x[j + 1] <= k {
            j += 1;
        }
        // Not below V, by rounding, where the point is a corner.
        f64::max(v, y[j] + (k - x[j]) * ((y[j + 1] - y[j]) / (x[j + 1] - x[j])))
    };
    capital.iter().zip(value).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_the_least_concave_function_above() {
        let k: Vec<f64> = (0..60).map(|i| 1.0 + f64::from(i) * 0.1).collect();
        let v: Vec<f64> =
            k.iter().enumerate().map(|(i, k)| k.ln() + 0.02 * ((i * 7919) % 11) as f64).collect();
        let mut corners = (Vec::new(), Vec::new());
        envelope(&k, &v, &mut corners);
        let (x, y) = corners;
        let slope = |j: usize| (y[j + 1] - y[j]) / (x[j + 1] - x[j]);
        assert!((1..x.len() - 1).all(|j| slope(j) < slope(j - 1)));
        // By definition: at each point the highest chord between a point on its left and one on its right.
        for i in 0..k.len() {
            let mut highest = v[i];
            for a in 0..i {
                for b in i + 1..k.len() {
                    highest = f64::max(highest, v[a] + (v[b] - v[a]) * (k[i] - k[a]) / (k[b] - k[a]));
                }
            }
            let j = x.partition_point(|&corner| corner <= k[i]).clamp(1, x.len() - 1) - 1;
            let here = y[j] + slope(j) * (k[i] - x[j]);
            assert!((here - highest).abs() < 1e-13, "point {i}: {here} against {highest}");
            assert!((envelope_at_points(&k, &v)[i] - highest).abs() < 1e-13, "point {i}");
        }
    }
}
