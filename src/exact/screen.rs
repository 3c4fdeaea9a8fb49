//! Tests that rule frequencies out: where the modulus of the characteristic function is small for certain.
//!
//! The modulus of a mean φ of e^{itv} changes with t by at most E|v − c|, whatever c. So a value at one
//! frequency bounds it around. Over a share a of all draws, with the mean φ_A over these, |φ| ≤ a|φ_A| +
//! 1 − a: a few rows suffice to show that |φ| is not nearly 1. For rows that are in by chance the logs of the
//! factors' moduli, all at most 0, take the place of the mean.

use super::day::{CLUSTERED, Day, Kind, sums};
use super::wheel::{BLOCK, Values, Wheel};

/// Rows that show where a characteristic function may be large.
const SHOWN: usize = 64;

/// Shares of the bound that the tests by all rows spend on neighbouring frequencies.
const SLACK_OF_ALL: [f64; 2] = [0.45, 0.0];

/// Frequencies of a run that a test takes one by one: more of them share the way from one to the next.
const FEW: usize = 3;

/// A day's tests, cheapest first.
pub(super) struct Screens<'a> {
    day: &'a Day,
    period: f64,
    few: Vec<Screen>,
    /// The tests by all rows, in long steps and by blocks, once they are needed.
    all: [Option<Screen>; 2],
}

impl<'a> Screens<'a> {
    /// Tests that are good for values of `negligible` and about that.
    pub(super) fn of(day: &'a Day, period: f64, negligible: f64) -> Self {
        let mut few = Vec::new();
        few.extend(day.clusters(period, negligible));
        let (shown, most) =
            if let Kind::Draws(_) = day.kind { (SHOWN, 8 * SHOWN) } else { (3 * SHOWN, 4 * SHOWN) };
        if day.rows > most {
            few.push(day.screen(day.shown(shown).into_iter(), period, negligible, 0.4));
        }
        few.sort_by_key(Screen::cost);
        Self { day, period, few, all: [None, None] }
    }

    /// Of runs of frequencies those that may hold a characteristic function whose modulus is `negligible` or
    /// more.
    pub(super) fn pass(&mut self, mut runs: Vec<(usize, usize)>, negligible: f64) -> Vec<(usize, usize)> {
        let Self { day, period, few, all } = self;
        let least = match day.kind {
            Kind::Draws(draws) => (negligible.ln() / f64::from(draws)).exp(),
            Kind::Chance(_) => negligible.ln(),
        };
        for screen in few {
            if runs.is_empty() {
                return runs;
            }
            runs = screen.above(least).pass(&runs);
        }
        // Products over rows by chance turn too fast for long steps.
        let skipped = usize::from(matches!(day.kind, Kind::Chance(_)));
        for (screen, slack) in all.iter_mut().zip(SLACK_OF_ALL).skip(skipped) {
            if runs.is_empty() {
                return runs;
            }
            let screen = screen.get_or_insert_with(|| day.screen(0..day.rows, *period, negligible, slack));
            runs = screen.above(least).pass(&runs);
        }
        runs
    }
}

impl Day {
    /// So many rows that show most: heavy ones, then of those above the mean, whose phases part first, every
    /// so many, then of all.
    fn shown(&self, shown: usize) -> Vec<usize> {
        let (values, weights) = (&self.values[..self.rows], &self.weights[..self.rows]);
        let light = weights.iter().copied().fold(f64::INFINITY, f64::min);
        let (mut rows, mut equals) = (Vec::new(), Vec::with_capacity(self.rows));
        for row in 0..self.rows {
            if weights[row] > light && values[row] > 0.0 { rows.push(row) } else { equals.push(row) }
        }
        if rows.len() > shown {
            rows.select_nth_unstable_by(shown, |&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
            rows.truncate(shown);
        }
        let mean: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        let above: Vec<usize> = equals.iter().copied().filter(|&row| values[row] > mean).collect();
        let more = shown - rows.len();
        if above.len() >= more {
            equals = above;
        }
        rows.extend((0..more).map(|place| equals[place * equals.len() / more]));
        rows
    }

    /// A test by some rows. `slack` is the share of the bound that may be spent on neighbouring frequencies.
    fn screen(&self, rows: impl Iterator<Item = usize>, period: f64, negligible: f64, slack: f64) -> Screen {
        let wheel = self.wheel_of(rows, period);
        let (turns, weights) = (&wheel.turns, &wheel.weights);
        let [share, first] = sums(turns, weights, |turn, weight| [weight, turn * weight]);
        let (limit, slope) = match self.kind {
            Kind::Draws(draws) => {
                let least = (negligible.ln() / f64::from(draws)).exp();
                let mean = first / share;
                let [off] = sums(turns, weights, |turn, weight| [(turn - mean).abs() * weight]);
                (least - (1.0 - share), off)
            }
            Kind::Chance(chance) => {
                // ln|1 − p + p e^{iθ}| = ½ ln(1 − q(1 − cos θ)), q = 2p(1 − p): its slope is largest where
                // cos θ = −q/(1 − q).
                let q = 2.0 * chance * (1.0 - chance);
                (negligible.ln(), q / (2.0 * (1.0 - 2.0 * q).max(0.0).sqrt()) * first)
            }
        };
        let slope = slope * std::f64::consts::TAU;
        let stride = stride(slack * limit.abs(), slope);
        let slack = slope * (stride as f64 - 1.0) / 2.0;
        // Draws of the other rows may have any phase.
        let fixed = if let Kind::Draws(_) = self.kind { (1.0 - share).max(0.0) } else { 0.0 };
        Screen { wheels: vec![wheel], fixed, stride, slack, limit: fixed + limit - slack }
    }

    /// A test by clusters of values that are close to each other, as those of moves by one tick, by two, by
    /// three. Within a cluster phases part slowly, so that one value speaks for many frequencies:
    /// |φ| ≤ Σ over clusters |Σ over a cluster|.
    fn clusters(&self, period: f64, negligible: f64) -> Option<Screen> {
        let Kind::Draws(draws) = self.kind else { return None };
        if self.rows >= CLUSTERED {
            return None;
        }
        let order: Vec<usize> = (0..self.rows).collect();
        let (mut wheels, mut fixed, mut slope, mut typical) = (Vec::new(), 0.0, 0.0, 0.0f64);
        for cluster in order.chunk_by(|&a, &b| self.values[b] < 1.05 * self.values[a]) {
            if let [alone] = cluster {
                fixed += self.weights[*alone];
                continue;
            }
            let wheel = self.wheel_of(cluster.iter().copied(), period);
            let (turns, weights) = (&wheel.turns, &wheel.weights);
            let [weight, first, squares] = sums(turns, weights, |t, w| [w, t * w, w * w]);
            let mean = first / weight;
            let [off] = sums(turns, weights, |t, w| [(t - mean).abs() * w]);
            slope += off * std::f64::consts::TAU;
            typical += squares.sqrt();
            wheels.push(wheel);
        }
        let limit = (negligible.ln() / f64::from(draws)).exp();
        let room = limit - fixed - typical;
        // Too much weight stays where it is: this shows nothing.
        if wheels.is_empty() || room < 0.05 {
            return None;
        }
        let stride = stride(0.4 * room, slope);
        let slack = slope * (stride as f64 - 1.0) / 2.0;
        Some(Screen { wheels, fixed, stride, slack, limit: limit - slack })
    }
}

/// A test by the moduli of the wheels' sums: whether all that can be `least` or more. Nothing where it would
/// show nothing, or one value would speak for no more than so many frequencies.
pub(super) fn screen_of(wheels: &[Wheel], least: f64, frequencies: usize) -> Option<Screen> {
    let (mut fixed, mut slope, mut typical) = (0.0, 0.0, 0.0);
    let mut moving = Vec::new();
    for wheel in wheels {
        let Wheel { turns, weights, rows, .. } = wheel;
        let [weight, first, squares] = sums(turns, weights, |t, w| [w, t * w, w * w]);
        if *rows == 1 {
            fixed += weight;
            continue;
        }
        let mean = first / weight;
        let [off] = sums(turns, weights, |t, w| [(t - mean).abs() * w]);
        slope += off * std::f64::consts::TAU;
        typical += squares.sqrt();
        moving.push(wheel);
    }
    let room = least - fixed - typical;
    // Too much weight stays where it is: this shows nothing.
    if moving.is_empty() || room < 0.01 {
        return None;
    }
    let stride = stride(0.4 * room, slope);
    let slack = slope * (stride as f64 - 1.0) / 2.0;
    (stride > frequencies).then(|| Screen {
        wheels: moving.into_iter().cloned().collect(),
        fixed,
        stride,
        slack,
        limit: least - slack,
    })
}

/// Frequencies around one whose values differ from its own by at most `slack`, as a multiple of a block.
fn stride(slack: f64, slope: f64) -> usize {
    let stride = slack / slope * 2.0;
    if stride >= BLOCK as f64 && stride.is_finite() {
        (stride as usize).min(1 << 20) / BLOCK * BLOCK
    } else {
        BLOCK
    }
}

/// A test whether a run of frequencies can hold a large value.
#[derive(Debug)]
pub(super) struct Screen {
    wheels: Vec<Wheel>,
    /// What is added to the moduli of the wheels' sums.
    fixed: f64,
    /// Frequencies that one value speaks for, a multiple of [`BLOCK`].
    stride: usize,
    /// What the sum of moduli may be smaller by than at frequencies that one value speaks for.
    slack: f64,
    /// Where the sum of moduli (for rows by chance, the log of the modulus) is below, there is nothing large.
    limit: f64,
}

impl Screen {
    /// The same for sums of `least` or more.
    pub(super) fn above(&mut self, least: f64) -> &mut Self {
        self.limit = least - self.slack;
        self
    }

    /// What a pass costs: rows a frequency.
    pub(super) fn cost(&self) -> usize {
        self.wheels.iter().map(|wheel| wheel.turns.len()).sum::<usize>() * (1 << 20) / self.stride
    }

    /// Of runs of frequencies (each begins at and ends before a multiple of [`BLOCK`]), those that are left.
    pub(super) fn pass(&mut self, runs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let chance = self.wheels.iter().any(|wheel| wheel.chance.is_some());
        if !chance && self.limit <= self.fixed || self.limit.is_nan() || self.limit == f64::NEG_INFINITY {
            return runs.to_vec();
        }
        let mut left: Vec<(usize, usize)> = Vec::new();
        let mut block = Values::default();
        for &(begin, end) in runs {
            if let [wheel] = &mut self.wheels[..]
                && !chance
                && end - begin <= FEW * self.stride
            {
                for first in (begin..end).step_by(self.stride) {
                    let square = wheel.square(first as f64 + self.stride as f64 / 2.0);
                    if self.fixed + square.sqrt() >= self.limit {
                        let next = (first + self.stride).min(end);
                        match left.last_mut() {
                            Some(last) if last.1 == first => last.1 = next,
                            _ => left.push((first, next)),
                        }
                    }
                }
                continue;
            }
            for wheel in &mut self.wheels {
                wheel.start(begin as f64 + (self.stride as f64 - 1.0) / 2.0, self.stride as f64);
            }
            let mut first = begin;
            while first < end {
                let mut moduli = [self.fixed; BLOCK];
                for wheel in &mut self.wheels {
                    wheel.block(&mut block);
                    for lane in 0..BLOCK {
                        let square = block.re[lane] * block.re[lane] + block.im[lane] * block.im[lane];
                        moduli[lane] += square.sqrt();
                    }
                }
                for modulus in moduli {
                    if first >= end {
                        break;
                    }
                    let next = (first + self.stride).min(end);
                    let value = if chance { modulus.ln() } else { modulus };
                    if value >= self.limit {
                        match left.last_mut() {
                            Some(last) if last.1 == first => last.1 = next,
                            _ => left.push((first, next)),
                        }
                    }
                    first = next;
                }
            }
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares of whole moves with a price that changes little: many values, near the multiples of one.
    fn moves(rows: u32) -> Vec<f64> {
        (1..=rows)
            .map(|row| {
                let hash = row.wrapping_mul(2_654_435_761) >> 16;
                let price = 1.0 + f64::from(hash % 997) * 1e-6;
                f64::from([1, 2, 2, 3, 1, 1, 4, 2][(hash / 997 % 8) as usize]).powi(2) / price
            })
            .collect()
    }

    #[test]
    fn screens_let_no_large_value_go() {
        for (rows, negligible) in [(385, 1e-10), (385, 1e-14), (3_000, 1e-10)] {
            let day = Day::draws(&moves(rows));
            assert!(day.rows > CLUSTERED, "{}", day.rows);
            let (period, end) = (day.largest * 60.0, 1 << 12);
            let runs = Screens::of(&day, period, negligible).pass(vec![(0, end)], negligible);
            let passed: usize = runs.iter().map(|(first, last)| last - first).sum();
            assert!(passed < end / 2, "{passed} of {end} pass");
            let mut wheel = day.wheel(period);
            wheel.start(0.0, 1.0);
            let (mut block, mut large) = (Values::default(), 0);
            let least = (negligible.ln() / f64::from(rows)).exp();
            for first in (0..end).step_by(BLOCK) {
                wheel.block(&mut block);
                for k in 0..BLOCK {
                    if block.re[k].hypot(block.im[k]) >= least {
                        large += 1;
                        let inside = |&(from, to): &(usize, usize)| (from..to).contains(&(first + k));
                        assert!(runs.iter().any(inside), "{} is lost", first + k);
                    }
                }
            }
            assert!(large > 20, "{large} values that must pass");
        }
    }
}
