//! Laws with few outcomes, listed: every sum there is, with its probability.
//!
//! D distinct values drawn n times have C(n + D − 1, n) different outcomes; rows that are in by chance
//! 2^rows. A sum of two independent laws that are both listed is their [`Pair`]: its distribution function is
//! one pass over both lists, and need not be listed itself.

use super::day::{Day, Kind};

/// Sums in ascending order, with their probabilities.
#[derive(Debug, Clone)]
pub(super) struct Atoms {
    sums: Vec<f64>,
    masses: Vec<f64>,
    /// Probabilities of at most each sum.
    cumulative: Vec<f64>,
    /// The probability of outcomes that are not listed.
    missing: f64,
}

impl Atoms {
    /// From pairs of a sum and its probability. Sums that only rounding holds apart become one.
    fn new(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut sums, mut masses): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for (sum, mass) in pairs {
            match (sums.last(), masses.last_mut()) {
                (Some(&last), Some(before)) if sum - last <= SAME * sum => *before += mass,
                _ => {
                    sums.push(sum);
                    masses.push(mass);
                }
            }
        }
        let mut total = Total::default();
        let cumulative = masses.iter().map(|&mass| total.add(mass)).collect();
        Self { sums, masses, cumulative, missing: 0.0 }
    }

    /// The law that is always 0.
    pub(super) fn nothing() -> Self {
        Self { sums: vec![0.0], masses: vec![1.0], cumulative: vec![1.0], missing: 0.0 }
    }

    pub(super) fn len(&self) -> usize {
        self.sums.len()
    }

    /// The law of the sum with an independent one.
    pub(super) fn with(&self, other: &Self) -> Self {
        let mut pairs = Vec::with_capacity(self.len() * other.len());
        for (sum, mass) in self.sums.iter().zip(&self.masses) {
            pairs.extend(other.sums.iter().zip(&other.masses).map(|(s, m)| (sum + s, mass * m)));
        }
        Self { missing: self.missing + other.missing, ..Self::new(pairs) }
    }

    /// The least sum whose cumulative probability reaches `level`, and how far outcomes that are not listed
    /// can move it.
    pub(super) fn quantile(&self, level: f64) -> (f64, f64) {
        let least = |level: f64| {
            let place = self.cumulative.partition_point(|&total| total < level);
            self.sums.get(place).or(self.sums.last()).copied().unwrap_or(0.0)
        };
        let value = least(level - ROUNDING);
        if self.missing == 0.0 {
            return (value, 0.0);
        }
        let low = least(level - ROUNDING - self.missing);
        (value, (value - low).max(least(level + ROUNDING) - value))
    }

    /// What cumulative probabilities are off by.
    pub(super) fn error(&self) -> f64 {
        ROUNDING + self.missing
    }

    /// P(S < x) and P(S ≤ x), where sums within `width` of x are taken for x.
    pub(super) fn cdf(&self, x: f64, width: f64) -> [f64; 2] {
        [x - width, x + width].map(|x| {
            let place = self.sums.partition_point(|&sum| sum < x);
            if place == 0 { 0.0 } else { self.cumulative[place - 1].min(1.0) }
        })
    }
}

/// Sums closer than this, relative to their size, differ by rounding alone.
pub(super) const SAME: f64 = 1e-14;

/// What cumulative probabilities are off by, by rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// A sum that carries what rounding takes off (Kahan).
#[derive(Debug, Default)]
pub(super) struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    /// Adds a term; the sum so far.
    pub(super) fn add(&mut self, term: f64) -> f64 {
        let term = term - self.lost;
        let sum = self.sum + term;
        self.lost = (sum - self.sum) - term;
        self.sum = sum;
        sum
    }
}

/// A sum of two independent laws.
#[derive(Debug, Clone)]
pub(super) struct Pair(pub(super) Atoms, pub(super) Atoms);

impl Pair {
    /// P(S ≤ x).
    pub(super) fn at_most(&self, x: f64) -> f64 {
        let Self(first, second) = self;
        let mut place = second.len();
        let mut total = Total::default();
        for (sum, mass) in first.sums.iter().zip(&first.masses) {
            while place > 0 && sum + second.sums[place - 1] > x {
                place -= 1;
            }
            if place == 0 {
                break;
            }
            total.add(mass * second.cumulative[place - 1]);
        }
        total.add(0.0).min(1.0)
    }
}

/// Number of outcomes of `draws` draws from `rows` values, as a double.
fn outcomes(rows: usize, draws: u32) -> f64 {
    let small = (rows - 1).min(draws as usize);
    let all = (rows - 1) as f64 + f64::from(draws);
    let mut count = 1.0;
    for taken in 0..small {
        count *= (all - taken as f64) / (taken as f64 + 1.0);
        if count > 1e18 {
            break;
        }
    }
    count
}

/// How far a list may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Outcomes at most.
    pub(super) most: usize,
    /// Outcomes less likely than this are left out where there are too many otherwise. 0: nothing is.
    pub(super) least: f64,
}

/// The law of `draws` draws from the day's values, if it fits the extent.
fn drawn(day: &Day, draws: u32, extent: Extent) -> Option<Atoms> {
    if draws == 0 {
        return Some(Atoms::nothing());
    }
    let all = outcomes(day.rows, draws);
    let fits = all <= extent.most as f64;
    if !fits && (extent.least == 0.0 || day.rows > PRUNED) {
        return None;
    }
    // Logs of factorials: summed up, they are good to n · 1e-16 or so.
    let mut factorials = vec![0.0; draws as usize + 1];
    for number in 1..factorials.len() {
        factorials[number] = factorials[number - 1] + (number as f64).ln();
    }
    // Rare values first: the last one's number of draws is what is left.
    let mut order: Vec<usize> = (0..day.rows).collect();
    order.sort_by(|&a, &b| day.weights[a].total_cmp(&day.weights[b]));
    let values: Vec<f64> = order.iter().map(|&row| day.values[row]).collect();
    let weights: Vec<f64> = order.iter().map(|&row| day.weights[row]).collect();
    let rest = |place: usize| weights[place..].iter().sum::<f64>().ln();
    let mut listing = Listing {
        values: &values,
        logs: weights.iter().map(|weight| weight.ln()).collect(),
        rests: (0..weights.len()).map(rest).collect(),
        factorials: &factorials,
        pairs: Vec::with_capacity(if fits { all as usize } else { 1 << 16 }),
        least: if fits { f64::NEG_INFINITY } else { extent.least.ln() },
        most: extent.most,
        missing: 0.0,
    };
    listing.from(0, draws, 0.0, factorials[draws as usize]);
    (listing.pairs.len() <= extent.most)
        .then(|| Atoms { missing: listing.missing, ..Atoms::new(listing.pairs) })
}

/// Days of more distinct values have no list that leaves rare outcomes out.
const PRUNED: usize = 8;

struct Listing<'a> {
    values: &'a [f64],
    logs: Vec<f64>,
    /// Logs of the probability to draw this value or a later one.
    rests: Vec<f64>,
    factorials: &'a [f64],
    pairs: Vec<(f64, f64)>,
    /// The log of the least probability of what is followed.
    least: f64,
    most: usize,
    missing: f64,
}

impl Listing<'_> {
    /// All ways to take `left` draws from the values from `first` on.
    fn from(&mut self, first: usize, left: u32, sum: f64, log: f64) {
        if self.pairs.len() > self.most {
            return;
        }
        // The probability of all outcomes that begin like this.
        let chance = if left == 0 {
            log
        } else {
            log + f64::from(left) * self.rests[first] - self.factorials[left as usize]
        };
        if chance < self.least {
            self.missing += chance.exp();
            return;
        }
        if first + 1 == self.values.len() || left == 0 {
            let last = if left == 0 { 0.0 } else { f64::from(left) * self.values[first] };
            self.pairs.push((sum + last, chance.exp()));
            return;
        }
        for count in 0..=left {
            let (times, value) = (f64::from(count), self.values[first]);
            let log = log + times * self.logs[first] - self.factorials[count as usize];
            self.from(first + 1, left - count, sum + times * value, log);
        }
    }
}

/// The law of a subset of rows, if it has at most `most` outcomes.
fn by_chance(values: &[f64], chance: f64, most: usize) -> Option<Atoms> {
    if values.len() >= 40 || 1usize << values.len() > most {
        return None;
    }
    let mut law = Atoms::nothing();
    for &value in values {
        law = law.with(&Atoms::new(vec![(0.0, 1.0 - chance), (value, chance)]));
    }
    Some(law)
}

/// The law of the sum over days, if lists within the extent can be made; else two whose sum it is.
pub(super) fn list(days: &[Day], extent: Extent) -> Option<(Atoms, Option<Atoms>)> {
    let most = extent.most;
    let mut pieces = Vec::new();
    for day in days {
        match day.kind {
            Kind::Draws(draws) => match drawn(day, draws, extent) {
                Some(law) => pieces.push(law),
                None => {
                    pieces.push(drawn(day, draws / 2, Extent { least: 0.0, ..extent })?);
                    pieces.push(drawn(day, draws - draws / 2, Extent { least: 0.0, ..extent })?);
                }
            },
            Kind::Chance(chance) => {
                let rows = &day.values[..day.rows];
                let cut = if rows.len() < 40 && 1 << rows.len() <= most { 0 } else { rows.len() / 2 };
                for rows in [&rows[..cut], &rows[cut..]] {
                    pieces.push(by_chance(rows, chance, most)?);
                }
            }
        }
    }
    pieces.sort_by_key(Atoms::len);
    let (mut first, mut second) = (Atoms::nothing(), Atoms::nothing());
    for piece in pieces.into_iter().rev() {
        if first.len() * piece.len() <= most {
            first = first.with(&piece);
        } else if second.len() * piece.len() <= most {
            second = second.with(&piece);
        } else {
            return None;
        }
    }
    Some((first, (second.len() > 1).then_some(second)))
}
