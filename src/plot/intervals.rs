//! A measure through time with its intervals, a panel a stock.
//!
//! All panels share their axes, so that stocks compare; the vertical one is logarithmic for measures that
//! span decades, as realized variance does. Few days are points with bars, of several kinds of intervals side
//! by side; many are a line in the first kind's band, the other kinds being pairs of lines.
//!
//! An end that is infinite, or so far out that the axis would show nothing else, is at the panel's edge, and
//! the legend says so. Days without a cell of a stock are gaps.

use super::Picture;
use super::axis::{Axis, day_number, power};
use super::canvas::{Ink, Mark, Type, draw};
use super::frame::{Frame, MARGIN, Swatch, legend, title};
use super::quantity::Quantity;
use super::style::{BLACK, BLUE, GREEN, LABEL, ORANGE, PURPLE, SKY_BLUE, TEXT, VERMILION, WIDTH};
use crate::bootstrap::Intervals;
use crate::error::Result;
use plotters::style::RGBColor;

/// Most panels: three columns of four.
pub const MOST_STOCKS: usize = 12;

/// Neighbouring days that have less than so much room for each kind of interval, in units of length, are a
/// line in a band.
const CLOSE: f64 = 3.6;

/// Ends farther beyond the estimates than so many times as far as ends usually are from theirs do not stretch
/// the axis, unless it is by no more than this share of the estimates' own range: on a linear axis, where
/// days of large estimates have wide intervals, and on a logarithmic one.
const FAR: f64 = 6.0;
const RANGE: [f64; 2] = [1.0, 0.25];

/// Colours of the kinds of intervals, in order.
const KINDS: [RGBColor; 6] = [SKY_BLUE, VERMILION, GREEN, PURPLE, ORANGE, BLUE];

fn color(kind: usize) -> RGBColor {
    KINDS[kind % KINDS.len()]
}

/// The picture of `intervals`, whose cells' stocks are among `stocks`; `method` says how they were computed.
/// The first [`MOST_STOCKS`] cells are shown, and the picture says so where there are more.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(
    stocks: &[String],
    intervals: &Intervals,
    quantity: &Quantity,
    method: &str,
) -> Result<Picture> {
    let cells = intervals.cells.len();
    let shown = cells.min(MOST_STOCKS);
    let columns: usize = match shown {
        0..=3 => 1,
        4 => 2,
        _ => 3,
    };
    let rows = shown.div_ceil(columns).max(1);
    let panel_height = if columns == 1 { 210.0 } else { 165.0 };
    let gap = if columns == 1 { 34.0 } else { 26.0 };
    let all = if shown < cells { format!("; the first {shown} of {cells} stocks") } else { String::new() };
    let lines = [format!("{method}{all}")];
    let y = vertical(intervals, quantity, shown);
    let cut = ends(intervals, shown).any(|(_, [lower, upper])| !y.holds(lower) || !y.holds(upper));
    let outside = intervals
        .estimate
        .indexed_iter()
        .any(|((day, cell), &value)| cell < shown && intervals.has([day, cell]) && !y.holds(value));
    let kinds = intervals.ends.len();
    let mut entries = vec![(Swatch::Line(BLACK, 1.2, Some(Mark::Circle)), quantity.name.clone())];
    for (kind, ends) in intervals.ends.iter().enumerate() {
        let name = if kinds == 1 { format!("{} interval", ends.interval) } else { ends.interval.into() };
        entries.push((Swatch::Area(color(kind), 0.75), name));
    }
    if outside {
        let name = if quantity.is_logarithmic { "zero, below the axis" } else { "not finite" };
        entries.push((Swatch::Mark(BLACK, Mark::Triangle), name.into()));
    }
    if cut {
        let kinds =
            if quantity.is_logarithmic { "infinite, not positive or far out" } else { "infinite or far out" };
        entries.push((Swatch::Nothing, format!("at a panel's edge: an end that is {kinds}")));
    }
    // Room for as many lines as the description and the legend may have.
    let letters: usize = entries.iter().map(|(_, text)| text.chars().count() + 6).sum();
    let more = (lines[0].chars().count() / 100 + letters / 100) as f64;
    let height = 96.0 + 20.0 * more + rows as f64 * (panel_height + gap) - gap + 56.0;
    draw(height, |canvas| {
        let top = title(canvas, &format!("{} and its confidence intervals", quantity.title()), &lines)?;
        let top = legend(canvas, &entries, top)? + LABEL + 8.0;
        let (left, right) = (96.0, WIDTH - 16.0);
        let between = 14.0;
        let panel_width = (right - left - between * (columns as f64 - 1.0)) / columns as f64;
        let x = Axis::days(&intervals.dates, panel_width);
        // One name for all panels, in two lines: a single panel is too low for one.
        let middle = top + (rows as f64 * (panel_height + gap) - gap) / 2.0;
        let name = [format!("{},", quantity.name), quantity.unit.clone()];
        let name = if quantity.unit.is_empty() { &[quantity.name.clone()][..] } else { &name };
        for (line, text) in name.iter().enumerate() {
            canvas.upward(text, (MARGIN - 4.0 + line as f64 * 17.0, middle), Type::new(LABEL, TEXT))?;
        }
        for (number, &cell) in intervals.cells.iter().take(shown).enumerate() {
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
            frame.heading(stocks.get(cell).map_or("", String::as_str))?;
            if column == 0 {
                frame.label_y()?;
            }
            if lowest {
                frame.label_x()?;
            }
            panel(&frame, intervals, number, &y)?;
        }
        Ok(())
    })
}

/// The estimate and the ends of each interval of the cells that are shown.
fn ends(intervals: &Intervals, shown: usize) -> impl Iterator<Item = (f64, [f64; 2])> {
    intervals.ends.iter().flat_map(move |ends| {
        let cells = intervals.estimate.indexed_iter();
        let cells = cells.filter(move |((day, cell), _)| *cell < shown && intervals.has([*day, *cell]));
        cells.map(|(at, &estimate)| (estimate, [ends.lower[at], ends.upper[at]]))
    })
}

/// The vertical axis: over all estimates, and ends that are not [`FAR`] out.
fn vertical(intervals: &Intervals, quantity: &Quantity, shown: usize) -> Axis {
    let scale = |value: f64| match quantity.is_logarithmic {
        true if value > 0.0 => value.ln(),
        true => f64::NAN,
        false => value,
    };
    let shown_cells = intervals.estimate.indexed_iter().filter(|((_, cell), _)| *cell < shown);
    let estimates: Vec<f64> =
        shown_cells.map(|(_, &value)| value).filter(|value| scale(*value).is_finite()).collect();
    let low = estimates.iter().map(|&value| scale(value)).fold(f64::INFINITY, f64::min);
    let high = estimates.iter().map(|&value| scale(value)).fold(f64::NEG_INFINITY, f64::max);
    let mut distances: Vec<f64> = ends(intervals, shown)
        .flat_map(|(estimate, ends)| ends.map(|end| (scale(end) - scale(estimate)).abs()))
        .filter(|distance| distance.is_finite())
        .collect();
    distances.sort_by(f64::total_cmp);
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(0.0);
    let room = (FAR * usual).max(RANGE[usize::from(quantity.is_logarithmic)] * (high - low));
    let near = |end: &f64| {
        let end = scale(*end);
        // Without an estimate there is nothing to be far from.
        end.is_finite() && (low > high || (low - room..=high + room).contains(&end))
    };
    let near: Vec<f64> = ends(intervals, shown).flat_map(|(_, ends)| ends).filter(near).collect();
    let values = estimates.iter().chain(&near).copied();
    match quantity.is_logarithmic {
        true => Axis::logarithmic("", values, power),
        false => Axis::linear_in_powers("", values, 6),
    }
}

fn panel(frame: &Frame<'_, '_>, intervals: &Intervals, cell: usize, y: &Axis) -> Result<()> {
    let days: Vec<f64> = intervals.dates.iter().map(|&date| day_number(date)).collect();
    let estimate = |day: usize| intervals.estimate[[day, cell]];
    let ends = |kind: usize, day: usize| {
        let ends = &intervals.ends[kind];
        [ends.lower[[day, cell]], ends.upper[[day, cell]]]
    };
    let kinds = intervals.ends.len();
    let [left, _, right, bottom] = frame.bounds();
    let across = |day: f64| frame.at((day, 0.0)).0;
    let nearest = days.windows(2).map(|pair| across(pair[1]) - across(pair[0])).fold(right - left, f64::min);
    let line = |of: &dyn Fn(usize) -> f64, ink: Ink| -> Result<()> {
        for run in runs(days.len(), |day| !of(day).is_nan()) {
            frame.line(run.map(|day| (days[day], of(day))), ink)?;
        }
        Ok(())
    };
    if nearest < CLOSE * kinds as f64 && days.len() > 1 {
        for kind in 0..kinds {
            if kind == 0 {
                for run in runs(days.len(), |day| !ends(0, day).iter().any(|end| end.is_nan())) {
                    let band: Vec<_> = run
                        .map(|day| {
                            let [lower, upper] = ends(0, day);
                            (days[day], lower, upper)
                        })
                        .collect();
                    frame.band(&band, Ink::area(color(0), 0.9))?;
                }
                continue;
            }
            for end in 0..2 {
                line(&|day| ends(kind, day)[end], Ink { opacity: 0.85, ..Ink::line(color(kind), 0.7) })?;
            }
        }
        line(&estimate, Ink::line(BLACK, 0.5))?;
    } else {
        line(&estimate, Ink { opacity: 0.35, ..Ink::line(BLACK, 0.8) })?;
        // Bars of a day stand side by side.
        let step = (0.8 * nearest / kinds.max(1) as f64).min(6.0);
        let width = if kinds == 1 { 4.0 } else { (0.75 * step).min(4.0) };
        for (day, &number) in days.iter().enumerate() {
            for kind in 0..kinds {
                let ends = ends(kind, day);
                if ends.iter().any(|end| end.is_nan()) {
                    continue;
                }
                let shift = (kind as f64 - (kinds as f64 - 1.0) / 2.0) * step;
                let bar = ends.map(|end| {
                    let (x, y) = frame.at((number, end));
                    (x + shift, y)
                });
                frame.canvas.line(bar, Ink { opacity: 0.75, ..Ink::line(color(kind), width) })?;
            }
            if estimate(day).is_nan() {
                continue;
            }
            let (x, y) = frame.at((number, estimate(day)));
            // A line across all bars of the day.
            let half = step * (kinds as f64 - 1.0) / 2.0 + width / 2.0;
            if kinds > 1 {
                frame.canvas.line([(x - half, y), (x + half, y)], Ink::line(BLACK, 1.0))?;
            }
            frame.canvas.mark(Mark::Circle, (x, y), if kinds > 1 { 1.8 } else { 2.4 }, BLACK)?;
        }
    }
    for day in (0..days.len()).filter(|&day| intervals.has([day, cell]) && !y.holds(estimate(day))) {
        frame.canvas.mark(Mark::Triangle, (across(days[day]), bottom - 4.0), 3.4, BLACK)?;
    }
    Ok(())
}

/// The runs of neighbours among 0..`count` that `are` fit.
fn runs(count: usize, are: impl Fn(usize) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for number in (0..count).filter(|&number| are(number)) {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;
    use crate::bootstrap::Period;
    use crate::plot::tests::texts;

    fn intervals(estimate: Array2<f64>, kinds: &[&'static str]) -> Intervals {
        let (days, stocks) = estimate.dim();
        let start = date(2007, 1, 3);
        let dates = (0..days as i64).map(|day| start.saturating_add(jiff::Span::new().days(day))).collect();
        let mut intervals = Intervals::empty("rv", (0..stocks).collect(), dates, kinds);
        for ends in &mut intervals.ends {
            (ends.lower, ends.upper) = (&estimate * 0.7, &estimate * 1.6);
        }
        intervals.estimate = estimate;
        intervals
    }

    fn variances(days: usize, stocks: usize) -> Array2<f64> {
        Array2::from_shape_fn((days, stocks), |(day, stock)| {
            if (day + stock) % 17 == 5 { 0.0 } else { 1e-5 * (1 + (day * 7 + stock) % 23) as f64 }
        })
    }

    fn drawn(intervals: &Intervals, quantity: &Quantity) -> Picture {
        let names: Vec<String> =
            (1..=intervals.cells.len() + 1).map(|stock| format!("S{stock:04}")).collect();
        picture(&names, intervals, quantity, "99 %").unwrap()
    }

    fn rv() -> Quantity {
        Quantity::new("rv", None, Period::Day)
    }

    /// Texts of intervals of this many days and stocks, with a zero here and there.
    fn texts_of(days: usize, stocks: usize) -> Vec<String> {
        texts(&drawn(&intervals(variances(days, stocks), &["percentile"]), &rv()))
    }

    #[test]
    fn every_stock_up_to_twelve_has_a_panel() {
        for (days, stocks) in [(1, 1), (21, 3), (21, 4), (251, 12), (400, 7)] {
            let texts = texts_of(days, stocks);
            assert_eq!(texts.iter().filter(|text| text.starts_with("S0")).count(), stocks);
            assert!(!texts.iter().any(|text| text.contains("the first")));
        }
        let texts = texts_of(30, 15);
        assert_eq!(texts.iter().filter(|text| text.starts_with("S0")).count(), 12);
        assert!(texts.iter().any(|text| text.contains("the first 12 of 15 stocks")));
    }

    /// The stock that the others are taken against has no cell.
    #[test]
    fn panels_have_the_names_of_their_cells() {
        let mut intervals = intervals(variances(5, 2), &["percentile"]);
        intervals.cells = vec![0, 2];
        let texts = texts(&drawn(&intervals, &Quantity::new("covariance", Some("S0002"), Period::Week)));
        let names: Vec<&String> = texts.iter().filter(|text| text.starts_with("S0")).collect();
        assert_eq!(names, ["S0001", "S0003"]);
        let title = "Weekly realized covariance with S0002 and its confidence intervals";
        assert!(texts.iter().any(|text| text == title), "{texts:?}");
    }

    /// The colours of strokes and areas of a colour, in the picture's text.
    fn count(picture: &Picture, color: RGBColor) -> usize {
        picture.svg().matches(&format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2)).count()
    }

    #[test]
    fn few_days_have_a_bar_for_each_kind_and_many_a_band_and_lines() {
        let kinds = ["percentile", "studentized", "bca"];
        let few = drawn(&intervals(variances(10, 1), &kinds), &rv());
        // A bar a day, and one in the legend.
        assert_eq!([0, 1, 2].map(|kind| count(&few, color(kind))), [11; 3]);
        let many = drawn(&intervals(variances(400, 1), &kinds), &rv());
        // The band, or two lines.
        assert_eq!([0, 1, 2].map(|kind| count(&many, color(kind))), [2, 3, 3]);
        let texts = texts(&many);
        assert!(kinds.iter().all(|kind| texts.iter().any(|text| text == kind)), "{texts:?}");
    }

    #[test]
    fn ends_without_a_place_do_not_stretch_the_axis() {
        let edge = |texts: &[String]| texts.iter().any(|text| text.starts_with("at a panel's edge"));
        for (quantity, factor) in [(rv(), 1.0), (Quantity::new("beta", Some("A"), Period::Day), -1.0)] {
            let usual = intervals(variances(12, 1).mapv(|value| factor * (value + 1e-6)), &["studentized"]);
            let ticks = |intervals: &Intervals| vertical(intervals, &quantity, 1).ticks;
            assert!(!edge(&texts(&drawn(&usual, &quantity))));
            for end in [f64::INFINITY, f64::NEG_INFINITY, 1e200, f64::NAN] {
                let mut cut = usual.clone();
                // An end that is no number has no bar at all.
                cut.ends[0].upper[[3, 0]] = end;
                assert_eq!(ticks(&cut), ticks(&usual), "{end}");
                assert!(edge(&texts(&drawn(&cut, &quantity))), "{end}");
            }
        }
        // A single day, and none that is finite, have a picture.
        let mut one = intervals(variances(1, 1), &["studentized"]);
        (one.ends[0].lower[[0, 0]], one.ends[0].upper[[0, 0]]) = (f64::NEG_INFINITY, f64::INFINITY);
        assert!(edge(&texts(&drawn(&one, &rv()))));
        one.estimate[[0, 0]] = f64::NEG_INFINITY;
        let texts = texts(&drawn(&one, &Quantity::new("log_variance", None, Period::All)));
        assert!(texts.iter().any(|text| text == "not finite"), "{texts:?}");
    }

    #[test]
    fn neighbours_that_fit_are_runs() {
        assert_eq!(runs(7, |number| ![2, 3, 6].contains(&number)), [0..2, 4..6]);
        assert!(runs(3, |_| false).is_empty());
    }
}
