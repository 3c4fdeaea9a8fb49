//! The Fourier series of a distribution function: which terms it needs, its value, its inverse.

use super::day::{Day, Kind};
use super::lanes::{LANES, run};
use super::near::Near;
use super::screen::Screens;
use super::terms::{Terms, sum_of_moduli};
use super::waves::Waves;
use super::wheel::{BLOCK, SUMMED, Values, Wheel};

/// What a series is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// The series is that of the distribution function where the sum is within this distance.
    pub(super) period: f64,
    /// Points of a lattice in a period, where all sums lie on one. Even.
    pub(super) lattice: Option<usize>,
    /// Values of the characteristic function below this are left out.
    pub(super) negligible: f64,
    /// Where all terms of an octave of frequencies add up to less than this, the octaves above are left out.
    pub(super) faded: f64,
    /// Frequencies that are looked at, at least.
    pub(super) scan: usize,
    /// Products of rows and frequencies that are evaluated at most.
    pub(super) work: usize,
}

/// F(x) = ½ − Σ (b cos t x − a sin t x), with the errors of that.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    pub(super) period: f64,
    /// What x is counted from, and the value that the terms are added to.
    origin: f64,
    middle: f64,
    /// Numbers of frequencies, from ½.
    numbers: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    /// What the terms left out can add up to.
    pub(super) dropped: f64,
    /// What rounding can add up to.
    pub(super) rounding: f64,
    /// The largest slope of the density.
    pub(super) bend: f64,
    /// What is told apart at the last frequency, where there are large values up to there: half of its wave.
    /// Of the sums an unknown number may be within that, whatever the distribution function's error is
    /// elsewhere.
    pub(super) blur: f64,
    /// Whether nothing beyond the frequencies looked at is left out on trust.
    pub(super) complete: bool,
    /// Σ |term|, for rounding.
    sizes: f64,
    /// Where the series can be cut short, and what the terms beyond add up to at most.
    cuts: Vec<(usize, f64)>,
}

/// Terms of the shortest series that is tried for a value, and how many times as many the next one has.
const SHORT: usize = 64;
const LONGER: usize = 4;

impl Series {
    pub(super) fn new(days: &[Day], plan: &Plan) -> Self {
        let mut builder = Builder::new(days, *plan);
        let end = builder.falling();
        builder.revivals(end);
        builder.finish()
    }

    /// Number of terms, for measurements.
    #[cfg(test)]
    pub(super) fn terms(&self) -> usize {
        self.numbers.len()
    }

    /// The distribution function and the density.
    pub(super) fn at(&self, x: f64) -> (f64, f64) {
        self.first_at(x, self.numbers.len())
    }

    /// Both from so many terms, a multiple of [`LANES`].
    fn first_at(&self, x: f64, terms: usize) -> (f64, f64) {
        let Self { numbers, a, b, .. } = self;
        let (numbers, a, b) = (&numbers[..terms], &a[..terms], &b[..terms]);
        let [integral, density] = run(Terms { numbers, a, b, turns: (x - self.origin) / self.period });
        (self.middle - integral, density * std::f64::consts::TAU / self.period)
    }

    /// The distribution function and the density from as few terms as tell for certain on which side of
    /// `level` the former is, and whether these are all. A search begins with a `cut` of 0 and hands it on:
    /// what did not do at one point will hardly do closer to the root.
    pub(super) fn beside(&self, x: f64, level: f64, cut: &mut usize) -> (f64, f64, bool) {
        loop {
            let Some(&(terms, rest)) = self.cuts.get(*cut) else {
                let (value, density) = self.at(x);
                return (value, density, true);
            };
            let (value, density) = self.first_at(x, terms);
            if (value - level).abs() > 2.0 * rest {
                return (value, density, false);
            }
            *cut += 1;
        }
    }

    /// A series without terms: `middle` everywhere.
    pub(super) fn within(period: f64, origin: f64, middle: f64) -> Self {
        Self { period, origin, middle, ..Self::default() }
    }

    /// Adds a term: the characteristic function at a frequency, with the factor of its place.
    pub(super) fn push(&mut self, number: f64, re: f64, im: f64, factor: f64) {
        let size = (re * re + im * im).sqrt() * factor;
        self.numbers.push(number);
        self.a.push(re * factor);
        self.b.push(im * factor);
        self.sizes += size;
        self.bend += size * number * number;
    }

    /// Ready to be evaluated: of days of so many rows and draws.
    pub(super) fn finished(mut self, rows: usize, draws: f64) -> Self {
        let series = &mut self;
        let padded = series.numbers.len().next_multiple_of(LANES);
        series.numbers.resize(padded, 0.5);
        series.a.resize(padded, 0.0);
        series.b.resize(padded, 0.0);
        let step = std::f64::consts::TAU / series.period;
        series.bend *= step * step;
        let mut cuts = Vec::new();
        let (mut rest, mut end, mut terms) = (0.0, padded, SHORT);
        while terms * LONGER < padded {
            cuts.push(terms);
            terms *= LONGER;
        }
        for terms in cuts.into_iter().rev() {
            rest += sum_of_moduli(&series.a[terms..end], &series.b[terms..end]);
            end = terms;
            series.cuts.push((terms, rest));
        }
        series.cuts.reverse();
        // The mean of cosines is a sum of sums of up to `SUMMED` rows; then comes the power.
        let units = 8.0 + (rows.min(SUMMED) / 32 + rows / SUMMED) as f64;
        series.rounding = (8.0 + units * draws) * f64::EPSILON / 2.0 * series.sizes + f64::EPSILON;
        self
    }

    /// What comes beyond the last frequency, number `end`, is concluded from the last octave: nothing, where
    /// its terms add up to less than `faded`; else terms like those, of random phases.
    pub(super) fn end(&mut self, end: usize, faded: f64) {
        let late = self.numbers.partition_point(|&number| number < end as f64 / 2.0);
        let octave = sum_of_moduli(&self.a[late..], &self.b[late..]);
        if octave <= faded {
            // Octaves beyond, and an outcome that is too rare to be seen among these terms.
            self.dropped += 4.0 * octave;
            return;
        }
        self.blur = self.period / (2.0 * end as f64);
        let squares: f64 = (late..self.numbers.len())
            .map(|term| {
                let size = std::f64::consts::PI * self.numbers[term];
                (self.a[term] * self.a[term] + self.b[term] * self.b[term]) * size * size
            })
            .sum();
        let mean = squares / (end as f64 / 2.0);
        self.dropped += 8.0 * mean.sqrt() / (std::f64::consts::PI * (end as f64).sqrt());
    }

    /// What the distribution function can be off by, but for the tails.
    pub(super) fn error(&self) -> f64 {
        self.dropped + self.rounding
    }
}

struct Builder<'a> {
    days: &'a [Day],
    plan: Plan,
    series: Series,
    /// The days' rows, once they are needed.
    wheels: Vec<Wheel>,
    /// Tests of frequencies, day by day, once they are needed: by multiples, else by the screens.
    waves: Vec<Option<Waves>>,
    screens: Vec<Screens<'a>>,
    limit: usize,
    draws: f64,
    /// Rows of a block of frequencies, and those that may still be evaluated.
    rows: usize,
    left: usize,
}

/// Revivals may only be said to fade from here on: those of close values come late, at lower frequencies
/// there may be none for long.
const FADING: usize = 1 << 21;

/// Frequencies that are looked at, at most.
const FARTHEST: usize = 1 << 22;

/// As many frequencies are one stretch.
const WHOLE: usize = 1 << 12;

/// How many times as far the next stretch of frequencies ends as it begins.
pub(super) const STRETCH: usize = 16;

impl<'a> Builder<'a> {
    fn new(days: &'a [Day], plan: Plan) -> Self {
        let limit = plan.lattice.map_or(FARTHEST, |points| points / 2);
        let rows = |day: &Day| match day.kind {
            Kind::Draws(draws) => f64::from(draws),
            Kind::Chance(_) => day.rows as f64,
        };
        let series = Series::within(plan.period, 0.0, 0.5);
        let draws = days.iter().map(rows).sum();
        let rows = BLOCK * days.iter().map(|day| day.rows).sum::<usize>();
        Self {
            days,
            plan,
            series,
            wheels: Vec::new(),
            screens: Vec::new(),
            waves: Vec::new(),
            limit,
            draws,
            rows,
            left: plan.work,
        }
    }

    /// 1/(π(k + ½)), or what takes its place where only points between those of a lattice are asked for.
    fn factor(&self, number: f64) -> f64 {
        use std::f64::consts::PI;
        match self.plan.lattice {
            None => 1.0 / (PI * number),
            Some(points) => 1.0 / (points as f64 * libm::sin(PI * number / points as f64)),
        }
    }

    /// The characteristic function of the sum at the next frequencies of the wheels.
    fn next(&mut self) -> Values {
        self.left = self.left.saturating_sub(self.rows);
        let mut product = Values::default();
        for (place, (day, wheel)) in self.days.iter().zip(&mut self.wheels).enumerate() {
            let mut block = Values::default();
            wheel.block(&mut block);
            day.raise(&mut block);
            if place == 0 {
                product = block;
                continue;
            }
            product.multiply(&block);
        }
        product
    }

    /// The same, or nothing where one day's draws have no mean whose modulus squared is `least` or more:
    /// powers are taken only where they count.
    fn next_above(&mut self, least: f64) -> Option<Values> {
        let ([day], [wheel]) = (self.days, &mut self.wheels[..]) else { return Some(self.next()) };
        self.left = self.left.saturating_sub(self.rows);
        let mut block = Values::default();
        wheel.block(&mut block);
        let mut largest = [0.0f64; BLOCK];
        for k in 0..BLOCK {
            largest[k] = block.re[k] * block.re[k] + block.im[k] * block.im[k];
        }
        if !largest.iter().any(|&square| square >= least) {
            return None;
        }
        day.raise(&mut block);
        Some(block)
    }

    fn start(&mut self, first: usize) {
        if self.wheels.is_empty() {
            self.wheels = self.days.iter().map(|day| day.wheel(self.plan.period)).collect();
        }
        for wheel in &mut self.wheels {
            wheel.start(first as f64, 1.0);
        }
    }

    /// Takes the eights of a block that have values above `least`; its largest modulus, and that of its last
    /// quarter.
    fn take(&mut self, first: usize, block: &Values, least: f64) -> [f64; 2] {
        let mut sizes = [0.0f64; BLOCK];
        for k in 0..BLOCK {
            sizes[k] = (block.re[k] * block.re[k] + block.im[k] * block.im[k]).sqrt();
        }
        let end = BLOCK.min(self.limit.saturating_sub(first));
        for begin in (0..end).step_by(LANES) {
            let eight = begin..(begin + LANES).min(end);
            if sizes[eight.clone()].iter().all(|&size| size < least) {
                continue;
            }
            for k in eight {
                let number = (first + k) as f64 + 0.5;
                let factor = self.factor(number);
                self.series.push(number, block.re[k], block.im[k], factor);
            }
        }
        let largest = |sizes: &[f64]| sizes.iter().copied().fold(0.0, f64::max);
        [largest(&sizes[..end]), largest(&sizes[(BLOCK - BLOCK / 4).min(end)..end])]
    }

    /// All frequencies until the characteristic function is negligible for the first time; where that is, and
    /// whether it is so.
    fn falling(&mut self) -> (usize, bool) {
        let (mut first, fallen) = self.near();
        if fallen {
            return (first, true);
        }
        self.start(first);
        while first < self.limit && self.left > 0 {
            let block = self.next();
            let [_, last] = self.take(first, &block, self.plan.negligible / 16.0);
            first += BLOCK;
            if last < self.plan.negligible {
                return (first.min(self.limit), true);
            }
        }
        (first.min(self.limit), false)
    }

    /// The lowest frequencies by power moments, where all days have these, as far as these go; where that is,
    /// and whether the characteristic function has become negligible.
    fn near(&mut self) -> (usize, bool) {
        let near: Option<Vec<Near>> = self.days.iter().map(|day| Near::of(day, self.plan.period)).collect();
        let Some(mut near) = near else { return (0, false) };
        let end = near.iter().map(|near| near.end).fold(self.limit, usize::min);
        let (mut first, mut fallen) = (0, false);
        let mut block = Values::default();
        while first + BLOCK <= end && self.left > 0 {
            self.left = self.left.saturating_sub(self.rows);
            let mut product = Values::default();
            for (place, (day, near)) in self.days.iter().zip(&mut near).enumerate() {
                let values = if place == 0 { &mut product } else { &mut block };
                near.block(first, values);
                day.raise(values);
                if place > 0 {
                    product.multiply(&block);
                }
            }
            let [_, last] = self.take(first, &product, self.plan.negligible / 16.0);
            first += BLOCK;
            fallen |= last < self.plan.negligible;
        }
        (first, fallen)
    }

    /// Frequencies at which the characteristic function is large again.
    fn revivals(&mut self, (end, fallen): (usize, bool)) {
        use std::f64::consts::PI;
        let Plan { negligible, lattice, .. } = self.plan;
        if end >= self.limit || !fallen {
            self.series.complete = lattice.is_some() && end >= self.limit;
            if !self.series.complete {
                self.series.blur = self.plan.period / (2.0 * end.max(1) as f64);
                // Terms that do not fall off, as if of random phases: their mean square says what is left
                // out.
                self.series.dropped += self.tail(end / 2, end);
            }
            return;
        }
        let mut scanned = self.plan.scan.max(2 * end).min(self.limit);
        if lattice.is_some() {
            scanned = self.limit;
        }
        let mut begin = end;
        // In ever longer stretches: the farther out, the less a value counts, and the more may be left out.
        while begin < scanned {
            let stretch = if scanned <= WHOLE { scanned } else { (begin * STRETCH).min(scanned) };
            let negligible = if lattice.is_some() {
                negligible
            } else {
                negligible * (begin as f64 / end as f64).sqrt().min(1e4)
            };
            let late = self.stretch(begin, stretch, negligible);
            // Each term left out is below negligible/(π(k + ½)).
            self.series.dropped += negligible / PI * (stretch as f64 / begin as f64).ln();
            if self.left == 0 {
                // What was not looked at may be as large as what was, or larger.
                self.series.blur = self.plan.period / (2.0 * begin as f64);
                self.series.dropped += self.octave(end) + 1.0 / (PI * begin as f64);
                return;
            }
            begin = stretch;
            if begin < scanned {
                continue;
            }
            if begin >= self.limit {
                self.series.complete = lattice.is_some();
                if !self.series.complete && late > negligible {
                    self.series.blur = self.plan.period / (2.0 * begin as f64);
                    self.series.dropped += self.tail(begin / 2, begin);
                }
                break;
            }
            // Beyond, terms are taken to be no larger than in the last octave.
            let octave = self.octave(begin / 2);
            if late > negligible && (begin < FADING || octave > self.plan.faded) {
                scanned = (scanned * 2).min(self.limit);
            } else {
                self.series.dropped += octave + negligible / PI;
            }
        }
    }

    /// Takes what is not negligible between two frequencies; the largest value found in the upper half.
    fn stretch(&mut self, begin: usize, end: usize, negligible: f64) -> f64 {
        let mut runs = vec![(begin, end)];
        if self.waves.is_empty() {
            for day in self.days {
                let waves = Waves::of(day, self.plan.period, negligible);
                if waves.is_none() {
                    self.screens.push(Screens::of(day, self.plan.period, negligible));
                }
                self.waves.push(waves);
            }
        }
        // A product is large only where each of its factors is.
        for waves in self.waves.iter_mut().flatten() {
            runs = waves.pass(&runs, negligible);
        }
        for screens in &mut self.screens {
            runs = screens.pass(runs, negligible);
        }
        let mut late = 0.0f64;
        let least = match self.days {
            [Day { kind: Kind::Draws(draws), .. }] => (2.0 * negligible.ln() / f64::from(*draws)).exp(),
            _ => 0.0,
        };
        for (first, last) in runs {
            self.start(first);
            for block_first in (first..last).step_by(BLOCK) {
                if self.left == 0 {
                    return late;
                }
                let Some(block) = self.next_above(least) else { continue };
                let [largest, _] = self.take(block_first, &block, negligible);
                if block_first >= end / 2 {
                    late = late.max(largest);
                }
            }
        }
        late
    }

    /// Eight standard deviations of what terms from `to` on can add up to, if they are like those of a range.
    fn tail(&self, from: usize, to: usize) -> f64 {
        let Series { numbers, a, b, .. } = &self.series;
        let late = numbers.partition_point(|&number| number < from as f64);
        let squares: f64 = (late..numbers.len())
            .map(|term| (a[term] * a[term] + b[term] * b[term]) / self.factor(numbers[term]).powi(2))
            .sum();
        let mean = squares / (to - from).max(1) as f64;
        8.0 * mean.sqrt() / (std::f64::consts::PI * (to.max(1) as f64).sqrt())
    }

    /// Σ |term| over the terms taken from frequency `from` on.
    fn octave(&self, from: usize) -> f64 {
        let Series { numbers, a, b, .. } = &self.series;
        let late = numbers.partition_point(|&number| number < from as f64);
        sum_of_moduli(&a[late..], &b[late..])
    }

    fn finish(self) -> Series {
        self.series.finished(self.rows / BLOCK, self.draws)
    }
}
