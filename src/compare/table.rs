//! A comparison for people: aligned, sizes down, devices across.
//!
//! Each time is a median with the range of all runs in the same unit, and on devices other than the first
//! core the speed-up against it. Where a line does not fit the terminal, ranges go to a line of their own.

use std::io::{self, Write};
use std::time::Duration;

use super::{Comparison, DeviceSummary, KernelClock, Lap};
use crate::figures::grouped;
use crate::random::STREAM_VERSION;

/// Writes the header and the table, in lines of at most `width` characters where that can be done.
///
/// # Errors
///
/// Whatever `out` returns.
pub fn write(out: &mut dyn Write, comparison: &Comparison, width: Option<usize>) -> io::Result<()> {
    header(out, comparison)?;
    writeln!(out)?;
    let wide = lines(comparison, true);
    let longest = wide.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let fits = width.is_none_or(|width| longest <= width);
    for line in if fits { wide } else { lines(comparison, false) } {
        writeln!(out, "{}", line.trim_end())?;
    }
    if comparison.laps.iter().any(|lap| lap.steps.is_some()) {
        writeln!(out)?;
        detail(out, comparison)?;
    }
    Ok(())
}

/// What was run, where, and what the times are.
fn header(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let Comparison { workload, description, machine, devices, timing, .. } = comparison;
    writeln!(out, "bellwether compare {workload}")?;
    for line in description {
        writeln!(out, "  {line}")?;
    }
    writeln!(
        out,
        "  median and min–max of at least {} runs and {} after {} of warm-up; × is the speed-up against one \
         core",
        timing.min_runs,
        text(timing.min_time),
        text(timing.warm_up)
    )?;
    writeln!(
        out,
        "  version {}, random stream {STREAM_VERSION}; {}; {}, {} cores",
        machine.version, machine.system, machine.cpu, machine.cores
    )?;
    for device in devices {
        writeln!(out, "  {}", device_line(device))?;
    }
    Ok(())
}

fn device_line(device: &DeviceSummary) -> String {
    let DeviceSummary { name, method, kind, threads, driver, start, first_run } = device;
    let name = if method.is_empty() { name.clone() } else { format!("{name}, {method}") };
    let plural = if *threads == 1 { "" } else { "s" };
    if device.is_cpu() {
        return format!("{name}: {threads} thread{plural}, first run {}", text(*first_run));
    }
    let driver = if driver.is_empty() { String::new() } else { format!(", driver {driver}") };
    format!(
        "{name}: {kind}{driver}; host {threads} thread{plural}; start {}, first run (compiles kernels) {}",
        text(*start),
        text(*first_run)
    )
}

/// A device's column: its names, and for each size a median, a range and a speed-up (empty where there is
/// none).
struct Section {
    names: [String; 3],
    rows: Vec<[String; 3]>,
}

/// The table, with ranges beside the medians or below them.
fn lines(comparison: &Comparison, wide: bool) -> Vec<String> {
    let sizes: Vec<String> = comparison.sizes().into_iter().map(grouped).collect();
    let size_width = sizes.iter().map(String::len).chain([comparison.unit.len()]).max().unwrap_or(0);
    let numbered = comparison.devices.iter().enumerate();
    let sections: Vec<Section> =
        numbered.map(|(number, device)| section(comparison, number, device)).collect();
    // Lines of the table in the first column, and of each section's.
    let mut first = vec![String::new(), String::new(), String::new(), comparison.unit.to_owned()];
    first.extend((!wide).then(String::new));
    first.push("─".repeat(size_width));
    for size in &sizes {
        first.push(size.clone());
        first.extend((!wide).then(String::new));
    }
    let mut lines: Vec<String> = first.iter().map(|text| format!("{text:>size_width$}")).collect();
    for section in &sections {
        for (line, text) in lines.iter_mut().zip(section.lines(wide)) {
            line.push_str("   ");
            line.push_str(&text);
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

impl Section {
    /// The section's lines, all of the same width.
    fn lines(&self, wide: bool) -> Vec<String> {
        let part_width = |part: usize, title: &str| {
            let widths = self.rows.iter().map(|row| row[part].chars().count());
            widths.chain([title.chars().count()]).max().unwrap_or(0)
        };
        let has_ratio = self.rows.iter().any(|row| !row[2].is_empty());
        let titles = ["median", "min–max", if has_ratio { "×" } else { "" }];
        let [median_width, range_width, ratio_width]: [usize; 3] =
            std::array::from_fn(|part| part_width(part, titles[part]));
        let put = |parts: [&str; 3]| -> Vec<String> {
            let [median, range, ratio] = parts;
            let ratio = if has_ratio { format!("  {ratio:>ratio_width$}") } else { String::new() };
            if wide {
                vec![format!("{median:>median_width$}  {range:<range_width$}{ratio}")]
            } else {
                vec![format!("{median:>median_width$}{ratio}"), format!("{range:>median_width$}")]
            }
        };
        let mut lines = self.names.to_vec();
        lines.extend(put(titles));
        let rule = lines.len();
        lines.push(String::new());
        lines.extend(self.rows.iter().flat_map(|row| put(row.each_ref().map(String::as_str))));
        let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        lines[rule] = "─".repeat(width);
        lines.into_iter().map(|line| format!("{line:<width$}")).collect()
    }
}

fn section(comparison: &Comparison, number: usize, device: &DeviceSummary) -> Section {
    let software = if device.kind.starts_with("software") { device.kind } else { "" };
    let one_core = |device: &DeviceSummary| device.is_cpu() && device.threads == 1;
    let first = comparison.devices.iter().position(one_core) == Some(number);
    let row = |size: u64| match comparison.lap(size, number) {
        Some(lap) => {
            let unit = Unit::of(lap.summary.median);
            let speed_up = comparison.speed_up(lap).filter(|_| !first);
            [unit.with_name(lap.summary.median), range(lap, unit), speed_up.map_or(String::new(), ratio)]
        }
        None => Default::default(),
    };
    Section {
        names: [device.short_name(), device.method, software].map(str::to_owned),
        rows: comparison.sizes().into_iter().map(row).collect(),
    }
}

fn range(lap: &Lap, unit: Unit) -> String {
    let mark = if lap.summary.outliers > 0 { "*" } else { "" };
    format!("{}–{}{mark}", unit.number(lap.summary.min), unit.number(lap.summary.max))
}

/// The steps of one run, device by device.
fn detail(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    writeln!(
        out,
        "One run taken apart, each step waited for (so that nothing overlaps, as it does in the runs above):"
    )?;
    let mut rows = vec![
        [comparison.unit, "device", "start", "upload", "kernel", "readback", "host", "run"]
            .map(str::to_owned),
    ];
    for lap in &comparison.laps {
        let device = &comparison.devices[lap.device];
        let Some(steps) = lap.steps else { continue };
        let on_device = |time: Duration| if device.is_cpu() { "–".to_owned() } else { text(time) };
        let transfer = |time: Duration| match steps.clock {
            KernelClock::WithTransfers => "–".to_owned(),
            _ => on_device(time),
        };
        rows.push([
            grouped(lap.size),
            [device.short_name(), device.method].join(" ").trim_end().to_owned(),
            on_device(device.start),
            transfer(steps.upload),
            text(steps.kernel),
            transfer(steps.readback),
            text(steps.host()),
            text(steps.total),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    for row in &rows {
        let words = row.iter().zip(widths).enumerate().map(|(column, (word, width))| {
            if column == 1 { format!("{word:<width$}") } else { format!("{word:>width$}") }
        });
        writeln!(out, "{}", words.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    let mut clocks: Vec<String> = Vec::new();
    for lap in &comparison.laps {
        let device = comparison.devices[lap.device].short_name();
        let clock = lap.steps.map(|steps| format!("kernel on {device}: {}", steps.clock.description()));
        clocks.extend(clock.filter(|clock| !clocks.contains(clock)));
    }
    for clock in clocks {
        writeln!(out, "{clock}")?;
    }
    Ok(())
}

/// A unit of time.
#[derive(Debug, Clone, Copy)]
struct Unit {
    name: &'static str,
    scale: f64,
    decimals: usize,
}

impl Unit {
    /// The unit in which `time` reads well, with three digits.
    fn of(time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        let (name, scale) = match seconds {
            s if s >= 0.9995 => ("s", 1.0),
            s if s >= 0.9995e-3 => ("ms", 1e3),
            _ => ("µs", 1e6),
        };
        let number = seconds * scale;
        let decimals = if number >= 99.95 { 0 } else { 2 - usize::from(number >= 9.995) };
        Self { name, scale, decimals }
    }

    fn number(self, time: Duration) -> String {
        format!("{:.*}", self.decimals, time.as_secs_f64() * self.scale)
    }

    fn with_name(self, time: Duration) -> String {
        format!("{} {:<2}", self.number(time), self.name)
    }
}

/// A time with its unit: `12.3 ms`.
pub(super) fn text(time: Duration) -> String {
    Unit::of(time).with_name(time).trim_end().to_owned()
}

/// A speed-up with two or three digits: `0.05×`, `1.94×`, `23.1×`, `512×`.
fn ratio(ratio: f64) -> String {
    let decimals = if ratio >= 99.95 { 0 } else { 2 - usize::from(ratio >= 9.995) };
    format!("{ratio:.decimals$}×")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::comparison;

    fn table(width: Option<usize>) -> String {
        let mut out = Vec::new();
        write(&mut out, &comparison(), width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn units_keep_three_digits() {
        let of = |nanoseconds| text(Duration::from_nanos(nanoseconds));
        assert_eq!(of(812), "0.81 µs");
        assert_eq!(of(61_230), "61.2 µs");
        assert_eq!(of(999_600), "1.00 ms");
        assert_eq!(of(123_400_000), "123 ms");
        assert_eq!(of(1_234_000_000), "1.23 s");
        assert_eq!([0.05, 1.939, 23.14, 511.6].map(ratio), ["0.05×", "1.94×", "23.1×", "512×"]);
    }

    #[test]
    fn sizes_go_down_and_devices_across() {
        let text = table(None);
        let row = text.lines().find(|line| line.trim_start().starts_with("1,000")).unwrap();
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(words, ["1,000", "800", "ms", "799–2400", "100", "ms", "99–300", "8.00×"]);
        assert!(text.contains("4.00 ms  3.00–12.00*  2.00×"), "{text}");
        assert!(text.contains("software, not a GPU"), "{text}");
        assert!(text.contains("kernel on Vulkan llvmpipe: by the device's own timestamps"), "{text}");
    }

    #[test]
    fn narrow_terminals_get_ranges_below() {
        let text = table(Some(50));
        let rows: Vec<&str> =
            text.lines().skip_while(|line| !line.starts_with('─')).skip(1).take(4).collect();
        assert!(rows[0].contains("2.00×") && !rows[0].contains("–"), "{text}");
        assert!(rows[1].contains("7.00–24.00") && rows[1].contains("3.00–12.00*"), "{text}");
    }
}
