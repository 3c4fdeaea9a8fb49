//! A day whose values lie near the multiples of one number, as squared returns of prices in ticks do.
//!
//! # The sum in two parts
//!
//! With a unit u let v_j = u·m_j + e_j, m_j whole. Then S = u·M + E with M = Σ m_j, E = Σ e_j over the draws,
//! and with c_k(t) = E[e^{itE}; M = k], the *slice* of the count k,
//!
//! ```text
//! F(x) = Σ_k P(M = k, E ≤ x − u·k),
//! P(M = k, E ≤ y) = ½ c_k(0) − (1/π) Σ_{j ≥ 0} Im(c_k(t_j) e^{−i t_j y})/(j + ½),    t_j = (j + ½) 2π/L,
//! ```
//!
//! off by P(|E − y| > L) at most, as in the series of a whole sum. E is small: L is a few u where the sum
//! itself goes over hundreds of them. Slices far below x count whole, those far above not at all. So
//! frequencies that a series of S has to look at one by one, because Φ comes back near each multiple of 2π/u,
//! become one: with A_m(t) = Σ w_j e^{i t e_j} over the values of the multiple m,
//!
//! ```text
//! E e^{i(sM + tE)} = φ(s, t)ⁿ,   φ(s, t) = Σ_m A_m(t) e^{ism},   |φ(s, t)| ≤ Σ_m |A_m(t)| for all s,
//! ```
//!
//! and where the bound is small the slices are, all of them.
//!
//! `slicer.rs` has the slices at one frequency after the other.

use super::day::{Day, Kind, Moments};
use super::inverted::Inverted;
use super::series::{Plan, Series};
use super::slicer::Slicer;
use super::tails::Chernoff;
use super::waves::Multiples;
use super::wheel::BLOCK;

/// Counts, and units that the rests' sum may go over, at most.
const COUNTS: f64 = 4096.0;
const WIDE: f64 = 8.0;

/// The least share of zeros.
const ZEROS: f64 = 0.25;

/// The log of (share of zeros)ⁿ is at least this: it must not vanish.
const VANISHING: f64 = -600.0;

/// Steps of the recurrence at most: beyond, frequencies one by one cost less.
const STEPS: f64 = 2000.0;

/// Values that were split.
pub(super) struct Split<'a> {
    pub(super) day: &'a Day,
    pub(super) draws: u32,
    pub(super) unit: f64,
    /// Values of each multiple, in ascending order: where they end.
    pub(super) ends: Vec<usize>,
    pub(super) rests: Vec<f64>,
    /// The law of M, and that of E less its least value times the number of draws.
    pub(super) counts: Day,
    count_moments: Moments,
    rest_moments: Moments,
    rest_day: Day,
    mirrored: Day,
    /// What was taken off from the sum of the rests.
    rest_offset: f64,
}

/// What slices are wanted for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) levels: &'a [f64],
    /// Where the quantiles are.
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) negligible: f64,
    /// What is told apart at the last frequency.
    pub(super) blur: f64,
    /// Where all terms of the last octave add up to less, there are no more.
    pub(super) faded: f64,
}

/// The slices that matter around a quantile: those of counts within `reach` of `center`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) center: f64,
    pub(super) reach: f64,
    /// The quantile is between these.
    pub(super) from: f64,
    pub(super) to: f64,
    /// Whether it must be, whatever the rests.
    pub(super) certain: bool,
    /// P of all counts below those of the window, and half of the window's.
    pub(super) middle: f64,
}

impl<'a> Split<'a> {
    /// Splits a single day's draws where that pays.
    pub(super) fn of(days: &'a [Day]) -> Option<Self> {
        let [day] = days else { return None };
        let Kind::Draws(draws) = day.kind else { return None };
        let Multiples { unit, numbers, ends, rests } = Multiples::of(day)?;
        let zeros = ends[0] == 1 && numbers[0] == 0.0 && rests[0] == 0.0 && day.weights[0] >= ZEROS;
        if !zeros || f64::from(draws) * day.weights[0].ln() < VANISHING {
            return None;
        }
        let mut begin = 0;
        let share = |&end: &usize| {
            let share = day.weights[begin..end].iter().sum::<f64>();
            begin = end;
            share
        };
        let shares: Vec<f64> = ends.iter().map(share).collect();
        let (distinct, weights) = (numbers, &day.weights[..day.rows]);
        let counts = Day::of_distinct(draws, &distinct, &shares);
        let least = rests.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rests.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let above: Vec<f64> = rests.iter().map(|rest| rest - least).collect();
        let below: Vec<f64> = rests.iter().map(|rest| most - rest).collect();
        let rest_day = Day::of_distinct(draws, &above, weights);
        let mirrored = Day::of_distinct(draws, &below, weights);
        let (count_moments, rest_moments) = (counts.moments(), rest_day.moments());
        if 11.0 * count_moments.variance.sqrt() > COUNTS || 11.0 * rest_moments.variance.sqrt() > WIDE * unit
        {
            return None;
        }
        let rest_offset = f64::from(draws) * least;
        Some(Self {
            day,
            draws,
            unit,
            ends,
            rests,
            counts,
            count_moments,
            rest_moments,
            rest_day,
            mirrored,
            rest_offset,
        })
    }

    /// Bounds of the rests' sum: it is outside with a probability of at most twice e^{−λ}.
    fn rest_bounds(&self, lambda: f64) -> [f64; 2] {
        let upper = Chernoff { days: std::slice::from_ref(&self.rest_day), moments: &self.rest_moments }
            .upper(lambda);
        let moments = self.mirrored.moments();
        let lower = Chernoff { days: std::slice::from_ref(&self.mirrored), moments: &moments }.upper(lambda);
        // The mirrored sum is n·most − E.
        [self.rest_offset + self.rest_moments.most - lower, self.rest_offset + upper]
    }

    /// One series for each level, or nothing where slices do not pay.
    pub(super) fn inverted(&self, wanted: &Wanted) -> Option<Vec<Inverted>> {
        let Wanted { negligible, .. } = *wanted;
        let lambda = -negligible.ln();
        let unit = self.unit;
        let [least, most] = self.rest_bounds(lambda);
        let width = most - least;
        let days = std::slice::from_ref(&self.counts);
        let chernoff = Chernoff { days, moments: &self.count_moments };
        let (upper, lower) = (chernoff.upper(lambda), chernoff.lower(lambda));
        // All slices that a quantile between `from` and `to` can need.
        let first = ((wanted.from - most) / unit).floor() - 3.0;
        let last = ((wanted.to - least) / unit).ceil() + 3.0;
        let points = (upper - first).max(last - lower).min(self.count_moments.most + 1.0).ceil() + 2.0;
        if points > COUNTS || !points.is_finite() {
            return None;
        }
        let points = (points as usize).next_multiple_of(2);
        let plan = Plan {
            period: points as f64,
            lattice: Some(points),
            negligible: negligible / 4.0,
            faded: 0.0,
            scan: 0,
            work: 1 << 26,
        };
        let counts = Series::new(days, &plan);
        let count_error = counts.error() + 2.0 * negligible;
        // P(M ≤ k).
        let at_most = |k: f64| match k {
            _ if k < 0.0 => 0.0,
            _ if k >= self.count_moments.most => 1.0,
            _ => counts.at(k + 0.5).0.clamp(0.0, 1.0),
        };
        let mut windows = Vec::new();
        let mut period = 0.0f64;
        for &level in wanted.levels {
            let window = self.window(level, [least, most], count_error, [first, last], &at_most)?;
            // |y − E| ≤ L for all of its slices.
            let slack = window.reach * unit;
            let top = window.to - (window.center * unit - slack) - least;
            let bottom = window.center * unit + slack + most - window.from;
            period = period.max(top).max(bottom);
            windows.push(window);
        }
        let period = period.max(width) * (1.0 + 1e-9);
        // Frequencies up to where half a wave is the blur.
        let farthest =
            ((period / (2.0 * wanted.blur)).ceil() as usize).next_multiple_of(BLOCK).max(4 * BLOCK);
        if farthest > 1 << 20 {
            return None;
        }
        let largest = windows.iter().map(|window| window.center + window.reach).fold(0.0, f64::max);
        if largest > f64::from(self.draws) || largest * (self.ends.len() - 1) as f64 > STEPS {
            return None;
        }
        let mut slicer = Slicer::new(self, period, &windows, largest as usize);
        let series = slicer.series(wanted, farthest);
        // Rests beyond their bounds, in the window's slices and in the others.
        let tail = 4.0 * negligible + count_error;
        let mut all = Vec::new();
        for ((series, window), &level) in series.into_iter().zip(&windows).zip(wanted.levels) {
            let error = tail + series.error();
            let passes =
                || series.at(window.from).0 + error < level && series.at(window.to).0 - error >= level;
            if !window.certain && !passes() {
                return None;
            }
            all.push(Inverted {
                series,
                upper: f64::NEG_INFINITY,
                lower: f64::INFINITY,
                tail: 0.0,
                always: tail,
                unit: None,
                range: [window.from, window.to],
            });
        }
        Some(all)
    }

    /// The slices for a level.
    fn window(
        &self,
        level: f64,
        [least, most]: [f64; 2],
        error: f64,
        [first, last]: [f64; 2],
        at_most: &dyn Fn(f64) -> f64,
    ) -> Option<Window> {
        let unit = self.unit;
        // The least count whose cumulative probability is at least the level; search from the moments.
        let least_count = |level: f64| {
            let (mut low, mut high) = (first.max(0.0) - 1.0, last.min(self.count_moments.most));
            let sd = self.count_moments.variance.sqrt();
            let mut x = (Chernoff { days: &[], moments: &self.count_moments }.about(level)).round();
            let mut step = (sd / 32.0).ceil();
            // Brackets by growing steps.
            x = x.clamp(low + 1.0, high);
            if at_most(x) < level {
                low = x;
                while low + step < high && at_most(low + step) < level {
                    low += step;
                    step *= 2.0;
                }
                high = high.min(low + step);
            } else {
                high = x;
                while high - step > low && at_most(high - step) >= level {
                    high -= step;
                    step *= 2.0;
                }
                low = low.max(high - step);
            }
            while high - low > 1.0 {
                let middle = ((low + high) / 2.0).floor();
                if at_most(middle) < level { low = middle } else { high = middle }
            }
            high
        };
        let middle = least_count(level);
        // F is below the level where even all counts up to k − 1 are, and above it where they are without k.
        let [mut low, mut high] = [middle, middle];
        while low > 0.0 && at_most(low - 1.0) + error >= level {
            low -= 1.0;
        }
        while high < self.count_moments.most && at_most(high) - error < level {
            high += 1.0;
        }
        let width = ((most - least) / unit).floor();
        let exact = high - low + width;
        let spread = self.rest_moments.variance.sqrt() / unit;
        let near = 1.5 + spread / 2.0;
        let window = if exact <= 2.0 * near {
            let center = ((low + high) / 2.0).floor();
            let reach = (center - low + width).max(high + width - center);
            let (from, to) = (low * unit + least, high * unit + most);
            Window { center, reach, from, to, certain: true, middle: 0.0 }
        } else {
            // Where a quantile of u·M + E is about; checked when the series is there.
            let below = at_most(middle - 1.0);
            let share = (level - below) / (at_most(middle) - below).max(1e-300);
            let x = (middle - 0.5 + share.clamp(0.0, 1.0)) * unit + self.rest_offset + self.rest_moments.mean;
            let (from, to) = (x - near * unit, x + near * unit);
            let (low, high) = (((from - most) / unit).ceil(), ((to - least) / unit).floor());
            let center = ((low + high) / 2.0).floor();
            let reach = (center - low).max(high - center);
            Window { center, reach, from, to, certain: false, middle: 0.0 }
        };
        if window.center - window.reach < first || window.center + window.reach > last {
            return None;
        }
        let middle =
            (at_most(window.center - window.reach - 1.0) + at_most(window.center + window.reach)) / 2.0;
        Some(Window { middle, ..window })
    }
}
