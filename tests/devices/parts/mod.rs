//! Runs in parts: put together they are the run that was not cut, byte for byte; what does not belong
//! together is refused by name; and a result is verified, or found to be changed.

use bellwether::gpu::AdapterEntry;
use libtest_mimic::Trial;

use crate::adapters;

mod files;
mod merged;
mod mixes;
mod program;
mod verified;

/// The tests: those of the CPU, and those of every adapter.
pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| adapters::once(&format!("parts::{name}"), test);
    let mut trials = vec![
        trial("merged_is_direct", merged::merged_is_direct),
        trial("many_parts", merged::many_parts),
        trial("any_files", files::any_files),
        trial("the_cut_follows_the_work", files::the_cut_follows_the_work),
        trial("a_part_reads_its_files_alone", files::a_part_reads_its_files_alone),
        trial("a_part_reads_its_row_groups_alone", files::a_part_reads_its_row_groups_alone),
        trial("changes_between_parts_are_found", files::changes_between_parts_are_found),
        trial("broken_files_are_left_out_of_parts", files::broken_files_are_left_out_of_parts),
        trial("wrong_mixes_are_refused", mixes::wrong_mixes_are_refused),
        trial("parts_refuse_what_is_of_the_whole", mixes::parts_refuse_what_is_of_the_whole),
        trial("results_are_verified", || verified::results_are_verified("cpu")),
        trial("changes_are_found", verified::changes_are_found),
        trial("manifests_say_the_same", verified::manifests_say_the_same),
        trial("coverage_is_merged", merged::coverage_is_merged),
        trial("plans_count_what_runs_draw", verified::plans_count_what_runs_draw),
    ];
    trials.extend(adapters::on_each_adapter("parts::devices_are_mixed", merged::devices_are_mixed));
    let verified = |adapter: &AdapterEntry| verified::results_are_verified(&adapter.index.to_string());
    trials.extend(adapters::on_each_adapter("parts::results_are_verified_on", verified));
    trials
}
