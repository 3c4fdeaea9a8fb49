//! What a simulated panel was drawn from, as CSV.

use std::io::{self, Write};

use crate::simulate::DayTruth;

/// Writes `date,stock,integrated_variance,quadratic_variation`, one row a day and stock, with a header; dates
/// as YYYY-MM-DD, variances in squared log returns from the day's first to its last price. A row's stock is
/// the place of its name among `stocks`.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_csv(
    rows: impl IntoIterator<Item = DayTruth>,
    stocks: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "date,stock,integrated_variance,quadratic_variation")?;
    for DayTruth { date, stock, integrated_variance, quadratic_variation } in rows {
        let stock = stocks.get(stock).map_or("", String::as_str);
        writeln!(out, "{date},{stock},{integrated_variance},{quadratic_variation}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_back() {
        let row = DayTruth {
            date: jiff::civil::date(2007, 1, 3),
            stock: 1,
            integrated_variance: 0.1 + 0.2,
            quadratic_variation: 1e-4,
        };
        let mut text = Vec::new();
        write_csv([row], &["S0001".into(), "S0002".into()], &mut text).unwrap();
        let expected = "date,stock,integrated_variance,quadratic_variation\n\
                        2007-01-03,S0002,0.30000000000000004,0.0001\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
