//! The panel's model: what a simulated panel of prices is drawn from.
//!
//! A day has n + 1 prices and n returns. Return i of stock s on day d is the market's part and the stock's
//! own,
//!
//! ```text
//! r[d][i][s] = β[s] · x[d][i] + y[d][i][s]          (x: the market, y: the stock's own part)
//! x[d][i]    = σ   · exp(H[d])            · (√w[i] · z + jump)      z ~ N(0, 1), independent
//! y[d][i][s] = σ[s] · exp(G[d][s] + H[d]/2) · (√w[i] · z + jump)
//! ```
//!
//! * **Stochastic volatility.** H and `G[s]` are stationary Gaussian AR(1) processes over the days, h ← φ h +
//!   √(1−φ²) ν u with u ~ N(0, 1) and standard deviation ν: φ = 0.98, ν = 0.35 for the market; φ = 0.90, ν =
//!   0.25 for a stock. H enters the stocks' own volatility too, so that volatilities move together (Taylor
//!   1986: log-AR(1) volatility).
//! * **Intraday pattern.** `w[i]` ∝ u(t)² at the middle of return i, Σ `w[i]` = 1, with t from 0 at 09:30 to
//!   1 at 16:00 and the U shape u of [`super::model`].
//! * **Jumps.** A day has at most one of each source, with probability p/4 for the market and 3p/4 for a
//!   stock ([`SimulateSpec::jumps`], p), at a uniform time; its size is 1.5 · N(0, 1) in units of the
//!   source's daily volatility. With p = [`RARE_JUMPS`] one return makes up more than half of the realized
//!   variance on about 0.2 % of the stock-days; in one-minute prices of twelve American stocks in 2007 it
//!   does on 0.23 %. With [`OFTEN_JUMPS`] it is 3 %.
//! * **Nights.** The return from 16:00 to the next day's first price is 0.5 · N(0, 1) in the same units, for
//!   each source.
//! * **Stocks.** `β[s]` is uniform on [0.6, 1.4], `σ[s]` on [0.008, 0.018] a day, the first price is 40 ·
//!   exp(0.5 · N(0, 1)); the market's σ is 0.009 a day. So two stocks' returns are correlated at about 0.3.
//! * **Bounce.** A trade is at the bid or at the ask, each with probability ½ and independently of all else:
//!   the efficient price plus or minus half the spread ([`SimulateSpec::noise`], in cents), as in Roll
//!   (1984). With the default of 0.75 the first autocorrelation of one-minute returns is −0.05 on average; in
//!   those stocks it is −0.04.
//! * **Prices** are rounded to cents, and are never below 0.01. Neither bounce nor rounding feeds back into
//!   later prices; like real ticks, rounding makes zero returns and ties.
//!
//! Days run from the start date on, Mondays to Fridays; no holidays, no half days.
//!
//! # The truth
//!
//! Within a day volatilities are known, so that the integrated variance of a stock from its first to its last
//! price is exactly
//!
//! ```text
//! IV[d][s] = (β[s] σ exp(H[d]))² + (σ[s] exp(G[d][s] + H[d]/2))²,
//! ```
//!
//! and its quadratic variation is IV and the squares of its jumps ([`truth`]). Bounce and rounding are no
//! part of either.
//!
//! # Time grid
//!
//! Prices are equally spaced and the last is at 16:00:00. The spacing is the largest whole number of minutes
//! (of seconds, where one minute is too long) with which the first is not before 09:30: 386 prices a day run
//! from 09:35 by the minute, 79 from 09:30 by five minutes, 23,401 from 09:30:00 by the second. Files give
//! times as HHMM on a grid of minutes (935), else as HHMMSS (93501).
//!
//! # Randomness
//!
//! Every day of every source reads a stream of its own ([`Purpose::Simulation`]; day YYYYMMDD; sample: the
//! stock's number from 0, 2³¹ and the stock's number for its bounce, or 2³² − 1 for the market), a stock's
//! constants the stream of day 0. So a stock's prices depend on the seed, the start date, the number of
//! prices a day and its own number, and **not** on how many stocks or days are asked for: two stocks are the
//! first two of twelve, January is the first month of the year. Nor do jumps and bounce move anything else:
//! with fewer jumps the others stay as they are, and so does the efficient price without bounce.
//!
//! # The same on every platform?
//!
//! Words and their use are; but exp and ln come from the platform's mathematics library, whose last bit may
//! differ. Rounding to cents hides that, except where a price falls within about 1e-13 of half a cent: expect
//! none in millions of prices, but don't rely on it as on the bootstrap's own stream.
//!
//! # Sources
//!
//! S. J. Taylor, *Modelling Financial Time Series*, Wiley 1986. R. Roll, "A simple implicit measure of the
//! effective bid-ask spread in an efficient market", Journal of Finance 39(4), 1984.

use jiff::civil::{Date, Weekday};
use ndarray::Array2;
use rand::RngExt;
use rayon::prelude::*;

use super::model::u_shape;
use super::normal;
use crate::bootstrap::day_number;
use crate::error::{Error, Result};
use crate::panel::{DayPrices, Panel, SECOND};
use crate::random::{Purpose, Stream, rng::StreamRng};

/// Most stocks of one panel: names have four digits.
pub const MAX_STOCKS: u32 = 9_999;
/// Most days of one panel, about forty years.
pub const MAX_DAYS: u32 = 10_000;
/// Most prices a day: one a second from 09:30:00 to 16:00:00.
pub const MAX_PER_DAY: u32 = SESSION + 1;

/// The first price is at or after 09:30, in seconds after midnight.
const OPEN: u32 = 9 * 3600 + 30 * 60;
/// The last price is at 16:00, in seconds after midnight.
const CLOSE: u32 = 16 * 3600;
/// Length of the session in seconds.
const SESSION: u32 = CLOSE - OPEN;

/// Probability [`SimulateSpec::jumps`] with which jumps are as rare as in real one-minute prices.
pub const RARE_JUMPS: f64 = 0.0066;
/// Probability [`SimulateSpec::jumps`] with which every month has some.
pub const OFTEN_JUMPS: f64 = 0.08;
/// The most that [`SimulateSpec::noise`] may be, in cents.
pub const MAX_NOISE: f64 = 1000.0;

/// The market's number among the streams of a day; stocks count from 0.
const MARKET: u32 = u32::MAX;
/// Added to a stock's number, for its bounce.
const BOUNCE: u32 = 1 << 31;
/// The market's share of the jumps; the rest is the stocks' own.
const MARKET_JUMPS: f64 = 0.25;
/// The market's volatility a day, open to close.
const MARKET_VOLATILITY: f64 = 0.009;
/// The market's dynamics.
const MARKET_DYNAMICS: Dynamics = Dynamics { persistence: 0.98, deviation: 0.35 };
/// A stock's own dynamics.
const STOCK_DYNAMICS: Dynamics = Dynamics { persistence: 0.90, deviation: 0.25 };
/// Share of the market's log volatility that enters a stock's own.
const VOLATILITY_LOADING: f64 = 0.5;
/// Standard deviation of a jump, in units of the source's daily volatility.
const JUMP_SIZE: f64 = 1.5;
/// Standard deviation of an overnight return, in the same units.
const OVERNIGHT: f64 = 0.5;

/// What to simulate. The defaults are the size of the lecture's panel: a year of twelve stocks by the minute.
///
/// # Examples
///
/// ```
/// use bellwether::simulate::{SimulateSpec, simulate};
///
/// let panel = simulate(&SimulateSpec { stocks: 2, days: 3, ..SimulateSpec::default() })?;
/// assert_eq!(panel.stocks, ["S0001", "S0002"]);
/// assert_eq!(panel.days[0].prices.dim(), (386, 2));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateSpec {
    /// Number of stocks, 1 to [`MAX_STOCKS`].
    pub stocks: u32,
    /// Number of trading days, 1 to [`MAX_DAYS`].
    pub days: u32,
    /// Prices a day, 2 to [`MAX_PER_DAY`].
    pub per_day: u32,
    /// The user's seed.
    pub seed: u64,
    /// The first day, or the Monday after it where it falls on a weekend; the year has four digits.
    pub start: Date,
    /// Probability p that a stock's day has a jump, 0 to 1: a quarter of it comes from the market's.
    pub jumps: f64,
    /// Half the bid-ask spread in cents, 0 to [`MAX_NOISE`].
    pub noise: f64,
}

impl Default for SimulateSpec {
    fn default() -> Self {
        Self {
            stocks: 12,
            days: 251,
            per_day: 386,
            seed: 1,
            start: jiff::civil::date(2007, 1, 3),
            jumps: RARE_JUMPS,
            noise: 0.75,
        }
    }
}

impl SimulateSpec {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`], naming the flag.
    pub fn validate(&self) -> Result<()> {
        in_range("stocks", self.stocks, 1, MAX_STOCKS)?;
        in_range("days", self.days, 1, MAX_DAYS)?;
        in_range("per_day", self.per_day, 2, MAX_PER_DAY)?;
        if !(0.0..=1.0).contains(&self.jumps) {
            return Err(Error::Parameter {
                name: "jumps",
                value: self.jumps.to_string(),
                requirement: "it is the probability of a jump a stock and day, between 0 and 1".to_owned(),
            });
        }
        if !(0.0..=MAX_NOISE).contains(&self.noise) {
            return Err(Error::Parameter {
                name: "noise",
                value: self.noise.to_string(),
                requirement: format!("it is half the bid-ask spread in cents, between 0 and {MAX_NOISE}"),
            });
        }
        // MAX_DAYS weekdays are 14,000 calendar days: below 40 years.
        if !(1000..9960).contains(&self.start.year()) {
            return Err(Error::Parameter {
                name: "start",
                value: self.start.to_string(),
                requirement: "the year must lie between 1000 and 9959".to_owned(),
            });
        }
        Ok(())
    }

    /// The stocks' names, `S0001`, `S0002`, …: sorted, and the same however many there are.
    pub fn stock_names(&self) -> Vec<String> {
        (0..self.stocks).map(stock_name).collect()
    }

    /// Number of prices in the whole panel: stocks × days × prices a day. [`simulate`] needs 16 bytes for
    /// each while it runs, and its panel 8; [`super::write()`] holds a day's prices a thread.
    pub fn prices(&self) -> u64 {
        u64::from(self.stocks) * u64::from(self.days) * u64::from(self.per_day)
    }

    /// Seconds between prices.
    fn spacing(&self) -> u32 {
        let seconds = SESSION / (self.per_day - 1);
        if seconds >= 60 { seconds / 60 * 60 } else { seconds }
    }

    /// The day's times in nanoseconds after midnight.
    pub(super) fn times(&self) -> Vec<u64> {
        let spacing = self.spacing();
        let seconds = |before_close| CLOSE - before_close * spacing;
        (0..self.per_day).rev().map(|before_close| u64::from(seconds(before_close)) * SECOND).collect()
    }

    /// The trading days: [`Self::days`] Mondays to Fridays from [`Self::start`] on.
    pub(super) fn dates(&self) -> impl Iterator<Item = Date> {
        self.start
            .series(jiff::Span::new().days(1))
            .filter(|date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday))
            .take(self.days as usize)
    }

    /// √w[i]: each return's share of the day's volatility.
    pub(super) fn intraday_pattern(&self) -> Vec<f64> {
        let times = self.times();
        let u = times.windows(2).map(|pair| {
            let second = |time: u64| (time / SECOND) as u32;
            let middle = f64::from(second(pair[0]) - OPEN + second(pair[1]) - OPEN) / 2.0;
            u_shape(middle / f64::from(SESSION))
        });
        let u: Vec<f64> = u.collect();
        let norm = u.iter().map(|u| u * u).sum::<f64>().sqrt();
        u.iter().map(|u| u / norm).collect()
    }
}

fn in_range(name: &'static str, value: u32, low: u32, high: u32) -> Result<()> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let requirement = format!("it must lie between {low} and {high}");
    Err(Error::Parameter { name, value: value.to_string(), requirement })
}

pub(super) fn stock_name(stock: u32) -> String {
    format!("S{:04}", stock + 1)
}

/// How a source of returns moves from day to day.
struct Dynamics {
    /// φ of the log volatility.
    persistence: f64,
    /// Standard deviation ν of the log volatility.
    deviation: f64,
}

/// A source of returns, the market or one stock's own part, day after day.
struct Source {
    dynamics: &'static Dynamics,
    /// Its number among the streams of a day.
    number: u32,
    seed: u64,
    /// Probability that a day has a jump.
    jump_probability: f64,
    /// Log volatility of the day before; none before the first.
    log_volatility: Option<f64>,
}

/// One day of a source, in units of its daily volatility.
struct SourceDay {
    log_volatility: f64,
    /// The return from the day before to the first price.
    overnight: f64,
    /// The jump's place among the returns, and its size.
    jump: Option<(usize, f64)>,
    /// Where the normals of the day's returns come from.
    rng: StreamRng,
}

impl Source {
    fn new(dynamics: &'static Dynamics, number: u32, seed: u64, jump_probability: f64) -> Self {
        Self { dynamics, number, seed, jump_probability, log_volatility: None }
    }

    /// The next day, which has `returns` returns. The order of the draws is fixed, with or without a jump.
    fn next_day(&mut self, date: Date, returns: usize) -> SourceDay {
        let Dynamics { persistence, deviation } = *self.dynamics;
        let day = day_number(date);
        let mut rng = StreamRng::new(Stream {
            seed: self.seed,
            purpose: Purpose::Simulation,
            day,
            sample: self.number,
        });
        let shock = deviation * normal(&mut rng);
        let log_volatility = match self.log_volatility {
            Some(before) => persistence * before + (1.0 - persistence * persistence).sqrt() * shock,
            None => shock,
        };
        self.log_volatility = Some(log_volatility);
        let overnight = OVERNIGHT * normal(&mut rng);
        let jumps = rng.random::<f64>() < self.jump_probability;
        let time: f64 = rng.random();
        let size = JUMP_SIZE * normal(&mut rng);
        let jump = jumps.then_some(((time * returns as f64) as usize, size));
        SourceDay { log_volatility, overnight, jump, rng }
    }
}

impl SourceDay {
    /// Return `i`, where the pattern gives it the share `share` = √w[i].
    fn next_return(&mut self, i: usize, share: f64) -> f64 {
        let jump = self.jump.map_or(0.0, |(place, size)| if place == i { size } else { 0.0 });
        share * normal(&mut self.rng) + jump
    }
}

/// One stock's prices, a day at a time.
///
/// The market is drawn again for each stock: that costs less than keeping it, and leaves stocks independent
/// jobs.
pub(super) struct StockPath<'a> {
    spec: &'a SimulateSpec,
    stock: u32,
    market: Source,
    own: Source,
    beta: f64,
    volatility: f64,
    log_price: f64,
    first_day: bool,
}

/// One day of a stock: its two sources, and their volatilities that day.
struct StockDay {
    market: SourceDay,
    own: SourceDay,
    market_scale: f64,
    own_scale: f64,
}

impl<'a> StockPath<'a> {
    /// The path of stock number `stock`.
    pub(super) fn new(spec: &'a SimulateSpec, stock: u32) -> Self {
        let seed = spec.seed;
        let mut rng = StreamRng::new(Stream { seed, purpose: Purpose::Simulation, day: 0, sample: stock });
        Self {
            spec,
            stock,
            market: Source::new(&MARKET_DYNAMICS, MARKET, seed, MARKET_JUMPS * spec.jumps),
            own: Source::new(&STOCK_DYNAMICS, stock, seed, (1.0 - MARKET_JUMPS) * spec.jumps),
            beta: 0.6 + 0.8 * rng.random::<f64>(),
            volatility: 0.008 + 0.010 * rng.random::<f64>(),
            log_price: 40f64.ln() + 0.5 * normal(&mut rng),
            first_day: true,
        }
    }

    /// What moves the next day, `date`; its returns are not drawn yet.
    fn next_sources(&mut self, date: Date) -> StockDay {
        let returns = self.spec.per_day as usize - 1;
        let market = self.market.next_day(date, returns);
        let own = self.own.next_day(date, returns);
        let market_scale = self.beta * MARKET_VOLATILITY * market.log_volatility.exp();
        let own_scale =
            self.volatility * (own.log_volatility + VOLATILITY_LOADING * market.log_volatility).exp();
        StockDay { market, own, market_scale, own_scale }
    }

    /// The prices of the next day, `date`, in cents: one more than there are returns. `pattern` is √w[i].
    pub(super) fn next_day(&mut self, date: Date, pattern: &[f64], cents: &mut Vec<u64>) {
        let StockDay { mut market, mut own, market_scale, own_scale } = self.next_sources(date);
        let mut bounce = StreamRng::new(Stream {
            seed: self.spec.seed,
            purpose: Purpose::Simulation,
            day: day_number(date),
            sample: BOUNCE + self.stock,
        });
        let half_spread = self.spec.noise;
        let mut price = |log_price: f64| {
            let side = if bounce.random::<bool>() { half_spread } else { -half_spread };
            in_cents(log_price, side)
        };
        if !self.first_day {
            self.log_price += market_scale * market.overnight + own_scale * own.overnight;
        }
        self.first_day = false;
        cents.clear();
        cents.push(price(self.log_price));
        for (i, &share) in pattern.iter().enumerate() {
            self.log_price +=
                market_scale * market.next_return(i, share) + own_scale * own.next_return(i, share);
            cents.push(price(self.log_price));
        }
    }
}

/// What a simulated stock's prices are drawn from on one day, from its first to its last price of the day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayTruth {
    /// The calendar day.
    pub date: Date,
    /// The stock's place among [`SimulateSpec::stock_names`].
    pub stock: usize,
    /// Variance of the log returns without jumps, ∫σ², squared log returns.
    pub integrated_variance: f64,
    /// The same and the squares of the jumps.
    pub quadratic_variation: f64,
}

/// The truth behind the panel of `spec`, in the order of the days, and within a day of the stocks.
///
/// # Errors
///
/// [`Error::Parameter`] where the specification is not valid.
pub fn truth(spec: &SimulateSpec) -> Result<impl Iterator<Item = DayTruth>> {
    spec.validate()?;
    let mut paths: Vec<StockPath<'_>> = (0..spec.stocks).map(|stock| StockPath::new(spec, stock)).collect();
    Ok(spec.dates().flat_map(move |date| {
        let of_stock = |(stock, path): (usize, &mut StockPath<'_>)| {
            let StockDay { market, own, market_scale, own_scale } = path.next_sources(date);
            let square = |scale: f64, jump: Option<(usize, f64)>| {
                jump.map_or(0.0, |(_, size)| (scale * size) * (scale * size))
            };
            let integrated_variance = market_scale * market_scale + own_scale * own_scale;
            let jumps = square(market_scale, market.jump) + square(own_scale, own.jump);
            DayTruth { date, stock, integrated_variance, quadratic_variation: integrated_variance + jumps }
        };
        paths.iter_mut().enumerate().map(of_stock).collect::<Vec<_>>()
    }))
}

/// The price in cents of a trade so many cents `beside` the efficient price: at least one, and few enough
/// that cents are exact in f64.
fn in_cents(log_price: f64, beside: f64) -> u64 {
    (100.0 * log_price.exp() + beside).round().clamp(1.0, 1e15) as u64
}

/// The simulated panel in memory: for each day, prices a day × stocks. In parallel over the stocks, on the
/// current Rayon pool. Equal to what the loader reads from the files of [`super::write()`].
///
/// # Errors
///
/// [`Error::Parameter`] where the specification is not valid.
pub fn simulate(spec: &SimulateSpec) -> Result<Panel> {
    spec.validate()?;
    let pattern = spec.intraday_pattern();
    let (stocks, per_day) = (spec.stocks as usize, spec.per_day as usize);
    // A stock's prices, day after day.
    let paths: Vec<Vec<f64>> = (0..spec.stocks)
        .into_par_iter()
        .map(|stock| {
            let mut path = StockPath::new(spec, stock);
            let mut cents = Vec::with_capacity(per_day);
            let mut prices = Vec::with_capacity(per_day * spec.days as usize);
            for date in spec.dates() {
                path.next_day(date, &pattern, &mut cents);
                // The quotient is the f64 nearest to the decimal price: what a reader of "12.34" gets.
                prices.extend(cents.iter().map(|&cents| cents as f64 / 100.0));
            }
            prices
        })
        .collect();
    let times = spec.times();
    let days = spec.dates().enumerate().map(|(day, date)| {
        let price = |(i, stock): (usize, usize)| paths[stock][day * per_day + i];
        DayPrices::new(date, times.clone(), Array2::from_shape_fn((per_day, stocks), price))
    });
    Ok(Panel { stocks: spec.stock_names(), days: days.collect() })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn spec(stocks: u32, days: u32, per_day: u32) -> SimulateSpec {
        SimulateSpec { stocks, days, per_day, ..SimulateSpec::default() }
    }

    /// Log returns of every day, returns × stocks.
    fn returns(panel: &Panel) -> Vec<Array2<f64>> {
        let day = |day: &DayPrices| {
            let (times, stocks) = day.prices.dim();
            Array2::from_shape_fn((times - 1, stocks), |(i, s)| {
                (day.prices[[i + 1, s]] / day.prices[[i, s]]).ln()
            })
        };
        panel.days.iter().map(day).collect()
    }
    #[test]
    fn the_seed_and_the_start_decide_the_prices() {
        let small = spec(2, 4, 40);
        let panel = simulate(&small).unwrap();
        assert_eq!(panel, simulate(&small).unwrap());
        let reseeded = simulate(&SimulateSpec { seed: 2, ..small.clone() }).unwrap();
        assert_ne!(panel.days[0].prices, reseeded.days[0].prices);
        let later = simulate(&SimulateSpec { start: date(2007, 1, 4), ..small }).unwrap();
        assert_eq!(panel.days[1].date, later.days[0].date);
        assert_ne!(panel.days[1].prices, later.days[0].prices);
    }

    #[test]
    fn fewer_stocks_and_fewer_days_are_a_part_of_the_panel() {
        let panel = simulate(&spec(12, 60, 79)).unwrap();
        let part = simulate(&spec(2, 21, 79)).unwrap();
        assert_eq!(part.stocks[..], panel.stocks[..2]);
        for (part, day) in part.days.iter().zip(&panel.days) {
            assert_eq!(part.date, day.date);
            assert_eq!(part.prices, day.prices.slice(ndarray::s![.., ..2]));
            // The perturbed twin: other stocks' prices differ.
            assert_ne!(part.prices, day.prices.slice(ndarray::s![.., 1..3]));
        }
    }

    #[test]
    fn days_are_weekdays_from_the_start_on() {
        let days: Vec<Date> = spec(1, 21, 2).dates().collect();
        assert_eq!((days[0], days[2], days[3]), (date(2007, 1, 3), date(2007, 1, 5), date(2007, 1, 8)));
        assert_eq!(days[20], date(2007, 1, 31));
        // A start on a Saturday moves to Monday.
        let weekend = SimulateSpec { start: date(2007, 1, 6), ..spec(1, 1, 2) };
        assert_eq!(weekend.dates().next(), Some(date(2007, 1, 8)));
        let last = SimulateSpec { start: date(9959, 12, 31), ..spec(1, MAX_DAYS, 2) };
        assert_eq!(last.dates().count(), MAX_DAYS as usize);
    }

    #[test]
    fn invalid_values_name_their_flag() {
        let message = |spec: SimulateSpec| simulate(&spec).unwrap_err().to_string();
        assert_eq!(message(spec(0, 1, 386)), "stocks is 0, but it must lie between 1 and 9999");
        assert_eq!(message(spec(1, 0, 386)), "days is 0, but it must lie between 1 and 10000");
        assert_eq!(message(spec(1, 1, 1)), "per_day is 1, but it must lie between 2 and 23401");
        assert!(message(spec(1, 1, 23_402)).starts_with("per_day is 23402"));
        for jumps in [-0.1, 1.1, f64::NAN] {
            assert!(message(SimulateSpec { jumps, ..spec(1, 1, 2) }).starts_with("jumps is "));
        }
        for noise in [-0.1, 1001.0, f64::NAN] {
            assert!(message(SimulateSpec { noise, ..spec(1, 1, 2) }).starts_with("noise is "));
        }
        let start = SimulateSpec { start: date(800, 1, 1), ..spec(1, 1, 2) };
        assert!(message(start).starts_with("start is 0800-01-01"));
    }

    #[test]
    fn volatility_is_u_shaped_within_the_day() {
        let panel = simulate(&spec(12, 251, 386)).unwrap();
        // Mean absolute return, which jumps hardly move: the first, the middle and the last half hour.
        let mean = |from: usize| {
            let days = returns(&panel);
            let part =
                days.iter().map(|day| day.slice(ndarray::s![from..from + 30, ..]).mapv(f64::abs).sum());
            part.sum::<f64>()
        };
        let (open, noon, close) = (mean(0), mean(178), mean(355));
        assert!(1.3 < open / noon && open / noon < 1.8, "{}", open / noon);
        assert!(1.05 < close / noon && close / noon < 1.4, "{}", close / noon);
    }

    #[test]
    fn stocks_are_correlated_and_volatility_persists() {
        let panel = simulate(&spec(12, 251, 79)).unwrap();
        let days = returns(&panel);
        // Realized correlation of the first two stocks and the log RV of the first, by day.
        let sum = |day: &Array2<f64>, a: usize, b: usize| (&day.column(a) * &day.column(b)).sum();
        let correlation: f64 =
            days.iter().map(|day| sum(day, 0, 1) / (sum(day, 0, 0) * sum(day, 1, 1)).sqrt()).sum::<f64>()
                / days.len() as f64;
        assert!(0.1 < correlation && correlation < 0.6, "{correlation}");
        let level: Vec<f64> = days.iter().map(|day| sum(day, 0, 0).ln()).collect();
        let mean = level.iter().sum::<f64>() / level.len() as f64;
        let variance: f64 = level.iter().map(|x| (x - mean).powi(2)).sum();
        let covariance: f64 = level.windows(2).map(|x| (x[0] - mean) * (x[1] - mean)).sum();
        assert!(covariance / variance > 0.3, "{}", covariance / variance);
        // Open to close, a stock moves by about one to three percent a day.
        let daily = (mean / 2.0).exp();
        assert!(0.005 < daily && daily < 0.04, "{daily}");
    }

    /// Share of the stock-days of which one return makes up more than half of the realized variance.
    fn lumpy(spec: &SimulateSpec) -> f64 {
        let days = returns(&simulate(spec).unwrap());
        let lumps = days
            .iter()
            .flat_map(|day| day.columns().into_iter().map(|stock| stock.mapv(|r| r * r)).collect::<Vec<_>>());
        let lumps = lumps.filter(|squares| squares.fold(0.0f64, |a, &b| a.max(b)) > 0.5 * squares.sum());
        lumps.count() as f64 / f64::from(spec.stocks * spec.days)
    }

    #[test]
    fn jumps_are_as_frequent_as_said() {
        for jumps in [0.0, RARE_JUMPS, OFTEN_JUMPS, 1.0] {
            let spec = SimulateSpec { jumps, ..spec(1, MAX_DAYS, 2) };
            let jumped =
                truth(&spec).unwrap().filter(|day| day.quadratic_variation > day.integrated_variance).count();
            let share = jumped as f64 / f64::from(MAX_DAYS);
            let expected = 1.0 - (1.0 - 0.25 * jumps) * (1.0 - 0.75 * jumps);
            let error = (expected * (1.0 - expected) / f64::from(MAX_DAYS)).sqrt();
            assert!((share - expected).abs() <= 4.0 * error, "{share}, not {expected}");
        }
        let share = |jumps: f64| lumpy(&SimulateSpec { jumps, ..spec(40, 500, 386) });
        let (none, rare, often) = (share(0.0), share(RARE_JUMPS), share(OFTEN_JUMPS));
        assert_eq!(none, 0.0);
        // Stocks share the market's jumps, so that there are many on few days.
        assert!((0.001..0.004).contains(&rare) && (0.02..0.04).contains(&often), "{rare} and {often}");
    }

    #[test]
    fn trades_bounce_around_the_same_price() {
        let panel = |noise| simulate(&SimulateSpec { jumps: 0.0, noise, ..spec(40, 20, 386) }).unwrap();
        let [without, usual, with] = [0.0, SimulateSpec::default().noise, 2.0].map(panel);
        let (mut count, mut above) = (0.0, 0.0);
        for (without, with) in without.days.iter().zip(&with.days) {
            let difference = (&with.prices - &without.prices).mapv(|x| (100.0 * x).round());
            assert!(difference.iter().all(|x| x.abs() == 2.0), "{difference}");
            count += difference.len() as f64;
            above += difference.iter().filter(|&&x| x > 0.0).count() as f64;
        }
        assert!((above / count - 0.5).abs() < 4.0 * 0.5 / count.sqrt(), "{above} of {count}");
        // Independent from trade to trade: negative first autocorrelations, by day and stock.
        let correlation = |panel: &Panel| {
            let of_day = |day: &Array2<f64>| {
                let rows = day.nrows();
                let next = &day.slice(ndarray::s![1.., ..]) * &day.slice(ndarray::s![..rows - 1, ..]);
                (next.sum_axis(ndarray::Axis(0)) / day.mapv(|r| r * r).sum_axis(ndarray::Axis(0))).mean()
            };
            returns(panel).iter().map(|day| of_day(day).unwrap()).sum::<f64>() / 20.0
        };
        let [none, some, much] = [&without, &usual, &with].map(correlation);
        assert!(none.abs() < 0.02 && (-0.07..-0.03).contains(&some) && much < -0.12, "{none} {some} {much}");
    }

    #[test]
    fn the_truth_is_what_realized_variance_estimates() {
        // Without rounding to speak of: prices of a second, so that RV is IV to a few percent.
        let base = SimulateSpec { noise: 0.0, jumps: 0.5, ..spec(4, 10, 2341) };
        let truth: Vec<DayTruth> = truth(&base).unwrap().collect();
        let panel = simulate(&base).unwrap();
        assert_eq!(truth.len(), 40);
        let mut jumped = 0;
        let mut ratios = Vec::new();
        for (row, truth) in truth.iter().enumerate() {
            let (day, stock) = (row / 4, row % 4);
            assert_eq!((truth.date, truth.stock), (panel.days[day].date, stock));
            let returns = returns(&panel).swap_remove(day);
            let realized: f64 = returns.column(stock).iter().map(|r| r * r).sum();
            ratios.push(realized / truth.quadratic_variation);
            assert!(truth.quadratic_variation >= truth.integrated_variance);
            // A jump is found where it is large.
            if truth.quadratic_variation > 1.5 * truth.integrated_variance {
                jumped += 1;
                assert!(realized > 1.3 * truth.integrated_variance);
            }
        }
        assert!(jumped > 3, "{jumped}");
        // √(2/n) is 0.029; ticks of a cent add 2n/12 squared cents.
        for ratio in &ratios {
            assert!((0.87..1.35).contains(ratio), "{ratio}");
        }
        // Other numbers of stocks, days and prices a day change no truth.
        let part = SimulateSpec { stocks: 2, days: 5, ..base.clone() };
        for (row, part) in super::truth(&part).unwrap().enumerate() {
            assert_eq!(part, truth[row / 2 * 4 + row % 2]);
        }
        // Without jumps both are the same, and the same as before.
        let calm = SimulateSpec { jumps: 0.0, ..base };
        for (calm, truth) in super::truth(&calm).unwrap().zip(&truth) {
            assert_eq!(calm.integrated_variance, calm.quadratic_variation);
            assert_eq!(calm.integrated_variance, truth.integrated_variance);
        }
    }

    #[test]
    fn prices_stay_positive() {
        assert_eq!(in_cents(f64::NEG_INFINITY, 0.0), 1);
        assert_eq!(in_cents(-5.0, -3.0), 1);
        assert_eq!(in_cents(0.0, 0.0), 100);
        assert_eq!((in_cents(0.0, 2.6), in_cents(0.0, -2.6)), (103, 97));
        assert_eq!(in_cents(1e3, 0.0), 1_000_000_000_000_000);
    }
}
