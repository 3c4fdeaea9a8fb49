//! Strokes, areas and text on a picture, in units of length from its upper left corner.

use std::borrow::Cow;
use std::sync::Once;

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE, register_font,
};

use super::style::WIDTH;
use super::{FONT, Picture};
use crate::error::{Error, Result};
use crate::output::text::is_hidden;

/// Plotters places things at whole numbers: it is given a picture so many times as large, which the SVG
/// scales back.
const FINE: f64 = 10.0;

/// Plotters' size of a font for each unit of its size in an SVG.
const FONT_SIZE: f64 = 1.24;

/// The picture's font, for plotters' measurements and as what viewers take.
const FAMILY: &str = "sans-serif";

/// A place: to the right, and down.
pub(crate) type Point = (f64, f64);

/// A line's or an area's looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ink {
    pub(crate) color: RGBColor,
    pub(crate) width: f64,
    pub(crate) opacity: f64,
}

impl Ink {
    /// A line of this width.
    pub(crate) fn line(color: RGBColor, width: f64) -> Self {
        Self { color, width, opacity: 1.0 }
    }

    /// An area.
    pub(crate) fn area(color: RGBColor, opacity: f64) -> Self {
        Self { color, width: 1.0, opacity }
    }

    fn style(self, filled: bool) -> ShapeStyle {
        ShapeStyle {
            color: self.color.mix(self.opacity),
            filled,
            stroke_width: (self.width * FINE).round() as u32,
        }
    }
}

/// Text's looks: its size, colour, and which part of it is at its place.
#[derive(Clone, Copy)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) color: RGBColor,
    pub(crate) horizontal: HPos,
    pub(crate) vertical: VPos,
}

impl Type {
    pub(crate) fn new(size: f64, color: RGBColor) -> Self {
        Self { size, color, horizontal: HPos::Left, vertical: VPos::Top }
    }

    pub(crate) fn centered(self) -> Self {
        Self { horizontal: HPos::Center, ..self }
    }

    pub(crate) fn right(self) -> Self {
        Self { horizontal: HPos::Right, ..self }
    }

    pub(crate) fn middle(self) -> Self {
        Self { vertical: VPos::Center, ..self }
    }
}

/// A mark of a point: shapes differ, so that colours need not be told apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    /// A triangle on its tip.
    Tip,
    Cross,
}

impl Mark {
    /// The mark of series `number`.
    pub(crate) fn of(number: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond, Self::Tip, Self::Cross][number % 6]
    }
}

/// A picture in the making.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Draws a picture of `height`, on a white ground.
pub(crate) fn draw(height: f64, paint: impl FnOnce(&Canvas<'_>) -> Result<()>) -> Result<Picture> {
    static FONT_KNOWN: Once = Once::new();
    FONT_KNOWN.call_once(|| {
        // A font that can't be read shows up as an error of the first measurement.
        let _ = register_font(FAMILY, FontStyle::Normal, FONT);
    });
    let mut svg = String::new();
    let size = ((WIDTH * FINE) as u32, (height * FINE) as u32);
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let canvas = Canvas { area };
        paint(&canvas)?;
        canvas.area.present().map_err(failed)?;
    }
    // The natural size, and joints that do not stick out where a line turns sharply.
    let fine = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let natural = format!("width=\"{WIDTH}\" height=\"{height}\" stroke-linejoin=\"round\"");
    Ok(Picture { svg: svg.replacen(&fine, &natural, 1) })
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Plot(error.to_string())
}

fn fine((x, y): Point) -> (i32, i32) {
    ((x * FINE).round() as i32, (y * FINE).round() as i32)
}

impl Canvas<'_> {
    /// A line through `points`.
    pub(crate) fn line(&self, points: impl IntoIterator<Item = Point>, ink: Ink) -> Result<()> {
        let points: Vec<_> = points.into_iter().map(fine).collect();
        self.area.draw(&PathElement::new(points, ink.style(false))).map_err(failed)
    }

    /// A dashed straight line.
    pub(crate) fn dashed(&self, from: Point, to: Point, ink: Ink) -> Result<()> {
        const DASH: f64 = 6.0;
        const GAP: f64 = 4.0;
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy);
        let at = |along: f64| (from.0 + dx * along / length, from.1 + dy * along / length);
        let mut start = 0.0;
        while start < length {
            self.line([at(start), at((start + DASH).min(length))], ink)?;
            start += DASH + GAP;
        }
        Ok(())
    }

    /// The area inside of `points`.
    pub(crate) fn polygon(&self, points: impl IntoIterator<Item = Point>, ink: Ink) -> Result<()> {
        let points: Vec<_> = points.into_iter().map(fine).collect();
        self.area.draw(&Polygon::new(points, ink.style(true))).map_err(failed)
    }

    /// The area of a rectangle between two corners.
    pub(crate) fn rectangle(&self, one: Point, other: Point, ink: Ink) -> Result<()> {
        self.area.draw(&Rectangle::new([fine(one), fine(other)], ink.style(true))).map_err(failed)
    }

    /// A mark around `at`.
    pub(crate) fn mark(&self, mark: Mark, at: Point, radius: f64, color: RGBColor) -> Result<()> {
        let ink = Ink::area(color, 1.0);
        let (x, y) = at;
        match mark {
            Mark::Circle => self
                .area
                .draw(&Circle::new(fine(at), (radius * FINE) as i32, ink.style(true)))
                .map_err(failed),
            // Of about the circle's area.
            Mark::Square => {
                let half = 0.886 * radius;
                self.rectangle((x - half, y - half), (x + half, y + half), ink)
            }
            Mark::Triangle => {
                let r = 1.35 * radius;
                self.polygon([(x, y - r), (x + 0.866 * r, y + 0.5 * r), (x - 0.866 * r, y + 0.5 * r)], ink)
            }
            Mark::Tip => {
                let r = 1.35 * radius;
                self.polygon([(x, y + r), (x + 0.866 * r, y - 0.5 * r), (x - 0.866 * r, y - 0.5 * r)], ink)
            }
            Mark::Cross => {
                let (long, short) = (1.1 * radius, 0.4 * radius);
                self.rectangle((x - long, y - short), (x + long, y + short), ink)?;
                self.rectangle((x - short, y - long), (x + short, y + long), ink)
            }
            Mark::Diamond => {
                let r = 1.25 * radius;
                self.polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], ink)
            }
        }
    }

    /// Text at a place.
    pub(crate) fn text(&self, text: &str, at: Point, look: Type) -> Result<()> {
        self.area.draw_text(&drawable(text), &style(&look), fine(at)).map_err(failed)
    }

    /// Text that reads upwards, its middle at a place.
    pub(crate) fn upward(&self, text: &str, at: Point, look: Type) -> Result<()> {
        let font = (FAMILY, look.size * FINE * FONT_SIZE).into_font().transform(FontTransform::Rotate270);
        let style = TextStyle::from(font).color(&look.color).pos(Pos::new(HPos::Center, VPos::Top));
        self.area.draw_text(&drawable(text), &style, fine(at)).map_err(failed)
    }

    /// The width of text.
    pub(crate) fn width_of(&self, text: &str, size: f64) -> Result<f64> {
        let look = Type::new(size, plotters::style::BLACK);
        let (width, _) = self.area.estimate_text_size(&drawable(text), &style(&look)).map_err(failed)?;
        Ok(f64::from(width) / FINE)
    }
}

fn style(look: &Type) -> TextStyle<'_> {
    let font = (FAMILY, look.size * FINE * FONT_SIZE).into_font();
    TextStyle::from(font).color(&look.color).pos(Pos::new(look.horizontal, look.vertical))
}

/// `text` as a picture can hold it: with U+FFFD for what is not seen, and for what no XML document may have.
fn drawable(text: &str) -> Cow<'_, str> {
    let refused = |letter: char| is_hidden(letter) || matches!(letter, '\u{fffe}' | '\u{ffff}');
    if text.contains(refused) { Cow::Owned(text.replace(refused, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_get_replacements() {
        assert!(matches!(drawable("AXP <&> é"), Cow::Borrowed(_)));
        assert_eq!(drawable("a\u{1b}b\nc\u{ffff}\0"), "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}");
    }
}
