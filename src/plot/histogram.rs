//! The bootstrap distribution of one day and stock: resampled statistics, the exact distribution where it is
//! known, the point estimate and the intervals.
//!
//! Where one return makes up much of the variance the distribution has several modes, one for each number of
//! times that this return is drawn; the bins are narrow enough to show them.
//!
//! The exact distribution is drawn as the probability of a bin's width around each point, times the number of
//! samples: what the histogram's bar at that point is expected to be, also where the distribution has steps.
//! Without samples it is that probability divided by the width.

use plotters::style::RGBColor;

use super::Picture;
use super::axis::{Axis, superscript};
use super::canvas::{Canvas, Ink, Point, Type, draw};
use super::frame::{Frame, Swatch, legend, title};
use super::quantity::Quantity;
use super::style::{
    BLACK, BLUE, FAINT_TEXT, GREEN, LABEL, ORANGE, PURPLE, SKY_BLUE, SMALL, VERMILION, WIDTH,
};
use crate::bootstrap::StatisticLaw;
use crate::error::Result;
use crate::exact::Cdf;
use crate::figures::grouped;
use crate::resample::histogram::Histogram;

/// Height of the panel.
const PANEL: f64 = 320.0;

/// Height of an interval's row: its text, and its bar.
const ROW: f64 = 27.0;

/// Values that differ by less than this share of themselves need ticks of so many digits that they would not
/// fit.
const NO_SPREAD: f64 = 1e-6;

/// Without samples, the exact distribution is shown between these levels.
const SHOWN: [f64; 2] = [1e-5, 1.0 - 1e-4];

/// Ends farther out than so many times the width of what else is shown are at the picture's edge.
const FAR: f64 = 2.0;

/// Bins across the picture, where samples do not give their width.
const BINS: f64 = 400.0;

/// Points of the exact distribution's line, about.
const POINTS: f64 = 160.0;

/// Colours of the intervals, in order.
const COLORS: [RGBColor; 4] = [BLUE, GREEN, PURPLE, BLACK];

/// One day and stock, in the units of the measure.
#[derive(Debug, Clone, Copy)]
pub struct Distribution<'a> {
    /// What it is: "AXP, 2007-01-03".
    pub name: &'a str,
    /// How it was computed, in a line.
    pub method: &'a str,
    /// The measure.
    pub quantity: &'a Quantity,
    /// The resampled statistics, counted, where there are samples.
    pub resampled: Option<&'a Histogram>,
    /// The exact distribution, where it is known.
    pub exact: Option<&'a StatisticLaw>,
    /// The estimate itself.
    pub point: f64,
    /// The names and the ends of the intervals.
    pub intervals: &'a [(&'a str, [f64; 2])],
}

/// Bins for `count` numbers: about two for each of their square root, from 20 to 200.
pub fn bins(count: usize) -> usize {
    ((2.0 * (count as f64).sqrt()) as usize).clamp(20, 200)
}

/// The horizontal axis, in units of a power of ten, so that ticks are short.
struct Scale {
    axis: Axis,
    unit: f64,
    /// The smallest and the largest value shown.
    range: [f64; 2],
    /// All values are one, or as good as one, which has no scale of its own.
    is_single: bool,
}

impl Scale {
    fn new(distribution: &Distribution<'_>) -> Result<Self> {
        let Distribution { quantity, resampled, exact, point, intervals, .. } = distribution;
        let mut known = vec![*point];
        match (resampled, exact) {
            (Some(histogram), _) => known.extend([histogram.low, histogram.high]),
            (None, Some(law)) => known.extend(law.quantiles(&SHOWN)?),
            (None, None) => {}
        }
        let ends = intervals.iter().flat_map(|(_, ends)| *ends);
        let [low, high] = range(known.iter().copied());
        let room = FAR * (high - low);
        // A distribution of one value has ends at that value, but for rounding.
        let near = |end: &f64| end.is_finite() && (room <= 0.0 || (low - room..=high + room).contains(end));
        let range = range(known.iter().copied().chain(ends.filter(near)));
        let [low, high] = range;
        let largest = low.abs().max(high.abs());
        let exponent = if largest > 0.0 { largest.log10().floor() as i32 } else { 0 };
        let exponent = if (-1..=2).contains(&exponent) { 0 } else { exponent };
        let unit = 10f64.powi(exponent);
        let power = if exponent == 0 { String::new() } else { format!("10{}", superscript(exponent)) };
        let units = [power.as_str(), quantity.unit.as_str()].into_iter().filter(|text| !text.is_empty());
        let units = units.collect::<Vec<_>>().join(" ");
        let label =
            if units.is_empty() { quantity.name.clone() } else { format!("{} ({units})", quantity.name) };
        let is_single = high - low <= NO_SPREAD * largest;
        let axis = if is_single {
            let end = if largest > 0.0 { 2.0 * high / unit } else { 1.0 };
            Axis::linear(&label, [0.0, end].into_iter(), 8, true)
        } else {
            Axis::linear_tight(&label, range.into_iter().map(|value| value / unit), 8)
        };
        Ok(Self { axis, unit, range, is_single })
    }
}

/// The line of the exact distribution: heights at equally spaced places, in the statistic's units.
#[derive(Debug)]
struct Curve {
    points: Vec<Point>,
}

impl Curve {
    /// Of probabilities times `factor`, across the scale.
    fn new(law: &StatisticLaw, scale: &Scale, window: f64, from: f64, factor: f64) -> Result<Self> {
        let [low, high] = scale.range;
        // Windows are whole steps, and `from`, an edge of a bin, is a step: bins themselves are among the
        // windows. Where they are many there are no others: between them the line would say more than the
        // bars of laws whose outcomes are far apart for a bin.
        let steps = (POINTS * window / (high - low)).ceil().clamp(1.0, 50.0);
        let step = window / steps;
        let first = ((low - from) / step).floor() - steps;
        let count = ((high - low) / step).ceil() + 2.0 * steps + 1.0;
        let edges: Vec<f64> =
            (0..=count as usize).map(|number| from + (first + number as f64) * step).collect();
        let cdfs = law.cdfs(&edges)?;
        let windows = edges.iter().zip(cdfs.iter().zip(cdfs.iter().skip(steps as usize)));
        let points = windows.map(|(start, (one, other))| {
            (start + 0.5 * window, factor * (other.at_most - one.at_most).max(0.0))
        });
        let points = points.filter(|point| (low - window..=high + window).contains(&point.0)).collect();
        Ok(Self { points })
    }

    fn highest(&self) -> f64 {
        self.points.iter().map(|point| point.1).fold(0.0, f64::max)
    }

    /// What lies under it from one place to another, as a polygon.
    fn area(&self, from: f64, to: f64) -> Vec<Point> {
        let mut area = vec![(from, 0.0), (from, self.height(from))];
        area.extend(self.points.iter().filter(|point| point.0 > from && point.0 < to));
        area.extend([(to, self.height(to)), (to, 0.0)]);
        area
    }

    fn height(&self, at: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 < at);
        match (after.checked_sub(1).and_then(|before| self.points.get(before)), self.points.get(after)) {
            (Some(one), Some(other)) => one.1 + (other.1 - one.1) * (at - one.0) / (other.0 - one.0),
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => 0.0,
        }
    }
}

/// The picture of a distribution.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn; as [`StatisticLaw::cdfs`].
pub fn picture(distribution: &Distribution<'_>) -> Result<Picture> {
    let Distribution { name, method, quantity, resampled, exact, point, intervals } = *distribution;
    let scale = Scale::new(distribution)?;
    let samples = resampled.map_or(0, |histogram| histogram.counts.iter().sum::<u64>());
    // The exact distribution of one value has no density: without samples it is a bar of all probability.
    let whole = Histogram { low: point, high: point, counts: vec![1] };
    let bars = if scale.is_single { resampled.or(exact.map(|_| &whole)) } else { resampled };
    let bars = bars.filter(|bars| bars.low <= bars.high);
    let curve = match exact.filter(|_| !scale.is_single) {
        None => None,
        Some(law) => {
            let spread = bars.filter(|bars| bars.high - bars.low > NO_SPREAD * bars.high.abs());
            let [low, high] = scale.range;
            let (window, from) = spread.map_or(((high - low) / BINS, low), |bars| (bars.width(), bars.low));
            let factor = if resampled.is_some() { samples as f64 } else { scale.unit / window };
            Some(Curve::new(law, &scale, window, from, factor)?)
        }
    };
    let label = match (resampled, scale.unit) {
        (Some(_), _) => "samples in a bin".into(),
        (None, _) if scale.is_single => "probability".into(),
        (None, 1.0) => "probability density".into(),
        (None, unit) => format!("probability density, per 10{}", superscript(unit.log10().round() as i32)),
    };
    let most = bars.and_then(|bars| bars.counts.iter().copied().max()).unwrap_or(0) as f64;
    let most = curve.as_ref().map_or(most, |curve| most.max(curve.highest()));
    let y = Axis::linear(&label, [most * 1.04].into_iter(), 5, true);

    let mut entries = Vec::new();
    if resampled.is_some() {
        entries.push((Swatch::Area(SKY_BLUE, 0.95), format!("{} samples", grouped(samples))));
    }
    if curve.is_some() {
        let text =
            if resampled.is_some() { "exact, for a bin around each point" } else { "exact distribution" };
        entries.push((Swatch::Line(BLACK, 1.4, None), text.into()));
    }
    if let Some((interval, ends)) = intervals.first() {
        entries.push((Swatch::Area(ORANGE, 0.9), beyond(interval, *ends, exact)?));
    }
    let height = 176.0 + PANEL + ROW * intervals.len() as f64;
    draw(height, |canvas| {
        let heading = format!("Bootstrap distribution of {}: {name}", quantity.name);
        let top = title(canvas, &heading, &[method.to_owned()])?;
        let top = legend(canvas, &entries, top)? + 6.0;
        let rows = top + LABEL + 9.0;
        let panel_top = rows + ROW * intervals.len() as f64 + 4.0;
        let bounds = [78.0, panel_top, WIDTH - 20.0, height - 54.0];
        let frame = Frame::new(canvas, bounds, scale.axis.clone(), y)?;
        frame.label_x()?;
        frame.label_y()?;
        let across = |value: f64| frame.at((value / scale.unit, 0.0)).0;
        let tails = intervals.first().map_or([f64::NEG_INFINITY, f64::INFINITY], |(_, ends)| *ends);
        if let Some(bars) = bars {
            draw_bars(&frame, bars, tails, &scale)?;
        }
        if let Some(curve) = &curve {
            let at = |&(x, height): &Point| frame.at((x / scale.unit, height));
            if bars.is_none() {
                let [low, high] = scale.range;
                let [first, last] = tails.map(|end| end.clamp(low, high));
                for (from, to, ink) in [
                    (first, last, Ink::area(SKY_BLUE, 0.75)),
                    (low, first, Ink::area(ORANGE, 0.9)),
                    (last, high, Ink::area(ORANGE, 0.9)),
                ] {
                    if from < to {
                        canvas.polygon(curve.area(from, to).iter().map(at), ink)?;
                    }
                }
            }
            canvas.line(curve.points.iter().map(at), Ink::line(BLACK, 1.4))?;
        }
        let [left, _, right, bottom] = frame.bounds();
        // The point's label on top, then a row for each interval, above the panel.
        let at_point = across(point);
        canvas.line([(at_point, top + LABEL + 4.0), (at_point, bottom)], Ink::line(VERMILION, 1.6))?;
        text_around(
            canvas,
            &format!("{} {}", quantity.name, number(point)),
            at_point,
            top,
            [left, right],
            VERMILION,
        )?;
        for (number, (name, ends)) in intervals.iter().enumerate() {
            let row = Row { name, ends: *ends, color: COLORS[number % COLORS.len()] };
            row.draw(&frame, rows + ROW * number as f64, ends.map(across), &scale.axis, scale.unit)?;
        }
        Ok(())
    })
}

/// The share of the exact distribution beyond the ends of an interval, in words.
fn beyond(interval: &str, ends: [f64; 2], exact: Option<&StatisticLaw>) -> Result<String> {
    let text = format!("beyond the {interval} interval");
    // An end at infinity has nothing beyond it.
    let sides = [(ends[0], true), (ends[1], false)].into_iter().filter(|(end, _)| end.is_finite());
    let (finite, is_lower): (Vec<f64>, Vec<bool>) = sides.unzip();
    let Some(law) = exact.filter(|_| !finite.is_empty()) else { return Ok(text) };
    let cdfs = law.cdfs(&finite)?;
    let share = |(is_lower, cdf): (bool, &Cdf)| {
        let share = if is_lower { cdf.below } else { 1.0 - cdf.at_most };
        format!("{:.2} %", 100.0 * share.clamp(0.0, 1.0))
    };
    let shares: Vec<String> = is_lower.into_iter().zip(&cdfs).map(share).collect();
    Ok(format!("{text}: {}", shares.join(" and ")))
}

/// The bars, those beyond the ends in the tails' colour.
fn draw_bars(frame: &Frame<'_, '_>, bars: &Histogram, tails: [f64; 2], scale: &Scale) -> Result<()> {
    let (width, left) = (bars.width(), frame.bounds()[0]);
    for (bin, &count) in bars.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let from = bars.low + bin as f64 * width;
        let [(x0, y0), (x1, y1)] =
            [(from, 0.0), (from + width, count as f64)].map(|(x, y)| frame.at((x / scale.unit, y)));
        // A hair of space between bars; a single value's is wide enough to be seen behind its line.
        let (x0, x1) =
            if scale.is_single { (x0 - 8.0, x0 + 8.0) } else { (x0 + 0.2, (x1 - 0.2).max(x0 + 0.8)) };
        let x0 = x0.max(left);
        let [first, last] = match scale.is_single {
            true => [x0, x1],
            false => tails.map(|end| frame.at((end / scale.unit, 0.0)).0.clamp(x0, x1)),
        };
        for (from, to, color) in [(x0, first, ORANGE), (first, last, SKY_BLUE), (last, x1, ORANGE)] {
            if from < to {
                frame.canvas.rectangle((from, y0), (to, y1), Ink::area(color, 0.95))?;
            }
        }
    }
    Ok(())
}

/// An interval above the panel.
struct Row<'a> {
    name: &'a str,
    ends: [f64; 2],
    color: RGBColor,
}

impl Row<'_> {
    /// Its text at height `top`, its bar below from one place to another, and dashes from its ends down.
    fn draw(&self, frame: &Frame<'_, '_>, top: f64, at: [f64; 2], axis: &Axis, unit: f64) -> Result<()> {
        let canvas = frame.canvas;
        let [left, _, right, bottom] = frame.bounds();
        let text = format!("{} {} to {}", self.name, number(self.ends[0]), number(self.ends[1]));
        if self.ends.iter().any(|end| end.is_nan()) {
            return text_around(canvas, &text, (left + right) / 2.0, top, [left, right], FAINT_TEXT);
        }
        let middle = top + SMALL + 8.0;
        let bar = at.map(|x| (x, middle));
        canvas.line(bar, Ink::line(self.color, 2.2))?;
        for (end, (x, _)) in self.ends.into_iter().zip(bar) {
            // Ends beyond the axis have no mark.
            if axis.holds(end / unit) {
                canvas.line([(x, middle - 4.0), (x, middle + 4.0)], Ink::line(self.color, 2.2))?;
                let ink = Ink { opacity: 0.8, ..Ink::line(self.color, 1.2) };
                canvas.dashed((x, middle + 6.0), (x, bottom), ink)?;
            }
        }
        text_around(canvas, &text, (at[0] + at[1]) / 2.0, top, [left, right], self.color)
    }
}

/// Text with its middle at `at`, but inside of `[left, right]`, on a ground of its own.
fn text_around(
    canvas: &Canvas<'_>,
    text: &str,
    at: f64,
    top: f64,
    [left, right]: [f64; 2],
    color: RGBColor,
) -> Result<()> {
    let width = canvas.width_of(text, SMALL)?;
    let x = (at - 0.5 * width).clamp(left, (right - width).max(left));
    let ground = Ink::area(plotters::style::WHITE, 1.0);
    canvas.rectangle((x - 3.0, top), (x + width + 3.0, top + SMALL + 2.0), ground)?;
    canvas.text(text, (x, top), Type::new(SMALL, color))
}

/// The smallest and the largest finite value; 0 and 0 of none.
fn range(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let finite = values.filter(|value| value.is_finite());
    let [low, high] = finite
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
    if low <= high { [low, high] } else { [0.0; 2] }
}

/// Four digits, with a power of ten where the number is small or large: `1.234·10⁻⁴`, `0.5432`.
fn number(value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    match size {
        0.0 => "0".into(),
        size if size.is_infinite() => format!("{sign}∞"),
        size if size.is_nan() => "unknown".into(),
        size if (0.001..1000.0).contains(&size) => {
            let decimals = (3.0 - size.log10().floor()) as usize;
            format!("{sign}{size:.decimals$}")
        }
        size => {
            let exponent = size.log10().floor();
            format!("{sign}{:.3}·10{}", size / 10f64.powf(exponent), superscript(exponent as i32))
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;
    use crate::bootstrap::{Bootstrap, Period};
    use crate::interval::Percentile;
    use crate::measure;
    use crate::panel::DayReturns;
    use crate::plot::tests::texts;
    use crate::resample::Scheme;

    fn texts_of(resampled: &[f64], point: f64, intervals: &[(&str, [f64; 2])]) -> Vec<String> {
        let resampled = &Histogram::new(resampled, bins(resampled.len()));
        texts(&picture_of(Some(resampled), None, point, intervals))
    }

    fn picture_of(
        resampled: Option<&Histogram>,
        exact: Option<&StatisticLaw>,
        point: f64,
        intervals: &[(&str, [f64; 2])],
    ) -> Picture {
        let quantity = &Quantity::new("rv", None, Period::Day);
        let (name, method) = ("A, 2007-01-03", "B = 3");
        picture(&Distribution { name, method, quantity, resampled, exact, point, intervals }).unwrap()
    }

    fn has(texts: &[String], text: &str) {
        assert!(texts.iter().any(|other| other == text), "{text:?} is not in {texts:?}");
    }

    /// A day of 40 returns, of which one is large.
    fn day() -> DayReturns {
        let of_row = |row: usize| if row == 7 { 0.02 } else { 1e-3 * (1.0 + (row * 7 % 11) as f64 / 3.0) };
        DayReturns::new(date(2007, 1, 3), Array2::from_shape_fn((40, 1), |(row, _)| of_row(row)))
    }

    fn bootstrap(measure: &str) -> Bootstrap {
        let measure = measure::by_name(measure, None).unwrap();
        let intervals: Vec<std::sync::Arc<dyn crate::interval::Interval>> =
            vec![std::sync::Arc::new(Percentile)];
        Bootstrap::new(20_000, 0.9, 3).unwrap().with(measure, Scheme::Iid, intervals).unwrap()
    }

    #[test]
    fn the_point_and_the_ends_are_written() {
        let resampled: Vec<f64> = (0..1000).map(|i| 1e-4 + 1e-6 * f64::from(i % 37)).collect();
        let ends = [("percentile", [1.01e-4, 1.35e-4]), ("studentized", [1.02e-4, f64::INFINITY])];
        let texts = texts_of(&resampled, 1.234e-4, &ends);
        for text in [
            "realized variance 1.234·10⁻⁴",
            "percentile 1.010·10⁻⁴ to 1.350·10⁻⁴",
            "studentized 1.020·10⁻⁴ to ∞",
            "realized variance (10⁻⁴ squared log returns a day)",
            "1,000 samples",
            "samples in a bin",
        ] {
            has(&texts, text);
        }
    }

    #[test]
    fn a_single_value_and_zeros_have_a_picture() {
        let almost = [1e-5 * (1.0 + f64::EPSILON), 1e-5];
        for (resampled, point) in
            [(&[1e-5; 2], 1e-5), (&almost, 1e-5), (&[0.0; 2], 0.0), (&[-2e-5; 2], -2e-5)]
        {
            let texts = texts_of(resampled, point, &[("percentile", [resampled[1], resampled[0]])]);
            assert!(texts.iter().any(|text| text.starts_with("percentile ")), "{texts:?}");
            // Ticks are short numbers.
            let digit =
                |text: &&String| text.chars().all(|letter| letter.is_ascii_digit() || "−.,".contains(letter));
            let ticks: Vec<&String> = texts.iter().filter(digit).collect();
            assert!(ticks.len() > 5 && ticks.iter().all(|tick| tick.chars().count() <= 5), "{ticks:?}");
        }
        assert_eq!([bins(1), bins(1000), bins(100_000_000)], [20, 63, 200]);
        // None that are finite, as where every resample's logarithm is that of 0.
        texts_of(&[f64::NEG_INFINITY; 3], f64::NEG_INFINITY, &[("percentile", [f64::NEG_INFINITY; 2])]);
        texts_of(&[0.1, 0.2], f64::NAN, &[("percentile", [f64::NAN; 2])]);
    }

    /// The line passes through the bars: at the middle of each bin it is within five standard errors of its
    /// count, for measures of which the exact distribution is a transformed one too.
    #[test]
    fn the_exact_line_is_what_the_bars_are_expected_to_be() {
        for name in ["variance", "volatility", "log-variance", "quarticity"] {
            let bootstrap = bootstrap(name);
            let law = bootstrap.statistic_law(&day(), 0).unwrap().unwrap();
            let bars = bootstrap.histogram(&day(), 50).unwrap();
            let quantity = &Quantity::new(bootstrap.measure().name(), None, Period::Day);
            let point = bootstrap.measure().estimate(&day().returns, 0);
            let (name, method) = ("A", "B");
            let distribution = Distribution {
                name,
                method,
                quantity,
                resampled: Some(&bars),
                exact: Some(&law),
                point,
                intervals: &[],
            };
            let scale = Scale::new(&distribution).unwrap();
            let curve = Curve::new(&law, &scale, bars.width(), bars.low, 20_000.0).unwrap();
            let mut total = 0.0;
            for (bin, &count) in bars.counts.iter().enumerate() {
                let expected = curve.height(bars.low + (bin as f64 + 0.5) * bars.width());
                let bound = 5.0 * (expected + 1.0).sqrt();
                assert!((count as f64 - expected).abs() <= bound, "{name}, {bin}: {count}, {expected}");
                total += expected;
            }
            assert!((total - 20_000.0).abs() < 10.0, "{name}: {total}");
            has(&texts(&picture(&distribution).unwrap()), "exact, for a bin around each point");
        }
    }

    #[test]
    fn without_samples_the_density_is_drawn_alone() {
        let bootstrap = bootstrap("variance");
        let law = bootstrap.statistic_law(&day(), 0).unwrap().unwrap();
        let ends = law.quantiles(&[0.05, 0.95]).unwrap();
        let point = bootstrap.measure().estimate(&day().returns, 0);
        let texts = texts(&picture_of(None, Some(&law), point, &[("percentile", [ends[0], ends[1]])]));
        has(&texts, "probability density, per 10⁻³");
        has(&texts, "exact distribution");
        // Outcomes are few enough for steps: less than 5 % lies beyond each end.
        let [below, above] = [law.cdfs(&ends).unwrap()[0].below, 1.0 - law.cdfs(&ends).unwrap()[1].at_most];
        assert!(below < 0.05 && below > 0.04 && above < 0.05 && above > 0.04);
        let [below, above] = [below, above].map(|share| format!("{:.2} %", 100.0 * share));
        has(&texts, &format!("beyond the percentile interval: {below} and {above}"));
        assert!(!texts.iter().any(|text| text.contains("samples")), "{texts:?}");
        // All returns are equal, and so is every resample.
        let mut constant = day();
        constant.returns.fill(1e-3);
        let law = bootstrap.statistic_law(&constant, 0).unwrap().unwrap();
        has(&self::texts(&picture_of(None, Some(&law), 4e-5, &[("percentile", [4e-5; 2])])), "probability");
    }

    #[test]
    fn the_area_of_the_curve_ends_where_it_is_told() {
        let curve = Curve { points: vec![(0.0, 0.0), (1.0, 2.0), (2.0, 0.0)] };
        assert_eq!(curve.area(0.5, 1.5), [(0.5, 0.0), (0.5, 1.0), (1.0, 2.0), (1.5, 1.0), (1.5, 0.0)]);
        assert_eq!(curve.highest(), 2.0);
    }

    #[test]
    fn numbers_have_four_digits() {
        let numbers = [0.0, 1.0, 0.04039, -0.54321, 123.456, -1.2349e-7, f64::NEG_INFINITY];
        assert_eq!(numbers.map(number), ["0", "1.000", "0.04039", "−0.5432", "123.5", "−1.235·10⁻⁷", "−∞"]);
    }
}
