//! A simulated panel of intraday prices, in the format that the loader reads: for trying things out, and for
//! tests.
//!
//! # Model
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
//!   1 at 16:00 and u(t) = 0.88929198 + 0.75 exp(−10 t) + 0.25 exp(−10 (1 − t)): volatile at the open, quiet
//!   at noon, livelier again before the close (the U shape, as in Andersen, Dobrev and Schaumburg 2012).
//! * **Jumps.** A day has at most one of each source, with probability 0.02 for the market and 0.06 for a
//!   stock, at a uniform time; its size is 1.5 · N(0, 1) in units of the source's daily volatility.
//! * **Nights.** The return from 16:00 to the next day's first price is 0.5 · N(0, 1) in the same units, for
//!   each source.
//! * **Stocks.** `β[s]` is uniform on [0.6, 1.4], `σ[s]` on [0.008, 0.018] a day, the first price is 40 ·
//!   exp(0.5 · N(0, 1)); the market's σ is 0.009 a day. So two stocks' returns are correlated at about 0.3.
//! * **Prices** are rounded to cents, and are never below 0.01. The rounding feeds back into no return; like
//!   real ticks it makes zero returns and ties.
//!
//! Days run from the start date on, Mondays to Fridays; no holidays, no half days.
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
//! stock's number from 0, or 2³² − 1 for the market), a stock's constants the stream of day 0. So a stock's
//! prices depend on the seed, the start date, the number of prices a day and its own number, and **not** on
//! how many stocks or days are asked for: two stocks are the first two of twelve, January is the first month
//! of the year.
//!
//! # The same on every platform?
//!
//! Words and their use are; but exp and ln come from the platform's mathematics library, whose last bit may
//! differ. Rounding to cents hides that, except where a price falls within about 1e-13 of half a cent: expect
//! none in millions of prices, but don't rely on it as on the bootstrap's own stream.
//!
//! # Sources
//!
//! S. J. Taylor, *Modelling Financial Time Series*, Wiley 1986. T. G. Andersen, D. Dobrev and E. Schaumburg,
//! "Jump-robust volatility estimation using nearest neighbor truncation", Journal of Econometrics 169(1),
//! 2012.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::civil::{Date, Weekday};
use ndarray::Array2;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::output::temporary::{PREFIX, TemporaryFolder};
use crate::output::{folder_of, resolved};
use crate::panel::{DayPrices, Panel};
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

/// The market's number among the streams of a day; stocks count from 0.
const MARKET: u32 = u32::MAX;
/// The market's volatility a day, open to close.
const MARKET_VOLATILITY: f64 = 0.009;
/// The market's dynamics.
const MARKET_DYNAMICS: Dynamics = Dynamics { persistence: 0.98, deviation: 0.35, jump_probability: 0.02 };
/// A stock's own dynamics.
const STOCK_DYNAMICS: Dynamics = Dynamics { persistence: 0.90, deviation: 0.25, jump_probability: 0.06 };
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Default for SimulateSpec {
    fn default() -> Self {
        Self { stocks: 12, days: 251, per_day: 386, seed: 1, start: jiff::civil::date(2007, 1, 3) }
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
    /// each while it runs, and its panel 8; [`write()`] holds a day's prices a thread.
    pub fn prices(&self) -> u64 {
        u64::from(self.stocks) * u64::from(self.days) * u64::from(self.per_day)
    }

    /// Seconds between prices.
    fn spacing(&self) -> u32 {
        let seconds = SESSION / (self.per_day - 1);
        if seconds >= 60 { seconds / 60 * 60 } else { seconds }
    }

    /// The day's times in seconds after midnight.
    fn times(&self) -> Vec<u32> {
        let spacing = self.spacing();
        (0..self.per_day).rev().map(|before_close| CLOSE - before_close * spacing).collect()
    }

    /// The trading days: [`Self::days`] Mondays to Fridays from [`Self::start`] on.
    fn dates(&self) -> impl Iterator<Item = Date> {
        self.start
            .series(jiff::Span::new().days(1))
            .filter(|date| !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday))
            .take(self.days as usize)
    }

    /// √w[i]: each return's share of the day's volatility.
    fn intraday_pattern(&self) -> Vec<f64> {
        let times = self.times();
        let u = times.windows(2).map(|pair| {
            let middle = f64::from(pair[0] - OPEN + pair[1] - OPEN) / 2.0;
            let t = middle / f64::from(SESSION);
            0.889_291_98 + 0.75 * (-10.0 * t).exp() + 0.25 * (-10.0 * (1.0 - t)).exp()
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

fn stock_name(stock: u32) -> String {
    format!("S{:04}", stock + 1)
}

/// A calendar day as the number YYYYMMDD.
fn day_number(date: Date) -> u32 {
    u32::from(date.year().unsigned_abs()) * 10_000 + date.month() as u32 * 100 + date.day() as u32
}

/// A standard normal draw.
fn normal(rng: &mut StreamRng) -> f64 {
    StandardNormal.sample(rng)
}

/// How a source of returns moves from day to day.
struct Dynamics {
    /// φ of the log volatility.
    persistence: f64,
    /// Standard deviation ν of the log volatility.
    deviation: f64,
    /// Probability that a day has a jump.
    jump_probability: f64,
}

/// A source of returns, the market or one stock's own part, day after day.
struct Source {
    dynamics: &'static Dynamics,
    /// Its number among the streams of a day.
    number: u32,
    seed: u64,
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
    fn new(dynamics: &'static Dynamics, number: u32, seed: u64) -> Self {
        Self { dynamics, number, seed, log_volatility: None }
    }

    /// The next day, which has `returns` returns. The order of the draws is fixed, with or without a jump.
    fn next_day(&mut self, date: Date, returns: usize) -> SourceDay {
        let Dynamics { persistence, deviation, jump_probability } = *self.dynamics;
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
        let jumps = rng.random::<f64>() < jump_probability;
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
struct StockPath<'a> {
    market: Source,
    own: Source,
    beta: f64,
    volatility: f64,
    log_price: f64,
    first_day: bool,
    /// √w[i].
    pattern: &'a [f64],
}

impl<'a> StockPath<'a> {
    fn new(seed: u64, stock: u32, pattern: &'a [f64]) -> Self {
        let mut rng = StreamRng::new(Stream { seed, purpose: Purpose::Simulation, day: 0, sample: stock });
        Self {
            market: Source::new(&MARKET_DYNAMICS, MARKET, seed),
            own: Source::new(&STOCK_DYNAMICS, stock, seed),
            beta: 0.6 + 0.8 * rng.random::<f64>(),
            volatility: 0.008 + 0.010 * rng.random::<f64>(),
            log_price: 40f64.ln() + 0.5 * normal(&mut rng),
            first_day: true,
            pattern,
        }
    }

    /// The prices of the next day, `date`, in cents: one more than there are returns.
    fn next_day(&mut self, date: Date, cents: &mut Vec<u64>) {
        let mut market = self.market.next_day(date, self.pattern.len());
        let mut own = self.own.next_day(date, self.pattern.len());
        let market_scale = self.beta * MARKET_VOLATILITY * market.log_volatility.exp();
        let own_scale =
            self.volatility * (own.log_volatility + VOLATILITY_LOADING * market.log_volatility).exp();
        if !self.first_day {
            self.log_price += market_scale * market.overnight + own_scale * own.overnight;
        }
        self.first_day = false;
        cents.clear();
        cents.push(in_cents(self.log_price));
        for (i, &share) in self.pattern.iter().enumerate() {
            self.log_price +=
                market_scale * market.next_return(i, share) + own_scale * own.next_return(i, share);
            cents.push(in_cents(self.log_price));
        }
    }
}

/// A price in cents, at least one, and few enough that cents are exact in f64.
fn in_cents(log_price: f64) -> u64 {
    (100.0 * log_price.exp()).round().clamp(1.0, 1e15) as u64
}

/// The simulated panel in memory: for each day, prices a day × stocks. In parallel over the stocks, on the
/// current Rayon pool. Equal to what the loader reads from the files of [`write()`].
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
            let mut path = StockPath::new(spec.seed, stock, &pattern);
            let mut cents = Vec::with_capacity(per_day);
            let mut prices = Vec::with_capacity(per_day * spec.days as usize);
            for date in spec.dates() {
                path.next_day(date, &mut cents);
                // The quotient is the f64 nearest to the decimal price: what a reader of "12.34" gets.
                prices.extend(cents.iter().map(|&cents| cents as f64 / 100.0));
            }
            prices
        })
        .collect();
    let times = spec.times();
    let days = spec.dates().enumerate().map(|(day, date)| DayPrices {
        date,
        times: times.clone(),
        prices: Array2::from_shape_fn((per_day, stocks), |(i, stock)| paths[stock][day * per_day + i]),
    });
    Ok(Panel { stocks: spec.stock_names(), days: days.collect() })
}

/// Writes the simulated panel to `folder`: one file a stock, `S0001.csv` and so on, lines
/// `YYYYMMDD,HHMM,PRICE` without a header. Files are written in parallel on the current Rayon pool, and a
/// thread holds one day of prices at a time. `progress` is called after each stock with the number of prices
/// written.
///
/// The panel is there as a whole or not at all: it is written to a hidden folder that is renamed when it is
/// complete, or whose files are, one right after the other, where `folder` exists. One folder holds one
/// panel: it must be empty, or, with `force`, hold no CSV files but those that are replaced.
///
/// Returns the paths of the files, in the order of the stocks.
///
/// # Errors
///
/// [`Error::Parameter`] where the specification is not valid. [`Error::Io`] where the folder or a file can't
/// be written, and where the folder holds what it must not.
pub fn write(
    spec: &SimulateSpec,
    folder: &Path,
    force: bool,
    progress: impl Fn(u64) + Sync,
) -> Result<Vec<PathBuf>> {
    spec.validate()?;
    let names: Vec<String> = (0..spec.stocks).map(|stock| format!("{}.csv", stock_name(stock))).collect();
    let target = resolved(folder);
    match std::fs::symlink_metadata(&target) {
        Ok(_) => refuse_other_files(folder, force.then_some(&names[..]))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A name that is too long, or one below a file.
        Err(error) => return Err(Error::io("create", folder)(error)),
    }
    // Beside the first folder on the way that is missing, or within the one that is there.
    let missing = missing_folders(&target);
    let parent = missing.first().map_or(&*target, |first| folder_of(first));
    let temporary = TemporaryFolder::new(parent).map_err(Error::io("write", folder))?;
    let new = temporary.path().join("panel");
    let within = match (missing.first(), missing.last()) {
        (Some(first), Some(last)) => new.join(last.strip_prefix(first).unwrap_or(Path::new(""))),
        _ => new.clone(),
    };
    temporary.create_folders(&within).map_err(Error::io("create", folder))?;

    let pattern = spec.intraday_pattern();
    let times = clock_times(&spec.times());
    names.par_iter().zip(0..spec.stocks).try_for_each(|(name, stock)| {
        let prices = StockPath::new(spec.seed, stock, &pattern);
        let file = temporary.create(&within.join(name));
        let written = file.and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            write_stock(spec, prices, &times, &mut out)?;
            out.flush()
        });
        written.map_err(Error::io("write", folder.join(name)))?;
        progress(u64::from(spec.days) * u64::from(spec.per_day));
        Ok::<(), Error>(())
    })?;

    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let renames: Vec<(PathBuf, PathBuf)> = match missing.first() {
        Some(first) => vec![(new, first.clone())],
        None => names.iter().map(|name| (within.join(name), target.join(name))).collect(),
    };
    let renames = renames.iter().map(|(from, to)| (from.as_path(), to.as_path()));
    temporary.rename_all(renames).map_err(Error::io("write", folder))?;
    Ok(paths)
}

/// The folders on the way to `folder`, itself included, that are not there; outermost first.
fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let not_there = |path: &&Path| !path.as_os_str().is_empty() && std::fs::symlink_metadata(path).is_err();
    let mut missing: Vec<PathBuf> = folder.ancestors().take_while(not_there).map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// Fails where `folder` holds a file, or, where some may be `replaced`, another CSV file than those.
fn refuse_other_files(folder: &Path, replaced: Option<&[String]>) -> Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        names.push(entry.map_err(Error::io("read", folder))?.file_name());
    }
    let csv = |name: &OsString| {
        Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
    };
    names.retain(|name| match replaced {
        // What a run that was killed has left behind is hidden, and in nobody's way.
        None => !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()),
        Some(replaced) => csv(name) && !replaced.iter().any(|replaced| **name == **replaced),
    });
    // A CSV file says more about what is in the folder than another one.
    names.sort_by_key(|name| (!csv(name), name.clone()));
    let Some(name) = names.first() else { return Ok(()) };
    let reason = match replaced {
        None => {
            "the folder holds this file already, and one folder holds one panel; name a new folder, or \
             replace the panel with `force`"
        }
        Some(_) => {
            "the new panel has no such stock, and one folder holds one panel; name a new folder, or \
             remove the files that are no longer wanted"
        }
    };
    let reason = io::Error::new(io::ErrorKind::AlreadyExists, reason);
    Err(Error::io("simulate over", folder.join(name))(reason))
}

/// Times of day as the files hold them: HHMM where all are whole minutes, else HHMMSS.
fn clock_times(times: &[u32]) -> Vec<String> {
    let minutes = times.iter().all(|time| time % 60 == 0);
    let clock = |&time: &u32| {
        let hhmm = time / 3600 * 100 + time / 60 % 60;
        if minutes { hhmm.to_string() } else { (hhmm * 100 + time % 60).to_string() }
    };
    times.iter().map(clock).collect()
}

/// One stock's file.
fn write_stock(
    spec: &SimulateSpec,
    mut path: StockPath<'_>,
    times: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut cents = Vec::with_capacity(times.len());
    let mut text = Vec::new();
    for date in spec.dates() {
        path.next_day(date, &mut cents);
        let day = day_number(date);
        text.clear();
        for (time, cents) in times.iter().zip(&cents) {
            writeln!(text, "{day},{time},{}.{:02}", cents / 100, cents % 100)?;
        }
        out.write_all(&text)?;
    }
    Ok(())
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
    fn the_grid_ends_at_the_close_and_prefers_minutes() {
        let grid = |per_day| {
            let times = clock_times(&spec(1, 1, per_day).times());
            assert_eq!(times.len(), per_day as usize);
            [times[0].clone(), times[1].clone(), times[times.len() - 1].clone()]
        };
        assert_eq!(grid(386), ["935", "936", "1600"]);
        assert_eq!(grid(390), ["931", "932", "1600"]);
        assert_eq!(grid(391), ["930", "931", "1600"]);
        assert_eq!(grid(392), ["93531", "93630", "160000"]);
        assert_eq!(grid(79), ["930", "935", "1600"]);
        assert_eq!(grid(2), ["930", "1600", "1600"]);
        assert_eq!(grid(4681), ["93000", "93005", "160000"]);
        assert_eq!(grid(MAX_PER_DAY), ["93000", "93001", "160000"]);
    }

    #[test]
    fn invalid_values_name_their_flag() {
        let message = |spec: SimulateSpec| simulate(&spec).unwrap_err().to_string();
        assert_eq!(message(spec(0, 1, 386)), "stocks is 0, but it must lie between 1 and 9999");
        assert_eq!(message(spec(1, 0, 386)), "days is 0, but it must lie between 1 and 10000");
        assert_eq!(message(spec(1, 1, 1)), "per_day is 1, but it must lie between 2 and 23401");
        assert!(message(spec(1, 1, 23_402)).starts_with("per_day is 23402"));
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

    #[test]
    fn some_days_jump() {
        let panel = simulate(&spec(12, 251, 386)).unwrap();
        let mut jumps = 0;
        for day in returns(&panel) {
            for stock in day.columns() {
                let squares = stock.mapv(|r| r * r);
                let largest = squares.fold(0.0f64, |a, &b| a.max(b));
                // Without a jump the largest of 385 normal squares makes up some 2 to 5 percent.
                jumps += usize::from(largest > 0.15 * squares.sum());
            }
        }
        let share = jumps as f64 / (12.0 * 251.0);
        assert!(0.02 < share && share < 0.08, "{share}");
    }

    #[test]
    fn files_hold_the_panel() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/panel");
        let spec = spec(3, 6, 392);
        let written = std::sync::atomic::AtomicU64::new(0);
        let count = |prices| {
            written.fetch_add(prices, std::sync::atomic::Ordering::Relaxed);
        };
        let paths = write(&spec, &folder, false, count).unwrap();
        assert_eq!(written.into_inner(), spec.prices());
        let panel = simulate(&spec).unwrap();
        for (stock, path) in paths.iter().enumerate() {
            assert_eq!(path, &folder.join(format!("{}.csv", panel.stocks[stock])));
            let text = std::fs::read_to_string(path).unwrap();
            let mut lines = text.lines();
            for day in &panel.days {
                for (i, time) in clock_times(&day.times).iter().enumerate() {
                    let line = lines.next().unwrap();
                    let price = line.strip_prefix(&format!("{},{time},", day_number(day.date))).unwrap();
                    assert_eq!(price.split_once('.').unwrap().1.len(), 2, "{line}");
                    assert_eq!(price.parse::<f64>().unwrap().to_bits(), day.prices[[i, stock]].to_bits());
                    assert!(day.prices[[i, stock]] >= 0.01);
                }
            }
            assert_eq!(lines.next(), None);
        }
    }

    #[test]
    fn prices_stay_positive() {
        assert_eq!(in_cents(f64::NEG_INFINITY), 1);
        assert_eq!(in_cents(-5.0), 1);
        assert_eq!(in_cents(0.0), 100);
        assert_eq!(in_cents(1e3), 1_000_000_000_000_000);
    }

    #[test]
    fn one_folder_holds_one_panel() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b/panel");
        let names = || -> Vec<String> {
            let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        let refused = |stocks, force| {
            let before = names();
            let message = write(&spec(stocks, 1, 3), &folder, force, |_| ()).unwrap_err().to_string();
            assert_eq!(names(), before);
            message
        };
        write(&spec(2, 1, 3), &folder, false, |_| ()).unwrap();
        assert_eq!(names(), ["S0001.csv", "S0002.csv"]);
        assert_eq!(std::fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1);
        assert!(refused(2, false).contains("S0001.csv: the folder holds this file already"));
        // Files of the same names are replaced, others would be mixed with the new panel's.
        let before = std::fs::read(folder.join("S0001.csv")).unwrap();
        write(&SimulateSpec { seed: 2, ..spec(3, 1, 3) }, &folder, true, |_| ()).unwrap();
        assert_ne!(std::fs::read(folder.join("S0001.csv")).unwrap(), before);
        assert_eq!(names(), ["S0001.csv", "S0002.csv", "S0003.csv"]);
        assert!(refused(2, true).contains("S0003.csv: the new panel has no such stock"));
        // What is no CSV file belongs to no panel, and stays.
        std::fs::write(folder.join("notes.txt"), "mine").unwrap();
        write(&spec(3, 1, 3), &folder, true, |_| ()).unwrap();
        assert_eq!(names().len(), 4);
        for name in ["S0001.csv", "S0002.csv", "S0003.csv"] {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        assert!(refused(1, false).contains("notes.txt"));
        std::fs::remove_file(folder.join("notes.txt")).unwrap();
        // An empty folder is taken, and so is one with the remains of a run that was killed.
        std::fs::create_dir(folder.join(".bellwether-1a2b3c")).unwrap();
        write(&spec(1, 1, 3), &folder, false, |_| ()).unwrap();
        assert_eq!(names(), [".bellwether-1a2b3c", "S0001.csv"]);
    }
}
