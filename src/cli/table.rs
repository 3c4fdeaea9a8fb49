//! The arguments that say which panel is read, and how: those of every command that reads one.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::Result;
use crate::panel::{
    Align, Cleaning, ColumnNames, DateFormat, Duplicates, Every, HalfDays, LoadOptions, Missing, Outliers,
    RowFilter, Session, TableOptions, Zones, parse_date,
};

use super::stock_name;

/// Which panel, and how it is read.
#[derive(Debug, Args)]
pub(super) struct PanelArgs {
    /// Tables of prices: a folder, files, or `-` for standard input. CSV with any separator, Parquet or
    /// Arrow, plain or compressed (.gz, .zst); one stock a file (named after it), a column of stocks, or a
    /// column of prices for each. The header says which column is which; without one they are
    /// `YYYYMMDD,HHMM,PRICE`
    #[arg(required = true, value_name = "PANEL")]
    pub(super) panel: Vec<PathBuf>,
    /// Only these stocks, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "A,B", value_parser = stock_name, help_heading = "Panel")]
    pub(super) stocks: Option<Vec<String>>,
    /// Only days from this one on (2007-01-31 or 20070131)
    #[arg(long, value_name = "DATE", value_parser = parse_date, help_heading = "Panel")]
    pub(super) from: Option<Date>,
    /// Only days up to this one, itself included
    #[arg(long, value_name = "DATE", value_parser = parse_date, help_heading = "Panel")]
    pub(super) to: Option<Date>,
    /// At which times of a day stocks have their prices [default: none; exact, for measures of two stocks]
    #[arg(long, value_enum, help_heading = "Panel")]
    pub(super) align: Option<Align>,
    /// Leave out broken files and days that are too short, and end with exit code 3
    #[arg(long, help_heading = "Panel")]
    pub(super) keep_going: bool,
    /// Take prices at this step: `5min`, `300s`, `500ms` (the last price up to each point of a grid that
    /// begins with --session, else at midnight), or `10ticks`
    #[arg(long, value_name = "STEP", help_heading = "Panel")]
    pub(super) every: Option<Every>,
    /// Average over so many grids of --every, each begun an equal part of the step later than the one before.
    /// Of variance, volatility, annual-volatility and log-variance: studentized intervals of iid and wild,
    /// asymptotic ones, and percentile, basic, normal and bc of block and stationary
    #[arg(long, value_name = "GRIDS", requires = "every", help_heading = "Panel")]
    pub(super) subsample: Option<NonZeroU64>,
    #[command(flatten)]
    pub(super) table: TableArgs,
    #[command(flatten)]
    pub(super) cleaning: CleaningArgs,
}

/// How tables are written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tables")]
pub(super) struct TableArgs {
    /// Which columns hold what, by name (or number, from 1, without a header): `time=ts,price=mid,stock=sym`,
    /// of date, time, price and stock
    #[arg(long, value_name = "ROLE=NAME,…")]
    columns: Option<ColumnNames>,
    /// Keep the rows whose column holds this: `CORR=0`, `EX=N|Q` (either), `COND!=Z` (not); repeat it for
    /// more
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    filters: Vec<RowFilter>,
    /// What stands between fields: `,`, `;`, `|` or `tab` [default: found out from the first line]
    #[arg(long, value_name = "C", value_parser = separator)]
    separator: Option<u8>,
    /// What stands before the decimals of a price
    #[arg(long, value_name = "SIGN", default_value = "point")]
    #[arg(value_parser = PossibleValuesParser::new(["point", "comma"]))]
    decimal: String,
    /// How dates are written that can be read in two ways: `mdy` (1/31/2007), `dmy` (31.1.2007), or a pattern
    /// of strftime like `%d.%m.%Y %H:%M`
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<DateFormat>,
    /// The zone whose clock days and times are put on, like `America/New_York`, where time stamps say theirs
    #[arg(long, value_name = "ZONE", value_parser = time_zone)]
    timezone: Option<TimeZone>,
    /// The zone of time stamps that do not say theirs, like `UTC` [default: that of --timezone]
    #[arg(long, value_name = "ZONE", value_parser = time_zone, requires = "timezone")]
    times_in: Option<TimeZone>,
    /// Sort rows that come in any order
    #[arg(long)]
    sort: bool,
}

/// How ticks are cleaned.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cleaning")]
pub(super) struct CleaningArgs {
    /// Rows without a price
    #[arg(long, value_enum, default_value_t = Missing::Error)]
    missing: Missing,
    /// Several prices of a stock at one time
    #[arg(long, value_enum, default_value_t = Duplicates::Error)]
    duplicates: Duplicates,
    /// Use the times of a day from one to the other, both included: `09:30-16:00`
    #[arg(long, value_name = "FROM-TO")]
    pub(super) session: Option<Session>,
    /// Half days of the New York Stock Exchange, which closes at 13:00 then
    #[arg(long, value_enum, default_value_t = HalfDays::Keep)]
    pub(super) holidays: HalfDays,
    /// Leave out prices farther from those around them than three standard deviations and GAMMA: prices
    /// around it, share trimmed from their mean, and GAMMA, like `60,0.1,0.02` (Brownlees and Gallo 2006)
    #[arg(long, value_name = "K,TRIM,GAMMA")]
    outliers: Option<Outliers>,
}

impl PanelArgs {
    /// What the library needs; `align` where nothing is said.
    pub(super) fn options(&self, align: Align) -> Result<LoadOptions> {
        let table = TableOptions {
            separator: self.table.separator,
            columns: self.table.columns.clone().unwrap_or_default(),
            filters: self.table.filters.clone(),
            decimal_comma: self.table.decimal == "comma",
            date_format: self.table.date_format.clone(),
            zones: Zones { panel: self.table.timezone.clone(), files: self.table.times_in.clone() },
        };
        let mut cleaning = Cleaning::default()
            .missing(self.cleaning.missing)
            .duplicates(self.cleaning.duplicates)
            .half_days(self.cleaning.holidays);
        (cleaning.session, cleaning.outliers) = (self.cleaning.session, self.cleaning.outliers);
        let options = LoadOptions {
            stocks: self.stocks.clone(),
            from: self.from,
            to: self.to,
            align,
            keep_going: self.keep_going,
            table,
            sort: self.table.sort,
            cleaning,
            every: self.every,
            subsample: self.subsample,
        };
        // Before anything is read.
        options.sampling()?;
        Ok(options)
    }

    /// Whether returns are averaged over several grids.
    pub(super) fn is_averaged(&self) -> bool {
        self.subsample.is_some_and(|grids| grids.get() > 1)
    }
}

fn separator(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\t" | "\\t" => Ok(b'\t'),
        "," | ";" | "|" => Ok(text.as_bytes()[0]),
        _ => Err("write one of , ; | or tab".into()),
    }
}

fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("there is no zone {name:?}; write one like America/New_York or UTC"))
}
