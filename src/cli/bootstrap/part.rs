//! `bellwether bootstrap --part I/N`: one part of a run, into a file that `bellwether merge` takes.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;
use std::{env, fs};

use super::pictures::Watch;
use super::{BootstrapArgs, Samples, WORTH_A_GPU, second_stock, summary};
use crate::bootstrap::{Bootstrap, Engine, Period, Resources};
use crate::cli::Outcome;
use crate::cli::device::{grouped, plural};
use crate::cli::report::Report;
use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::measure;
use crate::output::Outputs;
use crate::output::manifest::{Covers, Parameters};
use crate::panel::content::Content;
use crate::panel::{Align, LoadOptions, OpenShare, PanelReader, Share, ShareBy};
use crate::parts::file::{Header, nothing};
use crate::parts::{Computed, Part, PartFile, compute};

/// How a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Cut {
    Stocks,
    Days,
    Samples,
}

impl Cut {
    fn name(self) -> &'static str {
        match self {
            Self::Stocks => "stocks",
            Self::Days => "days",
            Self::Samples => "samples",
        }
    }
}

/// Which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum PartArg {
    /// The one that is named.
    Named(Part),
    /// The one of this task of an array of Slurm; of so many, where that is said.
    Slurm(Option<u64>),
}

impl FromStr for PartArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "slurm" {
            return Ok(Self::Slurm(None));
        }
        if let Some(of) = text.strip_prefix("slurm/") {
            let of = of.parse().map_err(|_| "write how many parts there are, as in slurm/8".to_owned())?;
            return Ok(Self::Slurm(Some(of)));
        }
        match text.parse() {
            Ok(part) => Ok(Self::Named(part)),
            Err(Error::Parameter { requirement, .. }) => Err(requirement),
            Err(other) => Err(other.to_string()),
        }
    }
}

impl PartArg {
    /// The part; `variable` gives those of the environment.
    pub(in crate::cli) fn part(self, variable: impl Fn(&str) -> Option<String>) -> Result<Part> {
        let of = match self {
            Self::Named(part) => return Ok(part),
            Self::Slurm(of) => of,
        };
        let number = |name: &'static str| {
            let value = variable(name);
            value.as_ref().and_then(|value| value.parse().ok()).ok_or_else(|| Error::Parameter {
                name: "part",
                value: "slurm".into(),
                requirement: format!(
                    "{name} is {}; run it as a task of an array (`sbatch --array=1-8 ...`), or write which \
                     part of how many, as in 3/8",
                    value.map_or("not set".to_owned(), |value| format!("{value:?}, which is no number"))
                ),
            })
        };
        let id: u64 = number("SLURM_ARRAY_TASK_ID")?;
        if let Some(of) = of {
            return Part::new(id, of);
        }
        let [least, most, count] =
            ["SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"].map(number);
        let (least, most, count): (u64, u64, u64) = (least?, most?, count?);
        // Of an array with gaps, as of tasks that are run again, nothing says how many parts there are.
        if most.checked_sub(least).is_none_or(|span| span + 1 != count) || !(least..=most).contains(&id) {
            return Err(Error::Parameter {
                name: "part",
                value: "slurm".into(),
                requirement: format!(
                    "the array's {count} tasks from {least} to {most} leave numbers out, so that it does not \
                     say how many parts there are; write it, as in slurm/{most}"
                ),
            });
        }
        Part::new(id - least + 1, count)
    }

    /// Threads that Slurm gives the task.
    pub(in crate::cli) fn threads(self, variable: impl Fn(&str) -> Option<String>) -> Option<usize> {
        match self {
            Self::Named(_) => None,
            Self::Slurm(_) => variable("SLURM_CPUS_PER_TASK").and_then(|value| value.parse().ok()),
        }
    }
}

/// Bytes of the files of a panel, of folders those directly inside; standard input is large.
pub(super) fn bytes_of(paths: &[PathBuf]) -> u64 {
    let of_path = |path: &PathBuf| match fs::read_dir(path) {
        Ok(folder) => folder.flatten().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum(),
        Err(_) => fs::metadata(path)
            .map_or(u64::MAX / 2, |file| if file.is_file() { file.len() } else { u64::MAX / 2 }),
    };
    paths.iter().map(of_path).fold(0, u64::saturating_add)
}

/// A variable of the environment.
pub(in crate::cli) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

impl BootstrapArgs {
    /// Refuses what a part has no use for.
    fn check_part(&self) -> Result<()> {
        let whole = [
            ("--plot", self.plot.is_some()),
            ("--histogram", self.histogram.is_some()),
            ("--resamples", self.resamples.is_some()),
            ("--manifest", self.manifest.is_some()),
            ("--format", self.format.is_some()),
        ];
        if let Some((name, _)) = whole.into_iter().find(|(_, given)| *given) {
            return Err(Error::Parameter {
                name,
                value: "asked for together with `part`".into(),
                requirement:
                    "that is of the whole; a part is written as a part file, and `bellwether merge` \
                              gives the result any format and a manifest"
                        .into(),
            });
        }
        Ok(())
    }

    /// How this run is cut into so many parts, where nobody says it: along samples where there are so many of
    /// them, and so few cells, that parts of whole cells would not have equal work.
    fn usual_cut(&self, align: Align, of: u64, options: &LoadOptions, jobs: &Jobs) -> Result<Cut> {
        const MANY_SAMPLES: u32 = 10_000_000;
        const CELLS_A_PART: u64 = 20;
        /// Files of so many bytes hold more cells than are few.
        const LARGE: u64 = 256 << 20;
        let together = align != Align::None || self.measure.iter().any(|name| measure::is_of_two(name));
        let cells = if together { Cut::Days } else { Cut::Stocks };
        let many = matches!(self.samples, Samples::Count(MANY_SAMPLES..)) && self.by == Period::Day;
        let draws =
            many && self.methods(self.against.as_ref().map(|_| 0))?.iter().any(|one| one.draws_of(1) > 0);
        if !draws || bytes_of(&self.panel.panel) > LARGE {
            return Ok(cells);
        }
        let panel = PanelReader::open(&self.panel.panel, options, u64::MAX, jobs)?;
        let few = (panel.cells_left() as u64) < CELLS_A_PART.saturating_mul(of);
        Ok(if few { Cut::Samples } else { cells })
    }
}

pub(super) fn run(
    mut args: BootstrapArgs,
    part: PartArg,
    parameters: Parameters,
    report: &Report,
) -> Result<Outcome> {
    args.check_part()?;
    let align = args.align()?;
    let jobs = args.device.jobs_or(part.threads(variable), report)?;
    let part = part.part(variable)?;
    let memory = args.memory.bytes()?;
    let Some(path) = args.output.take() else {
        return Err(Error::Parameter {
            name: "--output",
            value: "not given".into(),
            requirement: "name a file for the part, as in -o part-3.part".into(),
        });
    };
    let mut outputs = Outputs::new(&args.panel.panel);
    let destination = outputs.claim("--output", path)?;
    let device = args.device.find(report)?;

    let started = Instant::now();
    let options = args.panel.options(align)?;
    let cut = match args.cut {
        Some(cut) => cut,
        None => args.usual_cut(align, part.of(), &options, &jobs)?,
    };
    let by = match cut {
        Cut::Stocks if align != Align::None => {
            return Err(Error::Parameter {
                name: "cut",
                value: "stocks".into(),
                requirement: "stocks must share their times, which takes all of them; cut by days".into(),
            });
        }
        Cut::Stocks => ShareBy::Stocks,
        Cut::Days => ShareBy::Days,
        Cut::Samples => ShareBy::Nothing,
    };
    let bar = report.spinner("load");
    let share = Share { part, by, period: args.by };
    let opened = PanelReader::open_share(&args.panel.panel, &options, memory, &jobs, share)?;
    bar.finish_and_clear();
    let OpenShare { panel, stocks, files, left_out } = opened;
    let open_time = started.elapsed();
    let Some(mut panel) = panel else {
        let measures = args.methods(args.against.as_ref().map(|_| 0))?.len();
        let (covers, content) = (Covers::of(&[], None), Content::default());
        let outcome = outcome(&left_out);
        left_out.iter().for_each(|line| report.failure(format!("left out {line}")));
        let hash = content.hash(&stocks);
        let header = Header::new(parameters, part, cut.name(), stocks, hash, covers, left_out);
        let file = PartFile::new(header, files, content, nothing(measures));
        destination.write(|out| file.write(out))?;
        report.line(format!("part {}/{} has no cell", part.number(), part.of()));
        return Ok(outcome);
    };
    let against = args.against.as_deref().map(|name| second_stock(name, panel.stocks())).transpose()?;
    let methods = args.methods(against)?;
    let samples = match cut {
        Cut::Samples => {
            methods.iter().try_for_each(Bootstrap::check_samples)?;
            part.samples(methods[0].samples())
        }
        _ => 0..methods[0].samples(),
    };
    let of_one = methods.iter().filter(|method| method.draws_of(1) > 0).count() as u64 * samples.len() as u64;
    let planned = panel.returns_left() * of_one;
    let size = format!("{} returns to draw", grouped(planned));
    let device = device.open(&jobs, planned >= WORTH_A_GPU, &size, report)?;
    let watch = Watch::new(report.progress("resample", planned), Vec::new());
    let resources = Resources { jobs: &jobs, memory };
    // A device is not asked for no samples.
    let mut engine = Engine::new(device.gpu.as_ref().filter(|_| !samples.is_empty()));
    let of_samples = (cut == Cut::Samples).then_some(&samples);
    let done = compute(&methods, &mut panel, &stocks, &mut engine, &resources, &watch, of_samples);
    watch.bar.finish_and_clear();
    let Computed { cells, content, covers, left_out, times, .. } = done?;
    summary::load(&panel, report);

    let (count, outcome) = (covers.cells, outcome(&left_out));
    let hash = content.hash(&stocks);
    let header = Header::new(parameters, part, cut.name(), stocks, hash, covers, left_out);
    let file = PartFile::new(header, files, content, cells);
    destination.write(|out| file.write(out))?;
    report.line(format!(
        "part {}/{}, cut by {}: {}, {} returns drawn, on {}; {:.1} s, of which {:.1} s to read",
        part.number(),
        part.of(),
        cut.name(),
        plural(count as u64, "cell"),
        grouped(times.draws),
        device.description,
        started.elapsed().as_secs_f64(),
        (open_time + times.load).as_secs_f64()
    ));
    Ok(outcome)
}

/// Whether anything was left out.
fn outcome(left_out: &[String]) -> Outcome {
    if left_out.is_empty() { Outcome::Done } else { Outcome::Partial }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arg: &str, variables: &[(&str, &str)]) -> Result<Part> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        arg.parse::<PartArg>().unwrap().part(variable)
    }

    fn task(
        id: &'static str,
        least: &'static str,
        most: &'static str,
        count: &'static str,
    ) -> [(&'static str, &'static str); 4] {
        [
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_MIN", least),
            ("SLURM_ARRAY_TASK_MAX", most),
            ("SLURM_ARRAY_TASK_COUNT", count),
        ]
    }

    #[test]
    fn the_part_is_that_of_the_task() {
        let part = |number, of| Part::new(number, of).unwrap();
        assert_eq!(of("3/8", &[]).unwrap(), part(3, 8));
        assert_eq!(of("slurm", &task("3", "1", "8", "8")).unwrap(), part(3, 8));
        assert_eq!(of("slurm", &task("0", "0", "7", "8")).unwrap(), part(1, 8));
        // Tasks 3 and 7 alone, run again: of how many parts, the array does not say.
        let refused = of("slurm", &task("7", "3", "7", "2")).unwrap_err().to_string();
        assert!(refused.contains("as in slurm/7"), "{refused}");
        assert_eq!(of("slurm/8", &task("7", "3", "7", "2")).unwrap(), part(7, 8));
        assert!(of("slurm/8", &task("9", "3", "9", "2")).is_err());
        let refused = of("slurm", &[]).unwrap_err().to_string();
        assert!(refused.contains("SLURM_ARRAY_TASK_ID is not set"), "{refused}");
        assert!(of("slurm", &task("x", "1", "2", "2")).unwrap_err().to_string().contains("no number"));
        for wrong in ["0/8", "9/8", "slurm/x", "slurms", "3"] {
            assert!(wrong.parse::<PartArg>().is_err(), "{wrong}");
        }
        let cpus = |name: &str| (name == "SLURM_CPUS_PER_TASK").then(|| "4".to_owned());
        assert_eq!("slurm".parse::<PartArg>().unwrap().threads(cpus), Some(4));
        assert_eq!("3/8".parse::<PartArg>().unwrap().threads(cpus), None);
    }
}
