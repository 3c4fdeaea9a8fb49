//! Sizes and colours of all pictures.

use plotters::style::RGBColor;

/// Width of every picture, in units of length (pixels of an SVG at its natural size).
pub(crate) const WIDTH: f64 = 800.0;

pub(crate) const BLACK: RGBColor = RGBColor(0, 0, 0);
pub(crate) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(crate) const SKY_BLUE: RGBColor = RGBColor(86, 180, 233);
pub(crate) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(crate) const PURPLE: RGBColor = RGBColor(204, 121, 167);

/// Colours of series, in order; yellow is left out, it is too light for lines.
pub(crate) const SERIES: [RGBColor; 7] = [BLACK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE];

/// The colour of series `number`; they come again after seven.
pub(crate) fn series(number: usize) -> RGBColor {
    SERIES[number % SERIES.len()]
}

/// Text that is not data.
pub(crate) const TEXT: RGBColor = RGBColor(40, 40, 40);
/// Text that explains.
pub(crate) const FAINT_TEXT: RGBColor = RGBColor(95, 95, 95);
/// Axes.
pub(crate) const AXIS: RGBColor = RGBColor(90, 90, 90);
/// Lines of the grid.
pub(crate) const GRID: RGBColor = RGBColor(226, 226, 226);

/// Sizes of text.
pub(crate) const TITLE: f64 = 17.0;
pub(crate) const LABEL: f64 = 13.0;
pub(crate) const SMALL: f64 = 12.0;
