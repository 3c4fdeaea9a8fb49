//! Sampling the ticks of a day: calendar time, tick time, and offset grids.
//!
//! **Calendar time**, by the previous tick. The grid of a day has the points
//!
//! ```text
//! g_j = start + j · every,   j = 0, 1, …
//! ```
//!
//! where start is the session's first time or, without a session, midnight, so that all stocks and days have
//! one grid: every 2 minutes without a session means at even minutes, also where the first tick comes at
//! 09:35. The price at a point is that of the last tick of the day at or before it (the last in the order of
//! rows, where several have one time). Points before the day's first tick have no price and are left out. The
//! last point is the last one in the session, up to which the price of the last tick is carried forward, or
//! up to the early close, where a half day is cut there. Without a session it is the first one at or after
//! the last tick; no point lies beyond 24:00. In pandas this is `resample(every, closed="right",
//! label="right", origin=start).last().ffill()` on one day's prices.
//!
//! **Tick time**: the first tick and each N-th after it.
//!
//! **Offset grids** (subsampling). The step is cut in m equal parts, and grid o = 0 … m − 1 begins o of them
//! later: g_j = start + (o/m + j) · every; in tick time o · N/m ticks later. Grid 0 is the plain sample. A
//! measure of the day is then the average over the grids (Zhang, Mykland and Aït-Sahalia 2005). Grids other
//! than the first lose a part of a step at both ends of the day, for which there are three conventions. With
//! RV_o the realized variance and N_o the number of returns of grid o (N_o = N_0 − 1 for o > 0, where the
//! session is a whole number of steps and has ticks from its first point on):
//!
//! ```text
//! plain             1/m Σ_o RV_o                     Zhang, Mykland and Aït-Sahalia (2005)
//! each grid scaled  1/m Σ_o RV_o · N_0 / N_o         R, highfrequency 1.0: rAVGCov (its variances alone)
//! all scaled        Σ_o RV_o · N_0 / Σ_o N_o         MATLAB, MFE Toolbox: realized_variance
//! ```
//!
//! Plain is too low by about (m − 1)/(m N_0) of the day's variance: 1.0 % for five grids of 5 minutes on 6.5
//! hours. The second is the one to take: it is unbiased where volatility is constant, and comparable with R.
//!
//! Source: L. Zhang, P. A. Mykland and Y. Aït-Sahalia (2005), "A tale of two time scales: determining
//! integrated volatility with noisy high-frequency data", Journal of the American Statistical Association
//! 100, 1394-1411. Previous ticks against interpolation: P. R. Hansen and A. Lunde (2006), "Realized variance
//! and market microstructure noise", Journal of Business & Economic Statistics 24, 127-161.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use super::SECOND;
use super::clean::DayTicks;
use super::grids::Grids;
use super::session::{DAY, HOUR, MINUTE, Session};
use crate::error::{Error, Result};

/// The most points of a grid: each millisecond of 6.5 hours, and less than would exhaust a memory.
const MOST_POINTS: u64 = 25_000_000;
/// The most offset grids.
const MOST_GRIDS: u64 = 1_000;

/// Units of time, the largest first: what each is called, and its nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("h", HOUR),
    ("min", MINUTE),
    ("s", SECOND),
    ("sec", SECOND),
    ("ms", SECOND / 1_000),
    ("us", SECOND / 1_000_000),
    ("ns", 1),
];

/// The step of a sample.
///
/// As text: a whole number and a unit, as in `5min`, `300s`, `1h`, `500ms` or `10ticks`. Units of time are
/// `h`, `min`, `s` or `sec`, `ms`, `us` and `ns`; that of ticks is `ticks` or `tick`.
///
/// ```
/// # use bellwether::panel::Every;
/// assert_eq!("300s".parse::<Every>()?, "5min".parse()?);
/// assert_eq!("10tick".parse::<Every>()?.to_string(), "10ticks");
/// assert!("5m".parse::<Every>().is_err(), "minutes or milliseconds?");
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Calendar time: so many nanoseconds.
    Time(NonZeroU64),
    /// Tick time: so many ticks.
    Ticks(NonZeroU64),
}

/// How the ticks of a day are sampled: a step, offset grids if any, and a session if any. The grids are
/// described at [`Sampling::sample`], averages over them at [`Grids`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    every: Every,
    grids: u64,
    session: Option<Session>,
}

impl Sampling {
    /// A sample with this step. In calendar time its grid begins with the session or, without one, at
    /// midnight.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] (`every`) where fewer than two points fit the session (or 24 hours), or more than
    /// 25 million.
    pub fn new(every: Every, session: Option<Session>) -> Result<Self> {
        let sampling = Self { every, grids: 1, session };
        if let Every::Time(step) = every {
            let (first, last) = sampling.span();
            let steps = (last - first) / step;
            let of = session.map_or("24 hours".to_owned(), |session| format!("the session {session}"));
            let refuse =
                |requirement| Error::Parameter { name: "every", value: every.to_string(), requirement };
            if steps == 0 {
                return Err(refuse(format!(
                    "{of} would then have one price, and a return needs two; take a shorter step"
                )));
            }
            if steps >= MOST_POINTS {
                return Err(refuse(format!(
                    "{of} would then have {steps} prices, and at most 25,000,000 are sampled; take a longer \
                     step"
                )));
            }
        }
        Ok(sampling)
    }

    /// The same with this many offset grids, 1 of which is the plain sample.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] (`subsample`) where the step can't be cut into so many equal parts, or there are
    /// more than 1,000 grids, or 25 million points on all of them.
    pub fn subsample(self, grids: NonZeroU64) -> Result<Self> {
        let (Every::Time(step) | Every::Ticks(step)) = self.every;
        let refuse =
            |requirement| Err(Error::Parameter { name: "subsample", value: grids.to_string(), requirement });
        if !step.get().is_multiple_of(grids.get()) {
            return refuse(format!(
                "grids are offset by equal parts of the step of {}, and it can't be cut into so many; take a \
                 divisor of it",
                self.every
            ));
        }
        let (first, last) = self.span();
        let points = match self.every {
            Every::Time(step) => (last - first) / step + 1,
            Every::Ticks(_) => 1,
        };
        if grids.get() > MOST_GRIDS || points * grids.get() > MOST_POINTS {
            return refuse(
                "at most 1,000 grids, and 25,000,000 prices a day on all of them, are sampled; take fewer \
                 grids, or a longer step"
                    .to_owned(),
            );
        }
        Ok(Self { grids: grids.get(), ..self })
    }

    /// The step.
    pub fn every(&self) -> Every {
        self.every
    }

    /// The number of offset grids; 1 without subsampling.
    pub fn grids(&self) -> u64 {
        self.grids
    }

    /// Samples a day's ticks.
    ///
    /// In calendar time with steps of δ, the price at each point start + jδ is that of the last tick of the
    /// day at or before it; start is the session's first time or, without one, midnight. Points before the
    /// first tick are left out. With a session the last price is carried forward to its last point, or to the
    /// last one up to `early_close` (in nanoseconds after midnight;
    /// [`Cleaning::early_close`](super::Cleaning::early_close)); without one, to the first point at or after
    /// the last tick. In tick time, the first tick and each N-th after it are kept.
    pub fn sample(&self, ticks: &DayTicks, early_close: Option<u64>) -> DayTicks {
        self.grid(0, ticks, early_close)
    }

    /// Samples a day's ticks on each of the m offset grids, the first of which is that of
    /// [`Sampling::sample`]; grid o begins o/m of a step later. A realized variance averaged over them is Σ
    /// RV_o · N_0 / N_o / m, where N_o is the number of returns of grid o (as in R's highfrequency: the other
    /// grids lose a part of a step at both ends).
    pub fn subsamples(&self, ticks: &DayTicks, early_close: Option<u64>) -> Vec<DayTicks> {
        (0..self.grids).map(|offset| self.grid(offset, ticks, early_close)).collect()
    }

    /// The points of all offset grids in the order of time, grids in turn: those of [`Self::subsamples`].
    pub(super) fn together(&self, ticks: &DayTicks, early_close: Option<u64>) -> DayTicks {
        match self.every {
            Every::Ticks(every) => each(ticks, 0, every.get() / self.grids),
            Every::Time(every) => {
                let (start, end) = self.span();
                let step = every.get() / self.grids;
                let end = match (self.session, ticks.times().last()) {
                    (Some(_), _) => early_close.map_or(end, |close| close.min(end)),
                    // Up to the first point of each grid at or after the last tick.
                    (None, Some(last)) => {
                        let steps = last.saturating_sub(start).div_ceil(step) + self.grids - 1;
                        (start + steps * step).min(end)
                    }
                    (None, None) => end,
                };
                previous_ticks(ticks, start, step, end)
            }
        }
    }

    /// The grids of a day whose first point is at `first` among those of [`Self::together`].
    pub(super) fn grids_from(&self, first: u64) -> Grids {
        let number = match self.every {
            Every::Ticks(_) => 0,
            Every::Time(every) => {
                first.saturating_sub(self.span().0) / (every.get() / self.grids) % self.grids
            }
        };
        // At most 1,000 grids.
        Grids::new(self.grids as usize, number as usize)
    }

    /// The sample on grid `offset`.
    fn grid(&self, offset: u64, ticks: &DayTicks, early_close: Option<u64>) -> DayTicks {
        match self.every {
            Every::Ticks(every) => {
                let first = every.get() / self.grids * offset;
                each(ticks, first, every.get())
            }
            Every::Time(every) => {
                let (start, end) = self.span();
                let first = start + every.get() / self.grids * offset;
                let end = match (self.session, ticks.times().last()) {
                    (Some(_), _) => early_close.map_or(end, |close| close.min(end)),
                    (None, Some(last)) => {
                        let steps = last.saturating_sub(first).div_ceil(every.get());
                        (first + steps * every.get()).min(end)
                    }
                    (None, None) => end,
                };
                previous_ticks(ticks, first, every.get(), end)
            }
        }
    }

    /// The first and last time at which the plain grid may have a point.
    fn span(&self) -> (u64, u64) {
        self.session.map_or((0, DAY), |session| (session.from(), session.to()))
    }
}

/// Prices at the points `first`, `first + every`, … up to `end`, but for those before the first tick.
fn previous_ticks(ticks: &DayTicks, first: u64, every: u64, end: u64) -> DayTicks {
    let mut sample = DayTicks::default();
    let (times, prices) = (ticks.times(), ticks.prices());
    let Some(open) = times.first() else { return sample };
    let mut point = first + open.saturating_sub(first).div_ceil(every) * every;
    // Ticks at or before the point.
    let mut before = 0;
    while point <= end {
        before += times[before..].iter().take_while(|time| **time <= point).count();
        sample.push(point, prices[before - 1]);
        point += every;
    }
    sample
}

/// The tick numbered `first`, from 0, and each that is a multiple of `every` later.
fn each(ticks: &DayTicks, first: u64, every: u64) -> DayTicks {
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut sample = DayTicks::default();
    for (&time, &price) in ticks.times().iter().zip(ticks.prices()).skip(size(first)).step_by(size(every)) {
        sample.push(time, price);
    }
    sample
}

impl FromStr for Every {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::Parameter`] where the text is not a whole number above zero and a unit.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = |requirement: &str| {
            Err(Error::Parameter {
                name: "every",
                value: text.to_owned(),
                requirement: requirement.to_owned(),
            })
        };
        let trimmed = text.trim();
        let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = trimmed.split_at(digits);
        let unit = unit.trim().to_ascii_lowercase();
        if unit == "m" {
            return refuse("m could be minutes or milliseconds; write min or ms");
        }
        let number = number.parse::<NonZeroU64>().ok();
        if unit == "tick" || unit == "ticks" {
            if let Some(number) = number {
                return Ok(Self::Ticks(number));
            }
        } else if let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) {
            let time = number.and_then(|number| number.checked_mul(NonZeroU64::new(*nanoseconds)?));
            if let Some(time) = time {
                return Ok(Self::Time(time));
            }
        }
        refuse(
            "it must be a whole number above zero and a unit, as in 5min, 300s, 1h, 500ms or 10ticks (units \
             are h, min, s, ms, us, ns and ticks)",
        )
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticks(number) => write!(f, "{number}ticks"),
            Self::Time(time) => {
                let whole = |(_, unit): &&(&str, u64)| time.get().is_multiple_of(*unit);
                let (name, unit) = UNITS.iter().find(whole).unwrap_or(&("ns", 1));
                write!(f, "{}{name}", time.get() / unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every(text: &str) -> Every {
        text.parse().unwrap()
    }

    fn ticks(seconds: &[u64]) -> DayTicks {
        let prices = (1..=seconds.len()).map(|price| price as f64).collect();
        DayTicks::new(seconds.iter().map(|time| time * SECOND).collect(), prices).unwrap()
    }

    /// A sample's times in seconds, with its prices.
    fn seconds(sample: &DayTicks) -> Vec<(u64, f64)> {
        assert!(sample.times().iter().all(|time| time.is_multiple_of(SECOND)));
        sample.times().iter().map(|time| time / SECOND).zip(sample.prices().iter().copied()).collect()
    }

    #[test]
    fn steps_are_read_in_their_units() {
        for (text, expected) in [
            ("5min", Every::Time(NonZeroU64::new(5 * MINUTE).unwrap())),
            ("300s", every("5min")),
            ("300 sec", every("5min")),
            ("300000ms", every("5min")),
            (" 1H ", every("60min")),
            ("1000us", every("1ms")),
            ("1000ns", every("1us")),
            ("10ticks", Every::Ticks(NonZeroU64::new(10).unwrap())),
            ("10tick", every("10 Ticks")),
        ] {
            assert_eq!(every(text), expected, "{text}");
        }
        for text in
            ["", "5", "min", "0min", "-5min", "1.5h", "5minutes", "5d", "0ticks", "5 5min", "99999999999999h"]
        {
            let error = text.parse::<Every>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("every is {text}, but it must be a whole number")), "{error}");
        }
        for text in ["5m", "m", "10 M"] {
            let error = text.parse::<Every>().unwrap_err().to_string();
            assert!(error.ends_with("m could be minutes or milliseconds; write min or ms"), "{error}");
        }
        for text in ["1h", "90min", "1s", "1500ms", "1us", "7ns", "86400s", "1ticks"] {
            assert_eq!(every(text).to_string(), if text == "86400s" { "24h" } else { text });
        }
    }

    #[test]
    fn a_point_has_the_last_price_at_or_before_it() {
        let ticks = ticks(&[59, 60, 61, 200, 200, 359]);
        let sample = |text, session| Sampling::new(every(text), session).unwrap().sample(&ticks, None);
        let minutes = [(60, 2.0), (120, 3.0), (180, 3.0), (240, 5.0), (300, 5.0), (360, 6.0)];
        assert_eq!(seconds(&sample("1min", None)), minutes);
        assert_eq!(seconds(&sample("7min", None)), [(420, 6.0)]);
        // From the session's start to its last point, beyond the last tick.
        let session = Session::new(30 * SECOND, 480 * SECOND).unwrap();
        let points = [(90, 3.0), (150, 3.0), (210, 5.0), (270, 5.0), (330, 5.0), (390, 6.0), (450, 6.0)];
        assert_eq!(seconds(&sample("1min", Some(session))), points);
        assert!(sample("2min", Some(session)).times().last() == Some(&(390 * SECOND)));
    }

    #[test]
    fn a_half_day_ends_with_its_close() {
        let session = Session::new(0, 600 * SECOND).unwrap();
        let sampling = Sampling::new(every("1min"), Some(session)).unwrap();
        let last =
            |close| sampling.sample(&ticks(&[10, 100]), close).times().last().map(|time| time / SECOND);
        assert_eq!(last(None), Some(600));
        assert_eq!(last(Some(300 * SECOND)), Some(300));
        assert_eq!(last(Some(299 * SECOND)), Some(240));
        assert_eq!(last(Some(DAY)), Some(600));
        assert_eq!(last(Some(5 * SECOND)), None);
    }

    #[test]
    fn no_point_is_beyond_the_day() {
        let ticks = ticks(&[80_000, 86_399]);
        let points = |text| seconds(&Sampling::new(every(text), None).unwrap().sample(&ticks, None));
        assert_eq!(points("12h"), [(86_400, 2.0)]);
        assert_eq!(points("7h"), []);
        assert_eq!(points("23h"), [(82_800, 1.0)]);
    }

    #[test]
    fn tick_time_takes_the_first_and_each_nth() {
        let ticks = ticks(&[1, 2, 2, 3, 4, 5, 6]);
        let sampling = Sampling::new(every("3ticks"), None).unwrap();
        assert_eq!(seconds(&sampling.sample(&ticks, None)), [(1, 1.0), (3, 4.0), (6, 7.0)]);
        let grids = sampling.subsample(NonZeroU64::new(3).unwrap()).unwrap().subsamples(&ticks, None);
        let prices: Vec<&[f64]> = grids.iter().map(DayTicks::prices).collect();
        assert_eq!(prices, [&[1.0, 4.0, 7.0][..], &[2.0, 5.0], &[3.0, 6.0]]);
        let far = Sampling::new(Every::Ticks(NonZeroU64::MAX), None).unwrap();
        assert_eq!(seconds(&far.sample(&ticks, None)), [(1, 1.0)]);
    }

    #[test]
    fn grids_that_do_not_fit_are_refused() {
        let session = Session::new(9 * HOUR, 10 * HOUR).unwrap();
        let error = Sampling::new(every("61min"), Some(session)).unwrap_err().to_string();
        let text = "every is 61min, but the session 09:00-10:00 would then have one price, and a return \
                    needs two; take a shorter step";
        assert_eq!(error, text);
        assert!(Sampling::new(every("60min"), Some(session)).is_ok());
        assert!(Sampling::new(every("24h"), None).is_ok());
        assert!(Sampling::new(every("25h"), None).unwrap_err().to_string().contains("24 hours would then"));
        assert!(Sampling::new(every("1us"), None).unwrap_err().to_string().contains("take a longer step"));
        assert!(Sampling::new(every("1ms"), Some(session)).is_ok());

        let grids = |text, grids| {
            let sampling = Sampling::new(every(text), Some(session)).unwrap();
            sampling.subsample(NonZeroU64::new(grids).unwrap()).map(|sampling| sampling.grids())
        };
        assert_eq!(grids("5min", 5).unwrap(), 5);
        assert_eq!(grids("5min", 300).unwrap(), 300);
        let error = grids("5min", 7).unwrap_err().to_string();
        assert!(
            error.starts_with("subsample is 7, but grids are offset by equal parts of the step of 5min"),
            "{error}"
        );
        for (text, many) in [("3ticks", 2), ("10000ticks", 10_000), ("5min", 10_000), ("1ms", 100)] {
            assert!(grids(text, many).is_err(), "{text} {many}");
        }
    }

    #[test]
    fn a_day_without_ticks_has_no_sample() {
        let session = Session::new(0, HOUR).unwrap();
        for (text, session) in [("5min", None), ("5min", Some(session)), ("5ticks", None)] {
            let sampling = Sampling::new(every(text), session).unwrap();
            assert!(sampling.sample(&DayTicks::default(), None).is_empty());
        }
    }

    /// Ticks of whole seconds in the first hour, with equal times.
    fn any_ticks() -> impl Strategy<Value = DayTicks> {
        prop::collection::vec(0..3600_u64, 1..80).prop_map(|mut times| {
            times.sort_unstable();
            ticks(&times)
        })
    }

    proptest! {
        #[test]
        fn sampling_at_the_datas_own_grid_changes_nothing(
            first in 0..100_u64, step in 1..100_u64, n in 1..100_u64, session in any::<bool>()
        ) {
            let (first, step) = (first * SECOND, step * SECOND);
            let times: Vec<u64> = (0..n).map(|row| first + row * step).collect();
            let ticks = DayTicks::new(times, (1..=n).map(|price| price as f64).collect()).unwrap();
            let every = Every::Time(NonZeroU64::new(step).unwrap());
            if session && n > 1 {
                let session = Session::new(first, first + (n - 1) * step).unwrap();
                prop_assert_eq!(&Sampling::new(every, Some(session)).unwrap().sample(&ticks, None), &ticks);
            } else if first.is_multiple_of(step) {
                prop_assert_eq!(&Sampling::new(every, None).unwrap().sample(&ticks, None), &ticks);
            }
            let one = Sampling::new(Every::Ticks(NonZeroU64::MIN), None).unwrap();
            prop_assert_eq!(&one.sample(&ticks, None), &ticks);
        }

        #[test]
        fn each_point_has_its_previous_tick(
            ticks in any_ticks(),
            step in 1..900_u64,
            start in 0..600_u64,
            length in 900..4000_u64,
            with in any::<bool>(),
        ) {
            let session = with.then(|| Session::new(start * SECOND, (start + length) * SECOND).unwrap());
            let every = Every::Time(NonZeroU64::new(step * SECOND).unwrap());
            let sampling = Sampling::new(every, session).unwrap();
            let sample = sampling.sample(&ticks, None);
            let (first, last) = (ticks.times()[0], ticks.times()[ticks.len() - 1]);
            // Every point of the grid, from the first tick to the end, has the price by the definition.
            let begin = session.map_or(0, |session| session.from());
            let mut points = (0..).map(|point| begin + point * step * SECOND).filter(|point| *point >= first);
            for (time, price) in sample.times().iter().zip(sample.prices()) {
                prop_assert_eq!(Some(*time), points.next());
                let row = ticks.times().iter().rposition(|tick| tick <= time).unwrap();
                prop_assert_eq!(*price, ticks.prices()[row]);
            }
            let next = points.next().unwrap();
            match session {
                Some(session) => prop_assert!(next > session.to()),
                None => {
                    let beyond = sample.times().iter().filter(|time| **time >= last);
                    prop_assert!(next - step * SECOND >= last && beyond.count() == 1);
                }
            }
        }

        #[test]
        fn offset_grids_together_are_the_finer_grid(ticks in any_ticks(), parts in 1..8_u64) {
            let session = Some(Session::new(0, HOUR).unwrap());
            let fine = Sampling::new(every("20s"), session).unwrap().sample(&ticks, None);
            let coarse = Every::Time(NonZeroU64::new(20 * SECOND * parts).unwrap());
            let coarse = Sampling::new(coarse, session).unwrap();
            let coarse = coarse.subsample(NonZeroU64::new(parts).unwrap()).unwrap();
            let grids = coarse.subsamples(&ticks, None);
            let mut together: Vec<(u64, f64)> = grids.iter().flat_map(seconds).collect();
            together.sort_by_key(|(time, _)| *time);
            prop_assert_eq!(together, seconds(&fine));
        }

        /// Points of grids in turn, each grid's those that it has alone.
        #[test]
        fn grids_together_are_the_grids_in_turn(
            ticks in any_ticks(),
            parts in 1..8_u64,
            session in any::<bool>(),
            close in prop::option::of(0..4000_u64),
            tick_time in any::<bool>(),
        ) {
            let session = session.then(|| Session::new(100 * SECOND, HOUR).unwrap());
            let step = NonZeroU64::new(parts * if tick_time { 3 } else { 70 * SECOND }).unwrap();
            let every = if tick_time { Every::Ticks(step) } else { Every::Time(step) };
            let sampling = Sampling::new(every, session).unwrap();
            let sampling = sampling.subsample(NonZeroU64::new(parts).unwrap()).unwrap();
            let close = close.map(|close| close * SECOND);
            let together = sampling.together(&ticks, close);
            let Some(&first) = together.times().first() else {
                prop_assert!(sampling.subsamples(&ticks, close).iter().all(DayTicks::is_empty));
                return Ok(());
            };
            let grids = sampling.grids_from(first);
            prop_assert_eq!(grids.count() as u64, parts);
            for (number, grid) in sampling.subsamples(&ticks, close).iter().enumerate() {
                let points = together.times().iter().zip(together.prices());
                let points = points.skip(grids.first_row_of(number)).step_by(grids.count());
                prop_assert!(points.eq(grid.times().iter().zip(grid.prices())), "grid {}", number);
            }
        }
    }
}
