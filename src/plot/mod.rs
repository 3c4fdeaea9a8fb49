//! Pictures: SVG or PNG, by the file's extension.
//!
//! One style for all (`style`): light background, axes with units, the eight colours of Okabe and Ito that
//! colour-blind readers can tell apart, and marks or dashes wherever colours alone would carry a difference.
//! A picture is drawn once, as SVG; a PNG is this SVG in pixels, two for each unit of length, with the font
//! that is shipped beside this file (DejaVu Sans, see `dejavu-sans.LICENSE`), so that no system font is
//! needed. In an SVG text stays text.
//!
//! Source of the colours: M. Okabe and K. Ito, "Color universal design", 2008.
//!
//! Reading order: `canvas` (strokes and text), `axis` (ticks), `frame` (a panel with axes), [`quantity`]
//! (what measures are called), then one file a picture.

pub(crate) mod axis;
pub(crate) mod canvas;
pub mod coverage;
pub(crate) mod frame;
pub mod growth;
pub mod histogram;
pub mod intervals;
pub mod quantity;
pub(crate) mod style;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::error::{Error, Result};
use crate::output::{Destination, Outputs};

/// The font of measurements, and of PNGs.
const FONT: &[u8] = include_bytes!("dejavu-sans.ttf");

/// Pixels of a PNG for each unit of length.
const PNG_SCALE: f32 = 2.0;

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    svg: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
}

/// Where a picture goes, checked before the work that it shows.
#[derive(Debug, Clone)]
pub struct PlotFile {
    destination: Destination,
    kind: Kind,
}

impl PlotFile {
    /// The file at `path`, which the user gave as `flag`, as one of `outputs`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for an extension other than svg and png, and as [`Outputs::claim`].
    pub fn new(flag: &'static str, path: PathBuf, outputs: &mut Outputs) -> Result<Self> {
        let kind = kind_of(flag, &path)?;
        Ok(Self { destination: outputs.claim(flag, path)?, kind })
    }

    /// The picture as the file holds it, not yet written: all that can fail in drawing has then been done.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] where it can't be turned into pixels.
    pub fn draw(&self, picture: &Picture) -> Result<Drawn<'_>> {
        let bytes = match self.kind {
            Kind::Svg => picture.svg.clone().into_bytes(),
            Kind::Png => picture.png()?,
        };
        Ok(Drawn { destination: &self.destination, bytes })
    }

    /// Draws and writes the picture, whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`Self::draw`] and [`Drawn::save`].
    pub fn save(&self, picture: &Picture) -> Result<()> {
        self.draw(picture)?.save()
    }
}

/// A picture that only needs to be written.
#[derive(Debug)]
pub struct Drawn<'a> {
    destination: &'a Destination,
    bytes: Vec<u8>,
}

impl Drawn<'_> {
    /// Writes it, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it can't be written.
    pub fn save(&self) -> Result<()> {
        self.destination.write(|out| out.write_all(&self.bytes))
    }
}

fn kind_of(flag: &'static str, path: &Path) -> Result<Kind> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("svg") => Ok(Kind::Svg),
        Some("png") => Ok(Kind::Png),
        _ => Err(Error::Parameter {
            name: flag,
            value: path.display().to_string(),
            requirement:
                "pictures are SVG or PNG, by the file's extension; name a file that ends in .svg or .png"
                    .into(),
        }),
    }
}

impl Picture {
    /// The picture as an SVG document.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    ///
    /// [`Error::Plot`] where it can't be drawn.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        fonts.set_sans_serif_family("DejaVu Sans");
        let options = usvg::Options {
            font_family: "DejaVu Sans".into(),
            fontdb: Arc::new(fonts),
            ..usvg::Options::default()
        };
        let tree =
            usvg::Tree::from_str(&self.svg, &options).map_err(|error| Error::Plot(error.to_string()))?;
        let size = tree.size();
        let pixels = |length: f32| (length * PNG_SCALE).ceil() as u32;
        let mut pixmap = tiny_skia::Pixmap::new(pixels(size.width()), pixels(size.height()))
            .ok_or_else(|| Error::Plot("it has no size".into()))?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE), &mut pixmap.as_mut());
        pixmap.encode_png().map_err(|error| Error::Plot(error.to_string()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Checks that a picture is well formed, of the width that all have, and turns into a PNG; returns its
    /// texts.
    pub(crate) fn texts(picture: &Picture) -> Vec<String> {
        let document = usvg::roxmltree::Document::parse(picture.svg()).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("width"), Some("800"));
        let png = picture.png().unwrap();
        assert_eq!(png[..4], *b"\x89PNG");
        assert_eq!(u32::from_be_bytes([png[16], png[17], png[18], png[19]]), 1600);
        for node in document.descendants() {
            for name in ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy"] {
                let number = node.attribute(name).map_or(0.0, |value| value.parse::<f64>().unwrap());
                assert!((-100.0..=12_000.0).contains(&number), "{name} = {number} is far outside");
            }
        }
        let texts = document.descendants().filter(|node| node.has_tag_name("text"));
        texts.filter_map(|node| node.text()).map(|text| text.trim().to_owned()).collect()
    }

    #[test]
    fn extensions_decide() {
        let folder = tempfile::tempdir().unwrap();
        let kind = |name: &str| {
            let path = folder.path().join(name);
            PlotFile::new("plot", path, &mut Outputs::default()).map(|file| file.kind)
        };
        assert_eq!(kind("a.svg").unwrap(), Kind::Svg);
        assert_eq!(kind("a.b.PNG").unwrap(), Kind::Png);
        for name in ["a.pdf", "svg", "a", ".png"] {
            let message = kind(name).unwrap_err().to_string();
            assert!(message.starts_with("plot is") && message.contains(".svg or .png"), "{message}");
        }
        assert!(kind("missing/a.svg").unwrap_err().to_string().contains("cannot write"));
    }
}
