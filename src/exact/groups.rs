//! Draws of few values as two independent groups of counts, where all outcomes are too many to be listed.
//!
//! Of n draws, let N_j take value j, with probability w_j, and the rest the heaviest value, with probability
//! w. The N_j have the probability Π π_j(N_j) · c(Σ N_j), where π_j is Poisson's law with mean λ_j = n w_j
//! and c(M) = e^{Σ λ_j} w^{n−M} Π_{i < M} (1 − i/n). So the values are split into two groups, and the counts
//! of each are listed by their total: the distribution function is a sum over pairs of totals of what a
//! `Pair` is.

use super::atoms::{ROUNDING, Total};
use super::day::{Day, Kind};

/// Counts of some values with a common total: sums in ascending order, masses and their cumulative sums.
#[derive(Debug, Clone, Default)]
struct Counted {
    sums: Vec<f64>,
    masses: Vec<f64>,
    cumulative: Vec<f64>,
}

/// Draws of few values, as two independent groups of counts but for a factor.
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
