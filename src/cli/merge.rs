//! `bellwether merge`: the parts of a run, put together to the bytes of the whole.

use std::path::PathBuf;

use clap::Args;

use super::bootstrap::{BootstrapArgs, manifest};
use super::device::plural;
use super::report::Report;
use super::{Outcome, coverage, parameters};
use crate::error::Result;
use crate::output::coverage::write_table;
use crate::output::intervals::Layout;
use crate::output::manifest::ManifestFile;
use crate::output::{Format, Outputs};
use crate::parts::file::read_all;
use crate::parts::merge::check;
use crate::parts::{PartError, merge};

/// Put the parts of a run together, to the bytes of the run that was not cut
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Part files of `bellwether bootstrap --part`, in any order
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// File for the result [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// File format [default: by the file's extension, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A record for each day and stock; or a row for each day under two header rows
    #[arg(long, value_enum, default_value_t = Layout::Long)]
    layout: Layout,
    /// File for what the result was computed from, as JSON
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

pub(super) fn run(args: MergeArgs, report: &Report) -> Result<Outcome> {
    let mut outputs = Outputs::new(&args.parts);
    let printed = args.output.is_none() && args.format.is_none();
    let (destination, format) = outputs.table("--output", args.output, args.format)?;
    let manifest_file = args.manifest.map(|path| outputs.claim("--manifest", path)).transpose()?;
    let parts = check(read_all(&args.parts)?)?;
    let Some((_, first)) = parts.first() else { return Err(PartError::None.into()) };
    let all = first.header.parameters.clone();
    if first.header.cut == coverage::REPLICATIONS {
        let spec = parameters::arguments::<coverage::CoverageArgs>(&all, &[])?.spec()?;
        let rows = coverage::merged(&spec, &parts)?;
        match printed {
            true => destination.write(|out| write_table(&spec, &rows, out))?,
            false => coverage::save(&destination, format, &spec, &rows)?,
        }
        return Ok(Outcome::Done);
    }
    let typed = parameters::arguments::<BootstrapArgs>(&all, &[PathBuf::from("-")])?;
    typed.check_layout(args.layout)?;
    let (methods, merged) = merge(&parts, |stocks| typed.methods_for(stocks))?;
    let manifest = manifest::of(&methods, all, (&merged.content, &merged.stocks), &merged.intervals);
    let (form, found) = ((format, args.layout), &merged.intervals);
    manifest::write_table(&destination, form, &methods, &merged.stocks, found, Some(&manifest))?;
    if let Some(file) = manifest_file {
        file.write(|out| ManifestFile::new(manifest, None).write(out))?;
    }
    let cells: usize = merged.intervals.iter().map(crate::bootstrap::Intervals::count).sum();
    report.line(format!(
        "merged {}: {}, {}",
        plural(parts.len() as u64, "part"),
        plural(merged.stocks.len() as u64, "stock"),
        plural(cells as u64, "cell")
    ));
    for line in &merged.left_out {
        report.failure(format!("left out {line}"));
    }
    Ok(if merged.left_out.is_empty() { Outcome::Done } else { Outcome::Partial })
}
