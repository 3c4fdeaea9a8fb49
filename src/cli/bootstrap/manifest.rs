//! The file of a result, and what its manifest says: the parameters as they were understood, and what came of
//! them.

use clap::ValueEnum;

use super::{BootstrapArgs, Samples};
use crate::bootstrap::{Bootstrap, Description, Intervals};
use crate::error::Result;
use crate::output::intervals::{self, Layout, records_hash};
use crate::output::manifest::{Manifest, Parameters};
use crate::output::{Destination, Format};
use crate::panel::content::Content;
use crate::random::STREAM_VERSION;

impl BootstrapArgs {
    /// What was typed, with what stands where nothing was.
    pub(in crate::cli) fn parameters(&self, mut typed: Parameters) -> Result<Parameters> {
        if let Some(align) = self.align()?.to_possible_value() {
            typed.insert("align".into(), align.get_name().into());
        }
        if self.samples != Samples::Exact {
            typed.entry("seed".into()).or_insert_with(|| "0".into());
        }
        if ["block", "stationary"].contains(&self.scheme.as_str()) {
            typed.entry("block".into()).or_insert_with(|| "auto".into());
        }
        Ok(typed)
    }
}

/// The manifest of what `methods` found in all of a panel.
pub(in crate::cli) fn of(
    methods: &[Bootstrap],
    parameters: Parameters,
    content: (&Content, &[String]),
    found: &[Intervals],
) -> Manifest {
    let draws = methods.iter().any(|method| method.draws_of(1) > 0);
    let stream = draws.then_some(STREAM_VERSION);
    let samples = methods.first().filter(|_| draws).map(Bootstrap::samples);
    Manifest::new(parameters, stream, samples, content, found, records_hash(content.1, found))
}

/// Writes the intervals of a panel of these stocks, with what they are and the manifest where there is one.
pub(in crate::cli) fn write_table(
    destination: &Destination,
    (format, layout): (Format, Layout),
    methods: &[Bootstrap],
    stocks: &[String],
    found: &[Intervals],
    manifest: Option<&Manifest>,
) -> Result<()> {
    let method: Vec<Description> =
        methods.iter().zip(found).map(|(method, found)| method.describe(found)).collect();
    let table = intervals::Report { stocks, intervals: found, method: &method, manifest };
    destination.write(|out| intervals::write(out, &table, format, layout))
}
