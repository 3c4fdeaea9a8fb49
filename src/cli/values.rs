//! What settings of the library are called on the command line. The library itself knows of no flags.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::bootstrap::part::Cut;
use crate::bootstrap::Period;
use crate::growth::{Choice, Maximizer, Method, RowSums, Spacing, Stop};
use crate::interval::Side;
use crate::output::Format;
use crate::output::intervals::Layout;
use crate::panel::{Align, Duplicates, HalfDays, Missing};

/// The name of a setting, as it is typed.
pub(super) fn name(setting: &impl ValueEnum) -> String {
    setting.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
}

/// The values of a setting: what each is called, and what the help says of it.
macro_rules! values {
    ($setting:ident { $($value:ident = $name:literal, $help:literal;)+ }) => {
        impl ValueEnum for $setting {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$value),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(match self {
                    $(Self::$value => PossibleValue::new($name).help($help),)+
                })
            }
        }
    };
}

values!(Align {
    None = "none", "Each stock's own times and days";
    Exact = "exact", "Refuse: stocks must share their times";
    Inner = "inner", "Keep the times that all stocks have";
    Previous = "previous", "Take all times, and a stock's previous price of the day where it has none";
    Refresh = "refresh", "Take the times when all stocks have a new price since the last";
});
values!(Cut {
    Stocks = "stocks", "Along stocks, and the days of a stock: a part reads the files of its own";
    Days = "days", "Along days, with all stocks";
    Samples = "samples", "Along samples, of all stocks and days";
});
values!(Duplicates {
    Error = "error", "Refuse: a stock has one price at a time";
    Last = "last", "Keep the last of them";
    Mean = "mean", "Take their mean";
    Median = "median", "Take their median";
});
values!(HalfDays {
    Keep = "keep", "Treat them like any day";
    Short = "short", "Leave out what comes after 13:00";
    Drop = "drop", "Leave them out";
});
values!(Missing {
    Error = "error", "Refuse: each row has a price";
    Skip = "skip", "Leave them out";
});
values!(Choice {
    Continuous = "continuous", "Any k′ between the ends of the grid; V is interpolated linearly";
    Grid = "grid", "The grid points alone";
});
values!(Format {
    Csv = "csv", "Comma-separated values";
    Json = "json", "JSON";
    Parquet = "parquet", "Parquet, which pandas, polars and DuckDB read";
    Arrow = "arrow", "Arrow, as a file: Feather of version 2";
});
values!(Layout {
    Long = "long", "A record for each day and stock";
    Wide = "wide", "A row for each day, two columns for each stock, under two header rows";
});
values!(Maximizer {
    Cell = "cell", "Continuous choice: the exact formula on each cell of the grid";
    Golden = "golden", "Continuous choice: golden section on the objective";
    Brute = "brute", "Choice on the grid: all candidates are compared";
    Sweep = "sweep", "Choice on the grid: one sweep over rows and candidates, as the policy is monotone";
    Bisection = "bisection",
        "Choice on the grid: bisection on the sign of the objective's differences, as it is concave";
});
values!(Method {
    Vfi = "vfi", "Plain value function iteration from V = 0";
    Accelerated = "accelerated",
        "Value function iteration with MacQueen-Porteus bounds, from coarser grids where the grid is large";
    Howard = "howard", "Policy improvement with exact policy evaluation";
    Egm = "egm", "The endogenous grid method, polished by policy improvement";
    Collocation = "collocation",
        "Chebyshev collocation of the Euler equation, to rounding; the grid is for output only";
});
values!(RowSums {
    One = "one", "They are refused";
    Scaled = "scaled", "Each row is divided by its sum";
    Any = "any", "They are taken as they are";
});
values!(Spacing {
    Linear = "linear", "At equal distances of k";
    Log = "log", "At equal distances of ln k: denser where V bends most";
});
values!(Stop {
    Bound = "bound", "When the guaranteed iteration error is at most the tolerance";
    Change = "change", "When the largest change of V is below the tolerance";
});
values!(Side {
    Both = "both", "A lower and an upper end";
    Lower = "lower", "A lower end alone";
    Upper = "upper", "An upper end alone";
});
values!(Period {
    Day = "day", "Each day";
    Week = "week", "Weeks from Monday on, called by their Monday";
    Month = "month", "Calendar months, called by their first day";
    All = "all", "All days, called by the first";
});
