//! `bellwether devices`: the adapters found, and what each can do.

use std::io::Write;

use crate::error::{Result, bytes};
use crate::figures::plural;
use crate::gpu::{AdapterEntry, adapters};
use crate::output::{Outputs, visible};

use super::Outcome;
use super::device::{all_cores, prober};
use super::report::Report;

pub(super) fn run(report: &Report) -> Result<Outcome> {
    let threads = all_cores(report)?.thread_count();
    let destination = Outputs::default().claim_stdout("the list")?;
    let mut prober = prober()?;
    let found = adapters(prober.allow(wgpu::Backends::all()));
    destination.write(|out| {
        writeln!(out, "cpu: {}", plural(threads as u64, "thread"))?;
        if found.is_empty() && prober.left_out().is_empty() {
            writeln!(out, "no adapter was found: install a Vulkan, Metal or DX12 driver to use a GPU")?;
        }
        for left_out in prober.left_out() {
            writeln!(out, "{left_out}")?;
        }
        for entry in &found {
            describe(out, entry)?;
        }
        Ok(())
    })?;
    Ok(Outcome::Done)
}

fn describe(out: &mut dyn Write, entry: &AdapterEntry) -> std::io::Result<()> {
    let AdapterEntry { index, info, limits, features, unusable, .. } = entry;
    // Names and versions are the drivers' own text.
    writeln!(out, "\n{index}: {}", visible(&info.name))?;
    writeln!(out, "   backend    {}, {}", entry.backend(), entry.kind())?;
    let driver = entry.driver();
    writeln!(out, "   driver     {}", if driver.is_empty() { "unknown".into() } else { visible(&driver) })?;
    writeln!(
        out,
        "   limits     binding {}, workgroup memory {}, {} invocations a workgroup, {} workgroups a \
         dimension",
        bytes(limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)),
        bytes(limits.max_compute_workgroup_storage_size.into()),
        limits.max_compute_invocations_per_workgroup,
        limits.max_compute_workgroups_per_dimension,
    )?;
    let has = |feature| if features.contains(feature) { "yes" } else { "no" };
    let (timestamps, subgroups) = (has(wgpu::Features::TIMESTAMP_QUERY), has(wgpu::Features::SUBGROUP));
    let (least, most) = (info.subgroup_min_size, info.subgroup_max_size);
    let sizes = if least == most { least.to_string() } else { format!("{least} to {most}") };
    writeln!(out, "   features   timestamps {timestamps}, subgroups {subgroups} (size {sizes})")?;
    match unusable {
        None => writeln!(out, "   usable     yes"),
        Some(why) => writeln!(out, "   usable     no: {why}"),
    }
}
