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
struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    /// Adds a term; the sum so far.
    fn add(&mut self, term: f64) -> f64 {
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

/// Counts of some values with a common total: sums in ascending order, masses and their cumulative sums.
#[derive(Debug, Clone, Default)]
struct Counted {
    sums: Vec<f64>,
    masses: Vec<f64>,
    cumulative: Vec<f64>,
}

/// Draws of few values, as two independent groups of counts but for a factor.
///
/// Of n draws, let N_j take value j, with probability w_j, and the rest the heaviest value, with probability
/// w. The N_j have the probability Π π_j(N_j) · c(Σ N_j), where π_j is Poisson's law with mean λ_j = n w_j
/// and c(M) = e^{Σ λ_j} w^{n−M} Π_{i < M} (1 − i/n). So the values are split into two groups, and the counts
/// of each are listed by their total: the distribution function is a sum over pairs of totals of what a
/// [`Pair`] is.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    first: Vec<Counted>,
    second: Vec<Counted>,
    /// c.
    factors: Vec<f64>,
    /// What all sums have in common.
    base: f64,
    /// What cumulative probabilities are off by.
    error: f64,
}

/// Counts of a group that are listed at most.
const LONGEST: usize = 1 << 21;

/// Pairs of counts in a window that are looked at one by one.
const WINDOW: usize = 1 << 18;

impl Groups {
    /// One day's draws, where evaluating the distribution function takes at most `most` steps or so. Counts
    /// less likely than `least` are left out.
    pub(super) fn of(days: &[Day], most: usize, least: f64) -> Option<Self> {
        let [day] = days else { return None };
        let Kind::Draws(draws) = day.kind else { return None };
        let n = f64::from(draws);
        let rows = &day.weights[..day.rows];
        let rest = (0..day.rows).max_by(|&a, &b| rows[a].total_cmp(&rows[b]))?;
        let mut others: Vec<(f64, f64)> = (0..day.rows)
            .filter(|&row| row != rest)
            .map(|row| (day.values[row] - day.values[rest], n * rows[row]))
            .collect();
        others.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        let expected: f64 = others.iter().map(|(_, lambda)| lambda).sum();
        // The next value to the group that has fewer counts so far.
        let (mut groups, mut sizes) = ([Vec::new(), Vec::new()], [1.0f64; 2]);
        for other in others {
            let group = usize::from(sizes[1] < sizes[0]);
            sizes[group] *= 1.0 + other.1.sqrt();
            groups[group].push(other);
        }
        if sizes[0].max(sizes[1]) > most.min(LONGEST) as f64 {
            return None;
        }
        let totals = draws as usize + 1;
        let mut lists = Vec::new();
        for group in &groups {
            let mut counts = Counts {
                kinds: group,
                most: vec![1.0; group.len() + 1],
                lists: Vec::new(),
                left: most.min(LONGEST),
            };
            for (place, (_, lambda)) in group.iter().enumerate().rev() {
                // Poisson's law is largest at the floor of its mean.
                let mut largest = (-lambda).exp();
                for count in 1..=lambda.floor() as u32 {
                    largest *= lambda / f64::from(count);
                }
                counts.most[place] = counts.most[place + 1] * largest;
            }
            counts.lists.resize_with(totals, Vec::new);
            counts.from(0, 0, 0.0, 1.0, least);
            if counts.left == 0 {
                return None;
            }
            lists.push(counts.lists.into_iter().map(Counted::new).collect::<Vec<_>>());
        }
        let (second, first) = (lists.pop()?, lists.pop()?);
        let (mut logs, mut factors) = (0.0, Vec::with_capacity(totals));
        for total in 0..totals {
            factors.push((expected + (n - total as f64) * rows[rest].ln() + logs).exp());
            logs += (-(total as f64) / n).ln_1p();
        }
        let base = n * day.values[rest];
        let mut law = Self { first, second, factors, base, error: 0.0 };
        let used = |lists: &[Counted]| -> (usize, usize) {
            let used = lists.iter().filter(|list| !list.sums.is_empty());
            used.fold((0, 0), |(lists, sums), list| (lists + 1, sums + list.sums.len()))
        };
        let ((a, b), (c, d)) = (used(&law.first), used(&law.second));
        if a * d + b * c > most {
            return None;
        }
        // All probabilities add up to 1: what lacks is left out, or rounding.
        let (total, _) = law.at_most(f64::INFINITY);
        law.error = (1.0 - total).abs() + 2.0 * ROUNDING;
        Some(law)
    }

    pub(super) fn error(&self) -> f64 {
        self.error
    }

    /// Both lists of each pair of totals, with their factor.
    fn pairs(&self) -> impl Iterator<Item = (&Counted, &Counted, f64)> {
        self.first.iter().enumerate().filter(|(_, first)| !first.sums.is_empty()).flat_map(
            move |(m, first)| {
                // Totals above all draws have no factor.
                let second = self.second.iter().zip(self.factors.get(m..).unwrap_or_default());
                let second = second.filter(|(second, _)| !second.sums.is_empty());
                second.map(move |(second, &factor)| (first, second, factor))
            },
        )
    }

    /// P(S ≤ x), and the number of pairs of counts up to there.
    pub(super) fn at_most(&self, x: f64) -> (f64, usize) {
        let (mut total, mut count) = (Total::default(), 0);
        for (first, second, factor) in self.pairs() {
            let (mut place, mut part) = (second.sums.len(), 0.0);
            for (sum, mass) in first.sums.iter().zip(&first.masses) {
                let room = x - self.base - sum;
                while place > 0 && second.sums[place - 1] > room {
                    place -= 1;
                }
                if place == 0 {
                    break;
                }
                part += mass * second.cumulative[place - 1];
                count += place;
            }
            total.add(part * factor);
        }
        (total.add(0.0), count)
    }

    /// The least sum whose cumulative probability reaches `level`, and how far what is left out can move it.
    /// The search begins around `about`, with steps of `step`; sums are from 0 to `most`.
    pub(super) fn quantile(&self, level: f64, about: f64, step: f64, most: f64) -> (f64, f64) {
        let [least, largest] = [level - ROUNDING - self.error, level + ROUNDING + self.error];
        let (mut low, mut high, mut reach) = (about - step, about + step, step);
        let (mut below, mut above) = (self.at_most(low), self.at_most(high));
        while low > 0.0 && below.0 >= least {
            reach *= 2.0;
            (high, above) = (low, below);
            low -= reach;
            below = self.at_most(low);
        }
        while high < most && above.0 < largest {
            reach *= 2.0;
            if above.0 < least {
                (low, below) = (high, above);
            }
            high += reach;
            above = self.at_most(high);
        }
        for _ in 0..60 {
            if above.1 - below.1 <= WINDOW {
                break;
            }
            // Where the straight line passes the level, and an eighth of the bracket at either side.
            let width = high - low;
            let share = ((level - below.0) / (above.0 - below.0)).clamp(0.0, 1.0);
            for x in [low + width * (share - 0.0625), low + width * (share + 0.0625)] {
                if x > low && x < high {
                    let here = self.at_most(x);
                    if here.0 < least {
                        (low, below) = (x, here);
                    } else if here.0 >= largest {
                        (high, above) = (x, here);
                    }
                }
            }
            if high - low > 0.75 * width {
                let x = low + (high - low) / 2.0;
                let here = self.at_most(x);
                if here.0 < least {
                    (low, below) = (x, here);
                } else if here.0 >= largest {
                    (high, above) = (x, here);
                }
            }
            if high - low > 0.99 * width {
                break;
            }
        }
        if above.1 - below.1 > 16 * WINDOW {
            // What is left out matters more than all that.
            return (high.min(most), high - low);
        }
        let inside = self.between(low, high);
        let mut total = Total::default();
        total.add(below.0);
        let (mut value, mut from, mut to) = (None, None, high);
        for (sum, mass) in inside {
            let reached = total.add(mass);
            if from.is_none() && reached >= least {
                from = Some(sum);
            }
            if value.is_none() && reached >= level - ROUNDING {
                value = Some(sum);
            }
            if reached >= largest {
                to = sum;
                break;
            }
        }
        let value = value.unwrap_or(high).min(most);
        (value, (value - from.unwrap_or(low)).max(to.min(most) - value))
    }

    /// Sums above `low`, up to `high`, and their probabilities, in ascending order.
    fn between(&self, low: f64, high: f64) -> Vec<(f64, f64)> {
        let mut inside = Vec::new();
        for (first, second, factor) in self.pairs() {
            let (mut begin, mut end) = (second.sums.len(), second.sums.len());
            for (sum, mass) in first.sums.iter().zip(&first.masses) {
                // The same comparisons as those of `at_most`.
                let [under, upper] = [low, high].map(|x| x - self.base - sum);
                while end > 0 && second.sums[end - 1] > upper {
                    end -= 1;
                }
                begin = begin.min(end);
                while begin > 0 && second.sums[begin - 1] > under {
                    begin -= 1;
                }
                if end == 0 {
                    break;
                }
                let places = second.sums[begin..end].iter().zip(&second.masses[begin..end]);
                inside.extend(places.map(|(other, part)| (self.base + (sum + other), mass * part * factor)));
            }
        }
        inside.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        inside
    }
}

impl Counted {
    fn new(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (sums, masses): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let mut total = Total::default();
        let cumulative = masses.iter().map(|&mass| total.add(mass)).collect();
        Self { sums, masses, cumulative }
    }
}

/// Counts on their way to be listed.
struct Counts<'a> {
    /// Values, and means of their counts.
    kinds: &'a [(f64, f64)],
    /// The largest probability there is for the counts from each value on.
    most: Vec<f64>,
    /// Sums and probabilities, by total.
    lists: Vec<Vec<(f64, f64)>>,
    /// Counts that may still be listed.
    left: usize,
}

impl Counts<'_> {
    /// All counts of the values from `kind` on that are as likely as `least`.
    fn from(&mut self, kind: usize, total: usize, sum: f64, chance: f64, least: f64) {
        if self.left == 0 {
            return;
        }
        let Some(&(value, lambda)) = self.kinds.get(kind) else {
            self.left -= 1;
            if let Some(list) = self.lists.get_mut(total) {
                list.push((sum, chance));
            }
            return;
        };
        let mut here = chance * (-lambda).exp();
        let mut count = 0usize;
        while total + count < self.lists.len() {
            if here * self.most[kind + 1] >= least {
                self.from(kind + 1, total + count, sum + count as f64 * value, here, least);
            } else if count as f64 > lambda {
                break;
            }
            count += 1;
            here *= lambda / count as f64;
        }
    }
}
