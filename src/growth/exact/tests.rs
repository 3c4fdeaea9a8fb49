//! The rounding of T V against T V itself, evaluated with 192 bits: what the certificate adds for rounding
//! must cover the difference at every row of every problem, and must no longer do so where one of its terms
//! is left out.

use astro_float::{BigFloat, Consts, RoundingMode};

use super::super::operator::Bellman;
use super::super::rounding::{Application, Roundings, Terms};
use super::super::roundoff::{ROUNDOFF, SECOND_ORDER};
use super::super::utility::with_utility;
use super::super::*;

const BITS: usize = 192;
const ROUND: RoundingMode = RoundingMode::ToEven;

/// Arithmetic with 192 bits.
struct Exact {
    constants: Consts,
}

fn big(x: f64) -> BigFloat {
    BigFloat::from_f64(x, BITS)
}

fn add(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.add(b, BITS, ROUND)
}

fn subtract(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.sub(b, BITS, ROUND)
}

fn multiply(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.mul(b, BITS, ROUND)
}

fn divide(a: &BigFloat, b: &BigFloat) -> BigFloat {
    a.div(b, BITS, ROUND)
}

fn larger(a: BigFloat, b: BigFloat) -> BigFloat {
    if a > b { a } else { b }
}

/// The nearest f64, or the one beside it.
fn nearest(x: &BigFloat) -> f64 {
    let Some((words, _, sign, exponent, _)) = x.as_raw_parts() else { return f64::NAN };
    let leading = *words.last().unwrap() as f64 / 2f64.powi(64);
    let size = leading * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2);
    if sign.is_negative() { -size } else { size }
}

impl Exact {
    fn log(&mut self, x: &BigFloat) -> BigFloat {
        x.ln(BITS, ROUND, &mut self.constants)
    }

    fn power(&mut self, x: &BigFloat, y: &BigFloat) -> BigFloat {
        multiply(&self.log(x), y).exp(BITS, ROUND, &mut self.constants)
    }

    /// k^α + (1−δ) k.
    fn resources(&mut self, model: &Model, k: f64) -> BigFloat {
        let output = self.power(&big(k), &big(model.alpha()));
        add(&output, &multiply(&subtract(&big(1.0), &big(model.delta())), &big(k)))
    }

    fn utility(&mut self, model: &Model, c: &BigFloat) -> BigFloat {
        let exponent = subtract(&big(1.0), &big(model.sigma()));
        if model.sigma() == 1.0 {
            return self.log(c);
        }
        let power = self.power(c, &exponent);
        divide(&subtract(&power, &big(1.0)), &exponent)
    }

    /// The best of the choices between `x[0]` and `x[1]`, between which V goes from `y[0]` to `y[1]`.
    fn best_of_cell(&mut self, model: &Model, f: &BigFloat, x: [f64; 2], y: [f64; 2]) -> Option<BigFloat> {
        let [x0, x1] = x.map(big);
        if x0 >= *f {
            return None;
        }
        let slope = divide(&subtract(&big(y[1]), &big(y[0])), &subtract(&x1, &x0));
        let beta = big(model.beta());
        let mut k = x0.clone();
        if y[1] > y[0] {
            let root = divide(&big(-1.0), &big(model.sigma()));
            let consumption = self.power(&multiply(&beta, &slope), &root);
            k = larger(k, subtract(f, &consumption));
            k = if k > x1 { x1 } else { k };
        }
        let later = add(&big(y[0]), &multiply(&slope, &subtract(&k, &x0)));
        let now = self.utility(model, &subtract(f, &k));
        Some(add(&now, &multiply(&beta, &later)))
    }

    /// (T V)_i, with the continuous choice between the knots `x`, where V is `y`.
    fn continuous(&mut self, problem: &Problem, row: usize, x: &[f64], y: &[f64]) -> BigFloat {
        let model = problem.model();
        let f = self.resources(model, problem.capital()[row]);
        let segments =
            (0..x.len() - 1).filter_map(|j| self.best_of_cell(model, &f, [x[j], x[j + 1]], [y[j], y[j + 1]]));
        segments.reduce(larger).unwrap()
    }

    /// (T V)_i, with the choice on the grid.
    fn on_grid(&mut self, problem: &Problem, row: usize, value: &[f64]) -> BigFloat {
        let model = problem.model();
        let f = self.resources(model, problem.capital()[row]);
        let mut best: Option<BigFloat> = None;
        for (&k, &v) in problem.capital().iter().zip(value) {
            if big(k) < f {
                let now = self.utility(model, &subtract(&f, &big(k)));
                let total = add(&now, &multiply(&big(model.beta()), &big(v)));
                best = Some(match best {
                    Some(best) => larger(best, total),
                    None => total,
                });
            }
        }
        best.unwrap()
    }
}

/// The corners of the concave envelope, found without rounding.
fn envelope(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut corners, mut at): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for (&k, &v) in x.iter().zip(y) {
        while let [.., x0, x1] = corners[..]
            && let [.., y0, y1] = at[..]
        {
            let left = multiply(&subtract(&big(y1), &big(y0)), &subtract(&big(k), &big(x1)));
            let right = multiply(&subtract(&big(v), &big(y1)), &subtract(&big(x1), &big(x0)));
            if left > right {
                break;
            }
            corners.pop();
            at.pop();
        }
        corners.push(k);
        at.push(v);
    }
    (corners, at)
}

/// Uniform draws on [0, 1), the same every time (SplitMix64).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[(self.next() * list.len() as f64) as usize]
    }

    /// At equal odds for each order of magnitude.
    fn order(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn problem(&mut self, choice: Choice) -> Problem {
        loop {
            let sigma = match self.of(&[0, 1, 2]) {
                0 => 1.0,
                1 => 2.0,
                _ => self.between(0.2, 8.0),
            };
            let delta = if self.next() < 0.3 { 1.0 } else { self.between(0.01, 1.0) };
            // Near 1 the steady state is of another order of magnitude.
            let alpha = if self.next() < 0.3 { self.between(0.95, 0.995) } else { self.between(0.1, 0.8) };
            // Rich, and with nearly linear utility: ln c is large, and nothing else is.
            let rich = self.next() < 0.2;
            let (sigma, delta, alpha) = if rich {
                (self.between(0.1, 0.6), 0.02, self.between(0.1, 0.2))
            } else {
                (sigma, delta, alpha)
            };
            let Ok(model) = Model::new(sigma, self.between(0.3, 0.999), delta, alpha) else { continue };
            let low = if rich { self.order(1.0, 20.0) } else { self.order(1e-3, 0.9) };
            let spec = GridSpec {
                points: 2 + (self.next() * 7.0) as usize,
                low,
                high: low * (1.0 + self.order(1e-2, if rich { 1e30 } else { 1e3 })),
                spacing: self.of(&[Spacing::Linear, Spacing::Log]),
            };
            if let Ok(problem) = Problem::new(model, spec, choice) {
                return problem;
            }
        }
    }

    /// Some V, of any size and slope: of the model's own kind, concave or not, with ties on the grid.
    fn value(&mut self, problem: &Problem) -> Vec<f64> {
        let (model, k) = (problem.model(), problem.capital());
        let (first, last) = (k[0], k[k.len() - 1]);
        let typical = model.utility(problem.resources()[0]);
        let rise = self.order(1e-6, 1e6) * self.of(&[1.0, typical.abs()]);
        let level = self.of(&[0.0, -rise, -typical / model.beta(), 1.0 / (1.0 - model.beta()), 1e6]);
        let level = level * if self.next() < 0.5 { 1.0 } else { self.next() };
        let rise = rise * self.of(&[1.0, 1.0, -1e-9]);
        let bend = self.of(&[0.0, 0.3, 1.0]);
        let mut value: Vec<f64> = k
            .iter()
            .map(|k| {
                let share = (k - first) / (last - first);
                level + rise * ((1.0 + bend) * share - bend * share * share)
            })
            .collect();
        match self.of(&[0, 1, 2, 3]) {
            0 => {
                let jump = rise * self.order(1e-16, 1.0);
                value.iter_mut().for_each(|v| *v += jump * self.next());
            }
            // Two candidates are worth the same at some row, but for rounding.
            1 => {
                let row = (self.next() * k.len() as f64) as usize;
                let f = problem.resources()[row];
                for j in 1..k.len() {
                    if k[j] < f {
                        let less = model.utility(f - k[j - 1]) - model.utility(f - k[j]);
                        value[j] = value[j - 1] + less / model.beta();
                    }
                }
            }
            _ => {}
        }
        value
    }
}

/// One row: how far T V is off, and what is stated; in units of the roundoff.
struct Row {
    off: f64,
    terms: Terms,
    /// What would be stated at the consumption that was found, runners-up left out.
    without_runners_up: f64,
    what: String,
}

/// All rows of `problems` problems.
fn rows(choice: Choice, problems: usize) -> Vec<Row> {
    let mut exact = Exact { constants: Consts::new().unwrap() };
    let mut draws = Draws(20_260_101);
    let mut rows = Vec::new();
    for _ in 0..problems {
        let problem = draws.problem(choice);
        let value = draws.value(&problem);
        let n = value.len();
        let (mut next, mut policy) = (vec![0.0; n], vec![0.0; n]);
        let mut bellman = Bellman::known(&problem);
        bellman.apply(&value, &mut next, &mut policy);
        let (x, y) = match bellman.is_enveloped() {
            true => envelope(problem.capital(), &value),
            false => (problem.capital().to_vec(), value.clone()),
        };
        for row in 0..n {
            if !next[row].is_finite() {
                continue;
            }
            let found = match choice {
                Choice::Continuous => exact.continuous(&problem, row, &x, &y),
                Choice::Grid => exact.on_grid(&problem, row, &value),
            };
            let off = nearest(&subtract(&found, &big(next[row]))).abs() / ROUNDOFF;
            let of = Application {
                problem: &problem,
                state: 0,
                interpolation: bellman.interpolation(0, &value),
                expectation: 0.0,
                expected: &value,
                next: &next,
                policy: &policy,
            };
            let (terms, without_runners_up) = with_utility!(known problem.model().sigma(), |utility| {
                let roundings = Roundings { of, utility };
                (roundings.terms(row..row + 1), roundings.terms_of(row..row + 1, |row| {
                    let found = problem.resources()[row] - policy[row];
                    (found, found)
                }).sum())
            });
            let what = format!("{:?} {:?} row {row} of V = {value:?}", problem.model(), problem.spec());
            rows.push(Row { off, terms, without_runners_up, what });
        }
    }
    rows
}

/// The share of `stated` that is taken up at most, and the row.
fn tightest(rows: &[Row], stated: impl Fn(&Row) -> f64) -> (f64, &str) {
    let share = |row: &Row| if row.off == 0.0 { 0.0 } else { row.off / (stated(row) * SECOND_ORDER) };
    let row = rows.iter().max_by(|a, b| share(a).total_cmp(&share(b))).unwrap();
    (share(row), &row.what)
}

#[test]
fn the_rounding_of_the_operator_is_within_what_is_stated() {
    for choice in [Choice::Continuous, Choice::Grid] {
        let rows = rows(choice, 1500);
        let (share, what) = tightest(&rows, |row| row.terms.sum());
        println!("{choice:?}: {} rows, at most {share:.3} of what is stated", rows.len());
        assert!(share <= 1.0, "{choice:?}: {share} at {what}");
        // No term can be left out. Neither choice has all of them.
        let mut without: Vec<(&str, f64)> = vec![
            ("exponent", tightest(&rows, |row| row.terms.sum() - row.terms.exponent).0),
            ("budget", tightest(&rows, |row| row.terms.sum() - row.terms.budget).0),
            ("sums", tightest(&rows, |row| row.terms.sum() - row.terms.sums).0),
        ];
        match choice {
            Choice::Continuous => without
                .push(("interpolation", tightest(&rows, |row| row.terms.sum() - row.terms.interpolation).0)),
            Choice::Grid => without.push(("runners-up", tightest(&rows, |row| row.without_runners_up).0)),
        }
        println!("{choice:?}: without a term {without:.3?}");
        for (term, share) in without {
            assert!(share > 1.0, "{choice:?}: {term} is not needed: {share}");
        }
    }
}
