//! Realized variance through time with its intervals, a panel a stock.
//!
//! All panels share their axes, so that stocks compare; the vertical one is logarithmic, as realized variance
//! spans decades. Few days are points with bars, many are a line in a band.

use super::Picture;
use super::axis::{Axis, day_number, power};
use super::canvas::{Canvas, Ink, Mark, Type, draw};
use super::frame::{Frame, MARGIN, title};
use super::style::{BLACK, LABEL, SKY_BLUE, SMALL, TEXT, VERMILION, WIDTH};
use crate::bootstrap::Intervals;
use crate::error::Result;

/// Most panels: three columns of four.
pub const MOST_STOCKS: usize = 12;

/// Days closer than this, in units of length, are a line in a band.
const CLOSE: f64 = 5.0;

/// The picture of `intervals` of `stocks`, in the order of the arrays' columns; `method` says how they were
/// computed. The first [`MOST_STOCKS`] are shown, and the picture says so where there are more.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(stocks: &[String], intervals: &Intervals, method: &str) -> Result<Picture> {
    let shown = stocks.len().min(MOST_STOCKS);
    let columns: usize = match shown {
        0..=3 => 1,
        4 => 2,
        _ => 3,
    };
    let rows = shown.div_ceil(columns).max(1);
    let panel_height = if columns == 1 { 210.0 } else { 165.0 };
    let gap = if columns == 1 { 34.0 } else { 26.0 };
    let all = if shown < stocks.len() {
        format!("; the first {shown} of {} stocks", stocks.len())
    } else {
        String::new()
    };
    let lines = [format!("{method}{all}")];
    let height = 96.0 + rows as f64 * (panel_height + gap) + 44.0;
    draw(height, |canvas| {
        let top = title(canvas, "Daily realized variance with bootstrap intervals", &lines)?;
        let zeros =
            intervals.estimate.indexed_iter().any(|((_, stock), &value)| stock < shown && value <= 0.0);
        legend(canvas, top, zeros)?;
        let top = top + LABEL + 28.0;
        let (left, right) = (96.0, WIDTH - 16.0);
        let between = 14.0;
        let panel_width = (right - left - between * (columns as f64 - 1.0)) / columns as f64;
        let x = Axis::days(&intervals.dates, panel_width);
        let y = Axis::logarithmic("", values(intervals, shown), power);
        // One name for all panels, in two lines: a single panel is too low for one.
        let middle = top + (rows as f64 * (panel_height + gap) - gap) / 2.0;
        for (line, text) in ["realized variance,", "squared log returns a day"].into_iter().enumerate() {
            canvas.upward(text, (MARGIN - 4.0 + line as f64 * 17.0, middle), Type::new(LABEL, TEXT))?;
        }
        for (number, stock) in stocks.iter().take(shown).enumerate() {
            let (row, column) = (number / columns, number % columns);
            let panel_left = left + column as f64 * (panel_width + between);
            let panel_top = top + row as f64 * (panel_height + gap);
            let bounds = [panel_left, panel_top, panel_left + panel_width, panel_top + panel_height];
            // The lowest panel of a column has the days, with the year once, and one panel of each row the
            // numbers.
            let lowest = number + columns >= shown;
            let mut x = x.clone();
            if column != columns / 2 && columns != 2 {
                x.label.clear();
            }
            let frame = Frame::new(canvas, bounds, x, y.clone())?;
            frame.heading(stock)?;
            if column == 0 {
                frame.label_y()?;
            }
            if lowest {
                frame.label_x()?;
            }
            panel(&frame, intervals, number)?;
        }
        Ok(())
    })
}

/// All numbers that the vertical axis must hold.
fn values(intervals: &Intervals, shown: usize) -> impl Iterator<Item = f64> {
    let arrays = [&intervals.estimate, intervals.lower(), intervals.upper()];
    arrays.into_iter().flat_map(move |array| {
        array.indexed_iter().filter(move |((_, stock), _)| *stock < shown).map(|(_, &value)| value)
    })
}

fn legend(canvas: &Canvas<'_>, top: f64, zeros: bool) -> Result<()> {
    let middle = top + LABEL / 2.0;
    let look = Type::new(SMALL, TEXT).middle();
    canvas.line([(MARGIN, middle), (MARGIN + 22.0, middle)], Ink::line(BLACK, 1.2))?;
    canvas.mark(Mark::Circle, (MARGIN + 11.0, middle), 2.4, BLACK)?;
    canvas.text("realized variance", (MARGIN + 28.0, middle), look)?;
    let next = MARGIN + 28.0 + canvas.width_of("realized variance", SMALL)? + 22.0;
    canvas.rectangle((next, middle - 5.0), (next + 22.0, middle + 5.0), Ink::area(SKY_BLUE, 0.55))?;
    canvas.text("interval", (next + 28.0, middle), look)?;
    if !zeros {
        return Ok(());
    }
    let next = next + 28.0 + canvas.width_of("interval", SMALL)? + 22.0;
    canvas.mark(Mark::Triangle, (next + 6.0, middle), 3.4, VERMILION)?;
    canvas.text("zero, below the axis", (next + 16.0, middle), look)
}

fn panel(frame: &Frame<'_, '_>, intervals: &Intervals, stock: usize) -> Result<()> {
    let days = intervals.dates.iter().enumerate().map(|(day, &date)| {
        let of = |array: &ndarray::Array2<f64>| array[[day, stock]];
        (day_number(date), of(&intervals.estimate), of(intervals.lower()), of(intervals.upper()))
    });
    let days: Vec<(f64, f64, f64, f64)> = days.collect();
    let [left, _, right, bottom] = frame.bounds();
    if (right - left) / (days.len() as f64) < CLOSE {
        let band: Vec<_> = days.iter().map(|&(day, _, lower, upper)| (day, lower, upper)).collect();
        frame.band(&band, Ink::area(SKY_BLUE, 0.9))?;
        frame.line(days.iter().map(|&(day, variance, ..)| (day, variance)), Ink::line(BLACK, 0.5))?;
    } else {
        frame.line(
            days.iter().map(|&(day, variance, ..)| (day, variance)),
            Ink { opacity: 0.35, ..Ink::line(BLACK, 0.8) },
        )?;
        for &(day, variance, lower, upper) in &days {
            frame.line([(day, lower), (day, upper)], Ink { opacity: 0.75, ..Ink::line(SKY_BLUE, 4.0) })?;
            frame.mark(Mark::Circle, (day, variance), 2.4, BLACK)?;
        }
    }
    for &(day, variance, ..) in days.iter().filter(|(_, variance, ..)| *variance <= 0.0) {
        let (x, _) = frame.at((day, variance));
        frame.canvas.mark(Mark::Triangle, (x, bottom - 4.0), 3.4, VERMILION)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;
    use crate::plot::tests::texts;

    /// Intervals of this many days and stocks, with a zero here and there.
    fn picture_of(days: usize, stocks: usize) -> Vec<String> {
        let variance = Array2::from_shape_fn((days, stocks), |(day, stock)| {
            if (day + stock) % 17 == 5 { 0.0 } else { 1e-5 * (1 + (day * 7 + stock) % 23) as f64 }
        });
        let start = date(2007, 1, 3);
        let dates = (0..days as i64).map(|day| start.saturating_add(jiff::Span::new().days(day))).collect();
        let mut intervals = Intervals::empty("rv", (0..stocks).collect(), dates, &["percentile"]);
        (intervals.ends[0].lower, intervals.ends[0].upper) = (&variance * 0.7, &variance * 1.6);
        intervals.estimate = variance;
        let names: Vec<String> = (1..=stocks).map(|stock| format!("S{stock:04}")).collect();
        texts(&picture(&names, &intervals, "99 %").unwrap())
    }

    #[test]
    fn every_stock_up_to_twelve_has_a_panel() {
        for (days, stocks) in [(1, 1), (21, 3), (21, 4), (251, 12), (400, 7)] {
            let texts = picture_of(days, stocks);
            assert_eq!(texts.iter().filter(|text| text.starts_with("S0")).count(), stocks);
            assert!(!texts.iter().any(|text| text.contains("the first")));
        }
        let texts = picture_of(30, 15);
        assert_eq!(texts.iter().filter(|text| text.starts_with("S0")).count(), 12);
        assert!(texts.iter().any(|text| text.contains("the first 12 of 15 stocks")));
    }
}
