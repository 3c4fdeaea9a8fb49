//! Cleaning the ticks of one stock on one day: session, half days, equal times, outliers.
//!
//! A tick is a time, in nanoseconds after local midnight, and a price. The steps are those of
//! Barndorff-Nielsen, Hansen, Lunde and Shephard (2009), as far as times and prices go, always
//! in this order:
//!
//! | step | what it does | here |
//! |---|---|---|
//! | P1 | leaves out ticks outside of the exchange's hours | [`Cleaning::session`], [`Cleaning::half_days`] |
//! | P2 | leaves out prices of zero | prices must be positive; rows without one: [`Cleaning::missing`] |
//! | P3 | keeps the ticks of one exchange | not here: choose the rows beforehand |
//! | T1 | leaves out corrected trades | not here: choose the rows beforehand |
//! | T2 | leaves out trades with an unusual condition of sale | not here: choose the rows beforehand |
//! | T3 | trades of one time become one, at the median price | [`Duplicates::Median`] |
//! | T4 | leaves out trades beyond the quotes by more than the spread | [`Cleaning::outliers`] instead |
//!
//! Outliers come after equal times, as T4 comes after T3. In place of T4 stands the rule of Brownlees and
//! Gallo (2006): see [`Outliers`].
//!
//! Without any setting nothing is left out, and two ticks of one time are an error: what to make of them is
//! the user's choice.
//!
//! Source: O. E. Barndorff-Nielsen, P. R. Hansen, A. Lunde and N. Shephard (2009), "Realized kernels in
//! practice: trades and quotes", Econometrics Journal 12, C1-C32.

use std::iter::Sum;
use std::ops::AddAssign;

use jiff::civil::Date;

use super::error::clock;
use super::half_day::half_day_close;
use super::outliers::Outliers;
use super::session::{DAY, Session};

/// What to do with rows that have no price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// Refuse: each row must have a price.
    #[default]
    Error,
    /// Leave the row out.
    Skip,
}

/// What to do with ticks of one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Refuse: a stock has one tick at a time.
    #[default]
    Error,
    /// Keep the last of them, in the order of the rows.
    Last,
    /// Make them one tick at their mean price.
    Mean,
    /// Make them one tick at their median price (of an even number, the mean of the middle two).
    Median,
}

/// What to do on the half days of the New York Stock Exchange: see [`half_day_close`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HalfDays {
    /// Treat them like any day.
    #[default]
    Keep,
    /// Leave out the ticks after the early close. A tick at the close itself stays.
    Short,
    /// Leave the day out.
    Drop,
}

/// How the ticks of a day are cleaned; without any setting nothing is left out, and missing prices and
/// repeated times are errors. The steps go in the order session, half days, duplicates, outliers.
///
/// **Session** (P1 of Barndorff-Nielsen, Hansen, Lunde and Shephard 2009): ticks before and after it are left
/// out; its first and last time belong to it. **Half days**: see [`HalfDays`]. **Duplicates** (T3): see
/// [`Duplicates`]. **Outliers**: price pᵢ stays where |pᵢ − p̄ᵢ| < 3 sᵢ + γ, with the δ-trimmed mean p̄ᵢ and
/// the standard deviation sᵢ of the k prices of the day around it (Brownlees and Gallo 2006; the source says
/// it in full).
///
/// ```
/// # use bellwether::jiff::civil::date;
/// # use bellwether::panel::{Cleaning, Counts, DayTicks, Duplicates};
/// let cleaning = Cleaning::default().session("09:30-16:00".parse()?).duplicates(Duplicates::Median);
/// let second = 1_000_000_000;
/// let times = [34_100, 34_200, 34_200, 34_200, 34_201].map(|time| time * second);
/// let mut ticks = DayTicks::new(times.to_vec(), vec![9.0, 1.0, 5.0, 2.0, 3.0])?;
/// let mut counts = Counts::default();
/// cleaning.clean(date(2018, 1, 2), &mut ticks, &mut counts)?;
/// assert_eq!(ticks.prices(), [2.0, 3.0]);
/// assert_eq!((counts.rows, counts.session, counts.duplicates, counts.kept()), (5, 1, 2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Cleaning {
    /// What to do with rows that have no price; applied where files are read.
    pub missing: Missing,
    /// What to do with ticks of one time.
    pub duplicates: Duplicates,
    /// The part of the day that is used; all of it where there is none.
    pub session: Option<Session>,
    /// What to do on half days.
    pub half_days: HalfDays,
    /// Which prices are outliers; none where there is no rule.
    pub outliers: Option<Outliers>,
}

/// The ticks of one stock on one day: times in nanoseconds after local midnight that never go back (equal
/// ones are allowed), and as many prices, finite and positive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayTicks {
    times: Vec<u64>,
    prices: Vec<f64>,
}

/// How many rows there were, and how many each step took: those of a day, added to what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Rows with a price that went into cleaning.
    pub rows: u64,
    /// Rows left out as they have no price; counted where files are read, and not among `rows`.
    pub missing: u64,
    /// Rows outside of the session.
    pub session: u64,
    /// Rows after the early close of a half day, or of a half day that was left out.
    pub half_days: u64,
    /// Rows that became one with another of their time: all but one of each time.
    pub duplicates: u64,
    /// Outliers.
    pub outliers: u64,
}

/// Why the ticks of a day could not be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TickFault {
    /// Two ticks of one time, where these are an error.
    #[error(
        "two prices have the time {}; say with `duplicates` whether their last, mean or median is meant",
        clock(*time)
    )]
    Duplicate {
        /// The row of the second of them, from 0, in the ticks as they were given.
        row: usize,
        /// Their time, in nanoseconds after midnight.
        time: u64,
    },
    /// A time before that of the row before.
    #[error("the time {} comes after {}; sort the rows by time", clock(*time), clock(*previous))]
    Order {
        /// The row, from 0.
        row: usize,
        /// Its time, in nanoseconds after midnight.
        time: u64,
        /// The time of the row before.
        previous: u64,
    },
    /// A time that the day does not have.
    #[error("the time {time} ns after midnight is beyond 24:00; give times in nanoseconds after midnight")]
    Late {
        /// The row, from 0.
        row: usize,
        /// Its time, in nanoseconds after midnight.
        time: u64,
    },
    /// A price that is none.
    #[error("the price {price} is not a positive number; leave the row out, or correct it")]
    Price {
        /// The row, from 0.
        row: usize,
        /// The price.
        price: f64,
    },
    /// Times and prices do not go together.
    #[error("there are {times} times but {prices} prices; give one price for each time")]
    Lengths {
        /// The number of times.
        times: usize,
        /// The number of prices.
        prices: usize,
    },
}

impl DayTicks {
    /// The ticks with these times and prices, in the order of time.
    ///
    /// # Errors
    ///
    /// [`TickFault`] where there are not as many prices as times, a time comes before the one before it or is
    /// beyond 24:00, or a price is not finite and positive.
    pub fn new(times: Vec<u64>, prices: Vec<f64>) -> Result<Self, TickFault> {
        if times.len() != prices.len() {
            return Err(TickFault::Lengths { times: times.len(), prices: prices.len() });
        }
        let mut previous = 0;
        for (row, (&time, &price)) in times.iter().zip(&prices).enumerate() {
            if time < previous {
                return Err(TickFault::Order { row, time, previous });
            }
            if time > DAY {
                return Err(TickFault::Late { row, time });
            }
            if !(price > 0.0 && price.is_finite()) {
                return Err(TickFault::Price { row, price });
            }
            previous = time;
        }
        Ok(Self { times, prices })
    }

    /// Times, in nanoseconds after midnight.
    pub fn times(&self) -> &[u64] {
        &self.times
    }

    /// Prices, one for each time.
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// The number of ticks.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no tick.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Times and prices.
    pub fn into_parts(self) -> (Vec<u64>, Vec<f64>) {
        (self.times, self.prices)
    }

    /// Adds a tick that comes after all others, at a price that is one already.
    pub(super) fn push(&mut self, time: u64, price: f64) {
        self.times.push(time);
        self.prices.push(price);
    }

    /// Keeps the first rows, so many, and returns how many that took away.
    fn truncate(&mut self, rows: usize) -> u64 {
        let taken = self.len() - rows;
        self.times.truncate(rows);
        self.prices.truncate(rows);
        taken as u64
    }

    /// Takes away the first rows, so many.
    fn skip(&mut self, rows: usize) -> u64 {
        self.times.drain(..rows);
        self.prices.drain(..rows);
        rows as u64
    }

    /// Makes the ticks of each time one, at the price that `price` makes of theirs, and returns how many that
    /// took away.
    fn merge(&mut self, price: impl Fn(&mut [f64]) -> f64) -> u64 {
        let (mut kept, mut start) = (0, 0);
        while let Some(&time) = self.times.get(start) {
            let end = start + self.times[start..].iter().take_while(|other| **other == time).count();
            self.prices[kept] = match end - start {
                1 => self.prices[start],
                _ => price(&mut self.prices[start..end]),
            };
            self.times[kept] = time;
            (kept, start) = (kept + 1, end);
        }
        self.truncate(kept)
    }
}

impl Cleaning {
    /// Says what to do with rows that have no price.
    pub fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }

    /// Says what to do with ticks of one time.
    pub fn duplicates(self, duplicates: Duplicates) -> Self {
        Self { duplicates, ..self }
    }

    /// Leaves out what is not in this session.
    pub fn session(self, session: Session) -> Self {
        Self { session: Some(session), ..self }
    }

    /// Says what to do on half days.
    pub fn half_days(self, half_days: HalfDays) -> Self {
        Self { half_days, ..self }
    }

    /// Leaves out the outliers by this rule.
    pub fn outliers(self, outliers: Outliers) -> Self {
        Self { outliers: Some(outliers), ..self }
    }

    /// Whether all ticks of this day are left out, so that it need not be read.
    pub fn drops(&self, date: Date) -> bool {
        self.half_days == HalfDays::Drop && half_day_close(date).is_some()
    }

    /// When this day closes early, in nanoseconds after midnight, where half days are cut there.
    pub fn early_close(&self, date: Date) -> Option<u64> {
        half_day_close(date).filter(|_| self.half_days == HalfDays::Short)
    }

    /// Cleans the ticks of a stock on this day, in place, and adds what each step took to `counts`. There may
    /// be no tick left.
    ///
    /// # Errors
    ///
    /// [`TickFault::Duplicate`] for the first time in the session that comes twice, where that is an error.
    /// The ticks may then be cleaned in part.
    pub fn clean(&self, date: Date, ticks: &mut DayTicks, counts: &mut Counts) -> Result<(), TickFault> {
        counts.rows += ticks.len() as u64;
        let mut skipped = 0;
        if let Some(session) = self.session {
            counts.session += ticks.truncate(ticks.times.partition_point(|time| *time <= session.to()));
            skipped = ticks.times.partition_point(|time| *time < session.from());
            counts.session += ticks.skip(skipped);
        }
        if self.drops(date) {
            counts.half_days += ticks.truncate(0);
        } else if let Some(close) = self.early_close(date) {
            counts.half_days += ticks.truncate(ticks.times.partition_point(|time| *time <= close));
        }
        counts.duplicates += match self.duplicates {
            Duplicates::Error => match ticks.times.windows(2).position(|pair| pair[0] == pair[1]) {
                Some(row) => {
                    return Err(TickFault::Duplicate { row: skipped + row + 1, time: ticks.times[row] });
                }
                None => 0,
            },
            Duplicates::Last => ticks.merge(|prices| prices[prices.len() - 1]),
            Duplicates::Mean => ticks.merge(|prices| mean(prices)),
            Duplicates::Median => ticks.merge(median),
        };
        if let Some(outliers) = &self.outliers {
            let kept = outliers.kept(&ticks.prices);
            let before = ticks.len();
            let mut rows = kept.iter();
            ticks.times.retain(|_| rows.next().is_none_or(|kept| *kept));
            let mut rows = kept.iter();
            ticks.prices.retain(|_| rows.next().is_none_or(|kept| *kept));
            counts.outliers += (before - ticks.len()) as u64;
        }
        Ok(())
    }
}

/// The mean of positive prices, which can't overflow: updated price by price.
fn mean(prices: &[f64]) -> f64 {
    let update = |mean: f64, (row, price): (usize, &f64)| mean + (price - mean) / (row + 1) as f64;
    prices.iter().enumerate().fold(0.0, update)
}

/// The median of at least one price, which changes their order.
fn median(prices: &mut [f64]) -> f64 {
    let half = prices.len() / 2;
    let even = prices.len().is_multiple_of(2);
    let (below, &mut upper, _) = prices.select_nth_unstable_by(half, f64::total_cmp);
    if even { below.iter().fold(0.0, |most: f64, price| most.max(*price)).midpoint(upper) } else { upper }
}

impl Counts {
    /// Rows that are left.
    pub fn kept(&self) -> u64 {
        let taken = self.session + self.half_days + self.duplicates + self.outliers;
        self.rows.saturating_sub(taken)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        // Every field by name, so that none is forgotten.
        let Self { rows, missing, session, half_days, duplicates, outliers } = other;
        self.rows += rows;
        self.missing += missing;
        self.session += session;
        self.half_days += half_days;
        self.duplicates += duplicates;
        self.outliers += outliers;
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, counts| {
            sum += counts;
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::SECOND;
    use super::super::session::HOUR;
    use super::*;

    /// Prices 1, 2, 3 … at these times.
    fn ticks(times: &[u64]) -> DayTicks {
        let prices = (1..=times.len()).map(|price| price as f64).collect();
        DayTicks::new(times.to_vec(), prices).unwrap()
    }

    fn cleaned(cleaning: &Cleaning, day: Date, times: &[u64]) -> (Vec<f64>, Counts) {
        let (mut ticks, mut counts) = (ticks(times), Counts::default());
        cleaning.clean(day, &mut ticks, &mut counts).unwrap();
        assert_eq!(ticks.times().len(), ticks.prices().len());
        (ticks.prices().to_vec(), counts)
    }

    const COMMON: Date = date(2018, 7, 2);
    const HALF: Date = date(2018, 7, 3);

    #[test]
    fn the_ends_of_the_session_belong_to_it() {
        let cleaning = Cleaning::default().session(Session::new(10, 20).unwrap());
        let (prices, counts) = cleaned(&cleaning, COMMON, &[8, 9, 10, 15, 20, 21]);
        assert_eq!(prices, [3.0, 4.0, 5.0]);
        assert_eq!(counts, Counts { rows: 6, session: 3, ..Counts::default() });
        for outside in [[1, 2], [30, 40]] {
            assert!(cleaned(&cleaning, COMMON, &outside).0.is_empty());
        }
    }

    #[test]
    fn half_days_are_kept_cut_or_left_out() {
        let times = [12 * HOUR, 13 * HOUR, 13 * HOUR + 1, 16 * HOUR];
        let of = |half_days, day| cleaned(&Cleaning::default().half_days(half_days), day, &times);
        assert_eq!(of(HalfDays::Keep, HALF).0.len(), 4);
        let (prices, counts) = of(HalfDays::Short, HALF);
        assert_eq!((prices, counts.half_days), (vec![1.0, 2.0], 2));
        let (prices, counts) = of(HalfDays::Drop, HALF);
        assert_eq!((prices, counts.half_days), (vec![], 4));
        for half_days in [HalfDays::Keep, HalfDays::Short, HalfDays::Drop] {
            assert_eq!(of(half_days, COMMON).0.len(), 4);
            let cleaning = Cleaning::default().half_days(half_days);
            assert_eq!(cleaning.drops(HALF), half_days == HalfDays::Drop);
            assert_eq!(cleaning.early_close(HALF), (half_days == HalfDays::Short).then_some(13 * HOUR));
            assert!(!cleaning.drops(COMMON) && cleaning.early_close(COMMON).is_none());
        }
    }

    #[test]
    fn ticks_of_one_time_become_one() {
        let times = [5, 5, 5, 6, 7, 7];
        let of = |duplicates| cleaned(&Cleaning::default().duplicates(duplicates), COMMON, &times);
        assert_eq!(of(Duplicates::Last).0, [3.0, 4.0, 6.0]);
        assert_eq!(of(Duplicates::Mean).0, [2.0, 4.0, 5.5]);
        let (prices, counts) = of(Duplicates::Median);
        assert_eq!(prices, [2.0, 4.0, 5.5]);
        assert_eq!((counts.duplicates, counts.kept()), (3, 3));
        // The median does not follow one price that is far off; neither overflows.
        let mut far = DayTicks::new(vec![1; 4], vec![9.0, 1e308, f64::MAX, 8.0]).unwrap();
        far.merge(median);
        assert_eq!(far.prices(), [1e308_f64.midpoint(9.0)]);
        assert!((mean(&[f64::MAX; 3]) / f64::MAX - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_repeated_time_is_an_error_that_names_its_row() {
        let mut counts = Counts::default();
        let cleaning = Cleaning::default().session(Session::new(2, 9 * HOUR).unwrap());
        let mut given = ticks(&[0, 1, 1, 2, 3, 9 * HOUR, 9 * HOUR, 10 * HOUR]);
        let fault = cleaning.clean(COMMON, &mut given, &mut counts).unwrap_err();
        assert_eq!(fault, TickFault::Duplicate { row: 6, time: 9 * HOUR });
        let text = "two prices have the time 09:00; say with `duplicates` whether their last, mean or median \
                    is meant";
        assert_eq!(fault.to_string(), text);
        // Outside of the session they do no harm.
        assert_eq!(cleaned(&cleaning, COMMON, &[1, 1, 2, 10 * HOUR, 10 * HOUR]).0, [3.0]);
    }

    #[test]
    fn outliers_are_left_out_with_their_times() {
        let times: Vec<u64> = (0..30).collect();
        let mut prices = vec![50.0; 30];
        (prices[7], prices[29]) = (51.0, 49.0);
        let mut ticks = DayTicks::new(times.clone(), prices).unwrap();
        let mut counts = Counts::default();
        Cleaning::default().outliers(Outliers::default()).clean(COMMON, &mut ticks, &mut counts).unwrap();
        assert!(ticks.times().iter().eq(times.iter().filter(|time| ![7, 29].contains(*time))));
        assert!(ticks.prices().iter().all(|price| *price == 50.0) && counts.outliers == 2);
    }

    #[test]
    fn ticks_that_are_none_are_refused() {
        let of = |times: &[u64], prices: &[f64]| DayTicks::new(times.to_vec(), prices.to_vec()).unwrap_err();
        assert_eq!(of(&[1, 2], &[1.0]), TickFault::Lengths { times: 2, prices: 1 });
        assert_eq!(of(&[1, 3, 2], &[1.0; 3]), TickFault::Order { row: 2, time: 2, previous: 3 });
        assert_eq!(of(&[1, DAY + 1], &[1.0; 2]), TickFault::Late { row: 1, time: DAY + 1 });
        for price in [0.0, -0.0, -1.0, f64::INFINITY] {
            assert_eq!(of(&[1, 2], &[1.0, price]), TickFault::Price { row: 1, price });
        }
        assert!(matches!(of(&[1], &[f64::NAN]), TickFault::Price { row: 0, .. }));
        assert!(DayTicks::new(vec![DAY], vec![f64::MIN_POSITIVE]).is_ok());
    }

    #[test]
    fn counts_add_up() {
        let one = Counts { rows: 1, missing: 2, session: 3, half_days: 4, duplicates: 5, outliers: 6 };
        let three = Counts { rows: 3, missing: 6, session: 9, half_days: 12, duplicates: 15, outliers: 18 };
        assert_eq!([one; 3].into_iter().sum::<Counts>(), three);
    }

    prop_compose! {
        /// Ticks of seconds after 09:00, with equal times, at prices in cents.
        fn any_ticks()(
            rows in prop::collection::vec((0..60_u64, 9_000..11_000_u32), 0..150)
        ) -> DayTicks {
            let mut times: Vec<u64> = rows.iter().map(|(time, _)| 9 * HOUR + time * SECOND).collect();
            times.sort_unstable();
            let prices = rows.iter().map(|(_, price)| f64::from(*price) / 100.0).collect();
            DayTicks::new(times, prices).unwrap()
        }
    }

    proptest! {
        #[test]
        fn without_settings_nothing_changes(given in any_ticks()) {
            let (mut ticks, mut counts) = (given.clone(), Counts::default());
            let cleaned = Cleaning::default().clean(HALF, &mut ticks, &mut counts);
            prop_assert_eq!(cleaned.is_err(), given.times().windows(2).any(|pair| pair[0] == pair[1]));
            prop_assert_eq!(ticks, given);
        }

        #[test]
        fn what_was_cleaned_once_has_nothing_left_to_merge(given in any_ticks()) {
            for duplicates in [Duplicates::Last, Duplicates::Mean, Duplicates::Median] {
                let cleaning = Cleaning::default().duplicates(duplicates);
                let (mut ticks, mut counts) = (given.clone(), Counts::default());
                cleaning.clean(COMMON, &mut ticks, &mut counts).unwrap();
                prop_assert_eq!(counts.kept(), ticks.len() as u64);
                prop_assert!(ticks.times().windows(2).all(|pair| pair[0] < pair[1]));
                let once = ticks.clone();
                cleaning.clean(COMMON, &mut ticks, &mut counts).unwrap();
                prop_assert_eq!(&ticks, &once);
                // Each price lies among those of its time.
                for (time, price) in ticks.times().iter().zip(ticks.prices()) {
                    let rows = given.times().iter().zip(given.prices()).filter(|(other, _)| *other == time);
                    let (low, high) = rows.fold((f64::INFINITY, 0.0_f64), |(low, high), (_, price)| {
                        (low.min(*price), high.max(*price))
                    });
                    let slack = 1e-13 * high;
                    prop_assert!(low - slack <= *price && *price <= high + slack);
                }
            }
        }

        #[test]
        fn steps_together_are_the_steps_in_their_order(
            given in any_ticks(), from in 0..30_u64, to in 31..60_u64,
        ) {
            let session = Session::new(9 * HOUR + from * SECOND, 9 * HOUR + to * SECOND).unwrap();
            let outliers = Outliers::new(10, 0.2, 0.01).unwrap();
            let steps = [
                Cleaning::default().session(session).duplicates(Duplicates::Median),
                Cleaning::default().outliers(outliers),
            ];
            let (mut by_steps, mut counts) = (given.clone(), Counts::default());
            for step in steps {
                step.clean(COMMON, &mut by_steps, &mut counts).unwrap();
            }
            let cleaning = Cleaning::default().outliers(outliers);
            let cleaning = cleaning.session(session).duplicates(Duplicates::Median);
            let (mut ticks, mut counts) = (given.clone(), Counts::default());
            cleaning.clean(COMMON, &mut ticks, &mut counts).unwrap();
            prop_assert_eq!(ticks, by_steps);
        }
    }
}
