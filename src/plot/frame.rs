//! A panel: a rectangle with axes, ticks, a grid, and the data's way to a place in it.

use plotters::style::RGBColor;
use plotters::style::text_anchor::VPos;

use super::axis::Axis;
use super::canvas::{Canvas, Ink, Mark, Point, Type};
use super::style::{AXIS, FAINT_TEXT, GRID, LABEL, SMALL, TEXT, TITLE, WIDTH};
use crate::error::Result;

/// Space from the picture's edge.
pub(crate) const MARGIN: f64 = 14.0;

/// A panel of a picture.
pub(crate) struct Frame<'c, 'a> {
    pub(crate) canvas: &'c Canvas<'a>,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    x: Axis,
    y: Axis,
}

/// A rectangle of the picture: left, top, right, bottom.
pub(crate) type Bounds = [f64; 4];

/// The picture's title, with a line or two that explain it; returns where they end.
pub(crate) fn title(canvas: &Canvas<'_>, title: &str, lines: &[String]) -> Result<f64> {
    canvas.text(title, (MARGIN, MARGIN), Type::new(TITLE, TEXT))?;
    let mut y = MARGIN + TITLE + 7.0;
    for line in lines {
        for line in wrapped(canvas, line)? {
            canvas.text(&line, (MARGIN, y), Type::new(SMALL, FAINT_TEXT))?;
            y += SMALL + 5.0;
        }
    }
    Ok(y + 4.0)
}

/// `text` in lines as wide as the picture.
fn wrapped(canvas: &Canvas<'_>, text: &str) -> Result<Vec<String>> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { continue };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || canvas.width_of(&longer, SMALL)? <= WIDTH - 2.0 * MARGIN {
            *line = longer;
        } else {
            lines.push(word.to_owned());
        }
    }
    Ok(lines)
}

/// What stands before a text of a legend.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Swatch {
    /// A line of this width, with a mark where there is one.
    Line(RGBColor, f64, Option<Mark>),
    /// An area.
    Area(RGBColor, f64),
    /// A mark alone.
    Mark(RGBColor, Mark),
    /// Nothing: the text is a remark.
    Nothing,
}

/// A legend, in lines as wide as the picture; returns where it ends.
pub(crate) fn legend(canvas: &Canvas<'_>, entries: &[(Swatch, String)], top: f64) -> Result<f64> {
    const SWATCH: f64 = 20.0;
    let (mut x, mut y) = (MARGIN, top);
    for (swatch, text) in entries {
        let width = SWATCH + 6.0 + canvas.width_of(text, SMALL)? + 18.0;
        if x + width > WIDTH && x > MARGIN {
            (x, y) = (MARGIN, y + SMALL + 8.0);
        }
        let middle = y + SMALL / 2.0;
        let center = (x + SWATCH / 2.0, middle);
        match *swatch {
            Swatch::Line(color, width, mark) => {
                canvas.line([(x, middle), (x + SWATCH, middle)], Ink::line(color, width))?;
                mark.map_or(Ok(()), |mark| canvas.mark(mark, center, 3.6, color))?;
            }
            Swatch::Area(color, opacity) => {
                let ink = Ink::area(color, opacity);
                canvas.rectangle((x, middle - 5.0), (x + SWATCH, middle + 5.0), ink)?;
            }
            Swatch::Mark(color, mark) => canvas.mark(mark, center, 3.6, color)?,
            Swatch::Nothing => {}
        }
        let (at, color) = match swatch {
            Swatch::Nothing => (x, FAINT_TEXT),
            _ => (x + SWATCH + 6.0, TEXT),
        };
        canvas.text(text, (at, middle), Type::new(SMALL, color).middle())?;
        x += width;
    }
    Ok(y + SMALL + 4.0)
}

impl<'c, 'a> Frame<'c, 'a> {
    /// Draws axes around what is inside of `bounds`; labels lie outside of it.
    pub(crate) fn new(canvas: &'c Canvas<'a>, bounds: Bounds, x: Axis, y: Axis) -> Result<Self> {
        let [left, top, right, bottom] = bounds;
        let frame = Self { canvas, left, top, right, bottom, x, y };
        frame.grid()?;
        Ok(frame)
    }

    fn grid(&self) -> Result<()> {
        let faint = Ink { opacity: 0.5, ..Ink::line(GRID, 0.6) };
        for &tick in &self.x.minor {
            let x = self.across(tick);
            self.canvas.line([(x, self.top), (x, self.bottom)], faint)?;
        }
        for &tick in &self.y.minor {
            let y = self.down(tick);
            self.canvas.line([(self.left, y), (self.right, y)], faint)?;
        }
        for (tick, _) in &self.x.ticks {
            let x = self.across(*tick);
            self.canvas.line([(x, self.top), (x, self.bottom)], Ink::line(GRID, 1.0))?;
        }
        for (tick, _) in &self.y.ticks {
            let y = self.down(*tick);
            self.canvas.line([(self.left, y), (self.right, y)], Ink::line(GRID, 1.0))?;
        }
        let corners = [(self.left, self.top), (self.left, self.bottom), (self.right, self.bottom)];
        self.canvas.line(corners, Ink::line(AXIS, 1.0))
    }

    /// Labels of the horizontal axis, and its name below.
    pub(crate) fn label_x(&self) -> Result<()> {
        let look = Type::new(SMALL, TEXT).centered();
        for (tick, label) in &self.x.ticks {
            let x = self.across(*tick);
            self.canvas.line([(x, self.bottom), (x, self.bottom + 4.0)], Ink::line(AXIS, 1.0))?;
            // On the paper, also where the last tick is at its edge.
            let half = self.canvas.width_of(label, SMALL)? / 2.0 + 2.0;
            let x = x.clamp(half, (WIDTH - half).max(half));
            self.canvas.text(label, (x, self.bottom + 7.0), look)?;
        }
        let middle = (self.left + self.right) / 2.0;
        let look = Type::new(LABEL, TEXT).centered();
        self.canvas.text(&self.x.label, (middle, self.bottom + 11.0 + SMALL + 4.0), look)
    }

    /// Labels of the vertical axis, and its name upwards beside them.
    pub(crate) fn label_y(&self) -> Result<()> {
        let look = Type::new(SMALL, TEXT).right().middle();
        let mut widest = 0f64;
        for (tick, label) in &self.y.ticks {
            let y = self.down(*tick);
            self.canvas.line([(self.left - 4.0, y), (self.left, y)], Ink::line(AXIS, 1.0))?;
            self.canvas.text(label, (self.left - 7.0, y), look)?;
            widest = widest.max(self.canvas.width_of(label, SMALL)?);
        }
        let middle = (self.top + self.bottom) / 2.0;
        let at = (self.left - 7.0 - widest - 8.0 - LABEL, middle);
        self.canvas.upward(&self.y.label, at, Type::new(LABEL, TEXT))
    }

    /// The panel's own title, above it.
    pub(crate) fn heading(&self, text: &str) -> Result<()> {
        let look = Type { vertical: VPos::Bottom, ..Type::new(LABEL, TEXT) };
        self.canvas.text(text, (self.left, self.top - 3.0), look)
    }

    fn across(&self, x: f64) -> f64 {
        self.left + self.x.place(x) * (self.right - self.left)
    }

    fn down(&self, y: f64) -> f64 {
        self.bottom - self.y.place(y) * (self.bottom - self.top)
    }

    /// Where the data (x, y) lies.
    pub(crate) fn at(&self, (x, y): Point) -> Point {
        (self.across(x), self.down(y))
    }

    /// Left, top, right and bottom of the panel.
    pub(crate) fn bounds(&self) -> Bounds {
        [self.left, self.top, self.right, self.bottom]
    }

    /// A line through data.
    pub(crate) fn line(&self, data: impl IntoIterator<Item = Point>, ink: Ink) -> Result<()> {
        self.canvas.line(data.into_iter().map(|point| self.at(point)), ink)
    }

    /// A dashed line between two points of the data.
    pub(crate) fn dashed(&self, from: Point, to: Point, ink: Ink) -> Result<()> {
        self.canvas.dashed(self.at(from), self.at(to), ink)
    }

    /// The band between two lines through data: (x, lower, upper).
    pub(crate) fn band(&self, data: &[(f64, f64, f64)], ink: Ink) -> Result<()> {
        let lower = data.iter().map(|&(x, lower, _)| self.at((x, lower)));
        let upper = data.iter().rev().map(|&(x, _, upper)| self.at((x, upper)));
        self.canvas.polygon(lower.chain(upper), ink)
    }

    /// A mark at data.
    pub(crate) fn mark(&self, mark: Mark, data: Point, radius: f64, color: RGBColor) -> Result<()> {
        self.canvas.mark(mark, self.at(data), radius, color)
    }
}
