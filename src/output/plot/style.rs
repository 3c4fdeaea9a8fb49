//! Sizes and colours of all pictures.

use plotters::style::RGBColor;

/// Width of every picture, in units of length (pixels of an SVG at its natural size).
pub(super) const WIDTH: f64 = 800.0;

pub(super) const BLACK: RGBColor = RGBColor(0, 0, 0);
pub(super) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(super) const SKY_BLUE: RGBColor = RGBColor(86, 180, 233);
pub(super) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(super) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(super) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(super) const PURPLE: RGBColor = RGBColor(204, 121, 167);

/// Colours of series, in order; yellow is left out, it is too light for lines.
pub(super) const SERIES: [RGBColor; 7] = [BLACK, BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE];

/// Text that is not data.
pub(super) const TEXT: RGBColor = RGBColor(40, 40, 40);
/// Text that explains.
pub(super) const FAINT_TEXT: RGBColor = RGBColor(95, 95, 95);
/// Axes.
pub(super) const AXIS: RGBColor = RGBColor(90, 90, 90);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(226, 226, 226);

/// Sizes of text.
pub(super) const TITLE: f64 = 17.0;
pub(super) const LABEL: f64 = 13.0;
pub(super) const SMALL: f64 = 12.0;
