//! The bootstrap distribution of one day and stock: resampled realized variances, the point estimate and the
//! interval.
//!
//! Where one return makes up much of the variance the distribution has several modes, one for each number of
//! times that this return is drawn; the bins are narrow enough to show them.

use super::Picture;
use super::axis::{Axis, superscript};
use super::canvas::{Ink, Type, draw};
use super::frame::{Frame, title};
use super::style::{BLUE, LABEL, SKY_BLUE, VERMILION, WIDTH};
use crate::error::Result;
use crate::resample::histogram::Histogram;

const HEIGHT: f64 = 480.0;

/// Values that differ by less than this share of themselves need ticks of so many digits that they would not
/// fit.
const NO_SPREAD: f64 = 1e-6;

/// One day and stock. Variances are squared log returns a day.
#[derive(Debug, Clone, Copy)]
pub struct Distribution<'a> {
    /// What it is: "AXP, 2007-01-03".
    pub name: &'a str,
    /// How it was computed, in a line.
    pub method: &'a str,
    /// The resampled realized variances, counted.
    pub resampled: &'a Histogram,
    /// The realized variance itself.
    pub point: f64,
    /// The interval's ends.
    pub interval: [f64; 2],
}

/// Bins for `count` numbers: about two for each of their square root, from 20 to 200.
pub fn bins(count: usize) -> usize {
    ((2.0 * (count as f64).sqrt()) as usize).clamp(20, 200)
}

/// The picture of a distribution.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(distribution: &Distribution<'_>) -> Result<Picture> {
    let Distribution { name, method, resampled, point, interval } = *distribution;
    // In units of a power of ten, so that ticks are short.
    let Histogram { low, high, counts } = resampled;
    let (low, high, width) = (*low, *high, resampled.width());
    let largest = [high, point, interval[1]].into_iter().fold(0.0, f64::max);
    let exponent = if largest > 0.0 { largest.log10().floor() as i32 } else { 0 };
    let unit = 10f64.powi(exponent);
    let scaled = |value: f64| value / unit;
    let marks = [point, interval[0], interval[1]];
    let unit_name = match exponent {
        0 => String::new(),
        exponent => format!("10{} ", superscript(exponent)),
    };
    let label = format!("realized variance ({unit_name}squared log returns a day)");
    let shown = || [low, high].into_iter().chain(marks).map(scaled);
    let (lowest, highest) = range(shown());
    // A single value, or as good as one, has no scale of its own.
    let single = highest - lowest <= NO_SPREAD * highest;
    let x = if single {
        let end = if highest > 0.0 { 2.0 * highest } else { 1.0 };
        Axis::linear(&label, [0.0, end].into_iter(), 8, true)
    } else {
        Axis::linear_tight(&label, shown(), 8)
    };
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let y = Axis::linear("samples in a bin", [most * 1.04].into_iter(), 5, true);

    draw(HEIGHT, |canvas| {
        let top = title(
            canvas,
            &format!("Bootstrap distribution of realized variance: {name}"),
            &[method.to_owned()],
        )?;
        // Room for the labels of the lines, in two rows.
        let frame = Frame::new(canvas, [78.0, top + 2.0 * LABEL + 18.0, WIDTH - 20.0, HEIGHT - 54.0], x, y)?;
        frame.label_x()?;
        frame.label_y()?;
        let [left, panel_top, right, bottom] = frame.bounds();
        let inside = interval.map(|end| frame.at((scaled(end), 0.0)).0);
        canvas.rectangle((inside[0], panel_top), (inside[1], bottom), Ink::area(BLUE, 0.07))?;
        for (bin, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let from = scaled(low + bin as f64 * width);
            let to = scaled(low + (bin as f64 + 1.0) * width);
            let ((x0, y0), (x1, y1)) = (frame.at((from, 0.0)), frame.at((to, count as f64)));
            // A hair of space between bars; a single value's is wide enough to be seen behind its line.
            let (x0, x1) = if single { (x0 - 8.0, x0 + 8.0) } else { (x0 + 0.2, (x1 - 0.2).max(x0 + 0.8)) };
            canvas.rectangle((x0.max(left), y0), (x1, y1), Ink::area(SKY_BLUE, 0.95))?;
        }
        for end in inside {
            canvas.dashed((end, panel_top), (end, bottom), Ink::line(BLUE, 1.6))?;
        }
        let (at_point, _) = frame.at((scaled(point), 0.0));
        canvas.line([(at_point, panel_top), (at_point, bottom)], Ink::line(VERMILION, 2.0))?;
        // The point's label above, the interval's below, each kept inside of the panel.
        let below = panel_top - LABEL - 3.0;
        let text = format!("realized variance {}", number(point));
        let width = canvas.width_of(&text, LABEL)?;
        let x = (at_point - 0.5 * width).clamp(left, (right - width).max(left));
        canvas.text(&text, (x, panel_top - 2.0 * LABEL - 8.0), Type::new(LABEL, VERMILION))?;
        let texts =
            [format!("lower end {}", number(interval[0])), format!("upper end {}", number(interval[1]))];
        let widths = [canvas.width_of(&texts[0], LABEL)?, canvas.width_of(&texts[1], LABEL)?];
        let places = side_by_side(inside, widths, [left, right]);
        for (text, x) in texts.iter().zip(places) {
            canvas.text(text, (x, below), Type::new(LABEL, BLUE))?;
        }
        Ok(())
    })
}

/// Where two texts of these widths begin, which belong to two places from left to right: most of the first is
/// left of its place and most of the second right of its own, and they neither overlap nor leave `[left,
/// right]`.
fn side_by_side(at: [f64; 2], widths: [f64; 2], [left, right]: [f64; 2]) -> [f64; 2] {
    const GAP: f64 = 12.0;
    let [mut first, mut second] = [at[0] - 0.9 * widths[0], at[1] - 0.1 * widths[1]];
    let overlap = (first + widths[0] + GAP - second).max(0.0);
    first -= overlap / 2.0;
    second += overlap / 2.0;
    first = first.clamp(left, (right - widths[0] - GAP - widths[1]).max(left));
    second = second.clamp(first + widths[0] + GAP, (right - widths[1]).max(first + widths[0] + GAP));
    [first, second]
}

/// The smallest and the largest value.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// Four digits and a power of ten: `1.234·10⁻⁴`.
fn number(value: f64) -> String {
    if value <= 0.0 {
        return "0".into();
    }
    let exponent = value.log10().floor();
    format!("{:.3}·10{}", value / 10f64.powf(exponent), superscript(exponent as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::texts;

    fn texts_of(resampled: &[f64], point: f64, interval: [f64; 2]) -> Vec<String> {
        let resampled = &Histogram::new(resampled, bins(resampled.len()));
        let distribution =
            Distribution { name: "A, 2007-01-03", method: "B = 3", resampled, point, interval };
        texts(&picture(&distribution).unwrap())
    }

    #[test]
    fn labels_of_the_ends_stand_side_by_side() {
        let page = [78.0, 780.0];
        for lower in 0..=800 {
            for (apart, widths) in [(0.0, [120.0, 118.0]), (3.0, [60.0, 200.0]), (300.0, [120.0, 118.0])] {
                let at = [f64::from(lower), f64::from(lower) + apart];
                let [first, second] = side_by_side(at, widths, page);
                assert!(first >= page[0] && second + widths[1] <= page[1], "{at:?}: {first}, {second}");
                assert!(first + widths[0] < second, "{at:?}: {first}, {second}");
            }
        }
        // Where there is room each is at its place.
        assert_eq!(side_by_side([300.0, 500.0], [100.0, 100.0], page), [210.0, 490.0]);
    }

    #[test]
    fn the_point_and_the_ends_are_written() {
        let resampled: Vec<f64> = (0..1000).map(|i| 1e-4 + 1e-6 * f64::from(i % 37)).collect();
        let texts = texts_of(&resampled, 1.234e-4, [1.01e-4, 1.35e-4]);
        for text in [
            "realized variance 1.234·10⁻⁴",
            "lower end 1.010·10⁻⁴",
            "upper end 1.350·10⁻⁴",
            "samples in a bin",
        ] {
            assert!(texts.iter().any(|other| other == text), "{text:?} is not in {texts:?}");
        }
    }

    #[test]
    fn a_single_value_and_zeros_have_a_picture() {
        let almost = [1e-5 * (1.0 + f64::EPSILON), 1e-5];
        for (resampled, point) in [(&[1e-5; 2], 1e-5), (&almost, 1e-5), (&[0.0; 2], 0.0)] {
            let texts = texts_of(resampled, point, [resampled[1], resampled[0]]);
            assert!(texts.iter().any(|text| text.starts_with("lower end")), "{texts:?}");
            // Ticks are short numbers.
            let digit =
                |text: &&String| text.chars().all(|letter| letter.is_ascii_digit() || "−.,".contains(letter));
            let ticks: Vec<&String> = texts.iter().filter(digit).collect();
            assert!(ticks.len() > 5 && ticks.iter().all(|tick| tick.chars().count() <= 5), "{ticks:?}");
        }
        assert_eq!([bins(1), bins(1000), bins(100_000_000)], [20, 63, 200]);
    }
}
