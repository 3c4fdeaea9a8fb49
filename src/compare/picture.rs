//! A comparison: time against size, both logarithmic, one line a device with the range of its runs.

use super::{Comparison, DeviceSummary, Lap};
use crate::error::Result;
use crate::figures::grouped;
use crate::plot::Picture;
use crate::plot::axis::{Axis, seconds};
use crate::plot::canvas::{Canvas, Ink, Mark, Type, draw};
use crate::plot::frame::{Frame, MARGIN, title};
use crate::plot::style::{LABEL, SERIES, TEXT, WIDTH};

const HEIGHT: f64 = 540.0;

/// The picture of `comparison`.
///
/// # Errors
///
/// [`crate::Error::Plot`] where it can't be drawn.
pub fn picture(comparison: &Comparison) -> Result<Picture> {
    let machine = &comparison.machine;
    let lines = [
        comparison.description.first().cloned().unwrap_or_default(),
        format!(
            "medians, bars from the fastest to the slowest run; {}, {} cores, {}; version {}",
            machine.cpu, machine.cores, machine.system, machine.version
        ),
    ];
    draw(HEIGHT, |canvas| {
        let heading = format!("compare {}: time against {}", comparison.workload, comparison.unit);
        let top = title(canvas, &heading, &lines)?;
        let top = legend(canvas, comparison, top)?;
        let seconds_of = |lap: &Lap| [lap.summary.min, lap.summary.max].map(|time| time.as_secs_f64());
        let sizes = comparison.sizes();
        let x = Axis::logarithmic(comparison.unit, sizes.iter().map(|&size| size as f64), |tick| {
            grouped(tick.round() as u64)
        });
        let y = Axis::logarithmic("time", comparison.laps.iter().flat_map(seconds_of), seconds);
        let frame = Frame::new(canvas, [94.0, top, WIDTH - 24.0, HEIGHT - 52.0], x, y)?;
        frame.label_x()?;
        frame.label_y()?;
        for number in 0..comparison.devices.len() {
            let laps = comparison.laps.iter().filter(|lap| lap.device == number);
            series(&frame, number, comparison.devices.len(), &laps.collect::<Vec<_>>())?;
        }
        Ok(())
    })
}

/// One device's line. Devices are a little apart, so that equal times stay visible.
fn series(frame: &Frame<'_, '_>, number: usize, devices: usize, laps: &[&Lap]) -> Result<()> {
    let color = SERIES[number % SERIES.len()];
    let shift = (number as f64 - (devices as f64 - 1.0) / 2.0) * 4.0;
    let at = |lap: &Lap, time: std::time::Duration| {
        let (x, y) = frame.at((lap.size as f64, time.as_secs_f64()));
        (x + shift, y)
    };
    frame.canvas.line(laps.iter().map(|lap| at(lap, lap.summary.median)), Ink::line(color, 1.6))?;
    for lap in laps {
        let ends = [at(lap, lap.summary.min), at(lap, lap.summary.max)];
        let ink = Ink { opacity: 0.45, ..Ink::line(color, 2.6) };
        frame.canvas.line(ends, ink)?;
        frame.canvas.mark(Mark::of(number), at(lap, lap.summary.median), 4.2, color)?;
    }
    Ok(())
}

/// The devices with their marks, in lines as wide as the picture; returns where they end.
fn legend(canvas: &Canvas<'_>, comparison: &Comparison, top: f64) -> Result<f64> {
    let (mut x, mut y) = (MARGIN, top + 4.0);
    for (number, device) in comparison.devices.iter().enumerate() {
        let text = name(device);
        let width = 26.0 + canvas.width_of(&text, LABEL)? + 18.0;
        if x + width > WIDTH && x > MARGIN {
            (x, y) = (MARGIN, y + LABEL + 7.0);
        }
        let color = SERIES[number % SERIES.len()];
        let middle = y + LABEL / 2.0;
        canvas.line([(x, middle), (x + 20.0, middle)], Ink::line(color, 1.6))?;
        canvas.mark(Mark::of(number), (x + 10.0, middle), 4.2, color)?;
        canvas.text(&text, (x + 26.0, middle), Type::new(LABEL, TEXT).middle())?;
        x += width;
    }
    Ok(y + LABEL + 14.0)
}

fn name(device: &DeviceSummary) -> String {
    let method = if device.method.is_empty() { String::new() } else { format!(", {}", device.method) };
    match device.kind {
        "CPU" => format!("{}{method}", device.name),
        kind => format!("{}{method} ({kind})", device.short_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::comparison;
    use crate::plot::tests::texts;

    #[test]
    fn devices_are_named_with_what_they_are() {
        let texts = texts(&picture(&comparison()).unwrap());
        for text in ["1 core", "Vulkan llvmpipe (software, not a GPU)", "samples", "time", "10 ms", "1,000"] {
            assert!(texts.iter().any(|other| other == text), "{text:?} is not in {texts:?}");
        }
    }

    #[test]
    fn a_single_size_has_a_picture() {
        let mut comparison = comparison();
        comparison.laps.truncate(2);
        assert!(!texts(&picture(&comparison).unwrap()).is_empty());
    }
}
