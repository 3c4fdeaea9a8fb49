//! Coverage against the number of returns, one line an interval; a panel for each confidence.

use super::Picture;
use super::axis::Axis;
use super::canvas::{Canvas, Ink, Mark, draw};
use super::frame::{Bounds, Frame, Swatch, legend, title};
use super::style::{AXIS, LABEL, WIDTH, series};
use crate::coverage::{Coverage, CoverageRow};
use crate::error::Result;
use crate::figures::grouped;

const PANEL: f64 = 330.0;

/// The picture of `rows`, which `spec` gave. Bars are ± 2 binomial standard errors; the confidence asked for
/// is dashed.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(spec: &Coverage, rows: &[CoverageRow]) -> Result<Picture> {
    let distinct = |values: Vec<f64>| {
        let mut kept: Vec<f64> = Vec::new();
        for value in values {
            if !kept.contains(&value) {
                kept.push(value);
            }
        }
        kept
    };
    let confidences = distinct(rows.iter().map(|row| row.confidence).collect());
    let mut intervals: Vec<&str> = Vec::new();
    for row in rows {
        if !intervals.contains(&row.interval) {
            intervals.push(row.interval);
        }
    }
    let line = format!(
        "{}; B = {}, {} simulated days of each n, seed {}; bars: two binomial standard errors each way",
        spec.model.description(),
        grouped(spec.samples.into()),
        grouped(spec.replications.into()),
        spec.seed
    );
    let height = 124.0 + confidences.len() as f64 * (PANEL + 84.0);
    draw(height, |canvas| {
        let top = title(canvas, "Coverage of the integrated variance", &[line])?;
        let swatch = |number| Swatch::Line(series(number), 1.6, Some(Mark::of(number)));
        let entries: Vec<_> =
            intervals.iter().enumerate().map(|(number, name)| (swatch(number), (*name).into())).collect();
        let mut top = legend(canvas, &entries, top + 2.0)? + LABEL + 18.0;
        for &confidence in &confidences {
            let rows: Vec<&CoverageRow> = rows.iter().filter(|row| row.confidence == confidence).collect();
            panel(canvas, [76.0, top, WIDTH - 24.0, top + PANEL], confidence, &intervals, &rows)?;
            top += PANEL + 84.0;
        }
        Ok(())
    })
}

fn panel(
    canvas: &Canvas<'_>,
    bounds: Bounds,
    confidence: f64,
    intervals: &[&str],
    rows: &[&CoverageRow],
) -> Result<()> {
    let ends = |row: &CoverageRow| {
        let (share, error) = (100.0 * row.coverage(), 200.0 * row.error());
        [share - error, (share + error).min(100.0)]
    };
    let mut x = Axis::logarithmic("returns a day, n", rows.iter().map(|row| row.returns as f64), |tick| {
        grouped(tick.round() as u64)
    });
    let mut numbers: Vec<f64> = rows.iter().map(|row| row.returns as f64).collect();
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    // The numbers themselves, where their texts have room.
    let width = bounds[2] - bounds[0];
    let apart = numbers.windows(2).map(|pair| (x.place(pair[1]) - x.place(pair[0])) * width);
    let nearest = apart.fold(f64::INFINITY, f64::min);
    // The numbers themselves, where their texts have room.
    if nearest >= 44.0 {
        x.minor.clear();
        x.ticks = numbers.iter().map(|&number| (number, grouped(number as u64))).collect();
    }
    // Marks of one n stand side by side, as far as the next n leaves room.
    let step = (0.6 * nearest / intervals.len().max(1) as f64).min(9.0);
    let nominal = 100.0 * confidence;
    let values = rows.iter().flat_map(|row| ends(row)).chain([nominal]);
    let y = Axis::linear("coverage, % of days", values, 6, false);
    let frame = Frame::new(canvas, bounds, x, y)?;
    frame.heading(&format!("{nominal} % asked for"))?;
    frame.label_x()?;
    frame.label_y()?;
    let [left, _, right, _] = frame.bounds();
    let (_, level) = frame.at((1.0, nominal));
    canvas.dashed((left, level), (right, level), Ink::line(AXIS, 1.2))?;
    for (number, interval) in intervals.iter().enumerate() {
        let color = series(number);
        // A little apart, so that equal figures stay visible.
        let shift = (number as f64 - (intervals.len() as f64 - 1.0) / 2.0) * step;
        let mut own: Vec<&&CoverageRow> = rows.iter().filter(|row| row.interval == *interval).collect();
        own.sort_by_key(|row| row.returns);
        let at = |row: &CoverageRow, share: f64| {
            let (x, y) = frame.at((row.returns as f64, share));
            (x + shift, y)
        };
        canvas.line(
            own.iter().map(|row| at(row, 100.0 * row.coverage())),
            Ink { opacity: 0.8, ..Ink::line(color, 1.3) },
        )?;
        for row in own {
            let ink = Ink { opacity: 0.45, ..Ink::line(color, 2.6) };
            canvas.line(ends(row).map(|end| at(row, end)), ink)?;
            canvas.mark(Mark::of(number), at(row, 100.0 * row.coverage()), 4.2, color)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::texts;

    fn rows(confidences: &[f64]) -> Vec<CoverageRow> {
        let mut rows = Vec::new();
        for returns in [12, 78, 385] {
            for &confidence in confidences {
                for (interval, below) in [("percentile", 90), ("studentized-log", 55)] {
                    rows.push(CoverageRow {
                        returns,
                        confidence,
                        interval,
                        replications: 1000,
                        below,
                        above: 3,
                        mean_length: 0.5,
                        median_relative_length: 1.0,
                    });
                }
            }
        }
        rows
    }

    #[test]
    fn each_confidence_has_a_panel() {
        let both = texts(&picture(&Coverage::default(), &rows(&[0.95, 0.99])).unwrap());
        for text in [
            "percentile",
            "studentized-log",
            "95 % asked for",
            "99 % asked for",
            "coverage, % of days",
            "12",
            "385",
        ] {
            assert!(both.iter().any(|other| other == text), "{text:?} is not in {both:?}");
        }
        let one = texts(&picture(&Coverage::default(), &rows(&[0.95])).unwrap());
        assert!(!one.iter().any(|text| text == "99 % asked for"));
    }

    #[test]
    fn one_number_of_returns_has_a_picture() {
        let rows = rows(&[0.95]);
        assert!(!texts(&picture(&Coverage::default(), &rows[..2]).unwrap()).is_empty());
    }
}
