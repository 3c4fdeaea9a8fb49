//! One part of a run, computed.

use std::ops::Range;

use super::cells::Cells;
use super::file::{nothing, of_intervals};
use super::samples::of_samples;
use crate::bootstrap::{
    Bootstrap, Engine, Intervals, Observer, PanelTimes, Resources, run_panel_samples, run_some,
};
use crate::error::Result;
use crate::output::manifest::Covers;
use crate::panel::PanelReader;
use crate::panel::content::Content;

/// What a part found: what its file holds beside its header.
#[derive(Debug)]
#[non_exhaustive]
pub struct Computed {
    /// The cells of each method.
    pub cells: Vec<Cells>,
    /// The prices that were used.
    pub content: Content,
    /// Which days, cells and samples they are.
    pub covers: Covers,
    /// What was left out of the panel, a line each.
    pub left_out: Vec<String>,
    /// Time that reading took, and returns drawn.
    pub times: PanelTimes,
}

/// Computes all cells of `panel`, a part of a run that is of these `stocks` ([`crate::panel::OpenShare`]): of
/// all resamples, or of those numbered `samples`. A part may be without any cell.
///
/// # Errors
///
/// As [`crate::bootstrap::run_panel`]; [`crate::Error::Parameter`] where samples alone are no part of a
/// method.
pub fn compute(
    methods: &[Bootstrap],
    panel: &mut PanelReader,
    stocks: &[String],
    engine: &mut Engine<'_>,
    resources: &Resources<'_>,
    observer: &dyn Observer,
    samples: Option<&Range<u32>>,
) -> Result<Computed> {
    panel.hash_content();
    let (mut cells, found, times): (Vec<Cells>, Vec<Intervals>, _) = match samples {
        Some(samples) => {
            methods.iter().try_for_each(Bootstrap::check_samples)?;
            let (found, times) = run_panel_samples(methods, panel, engine, resources, observer, samples)?;
            let cells = found.iter().map(of_samples).collect();
            (cells, found.into_iter().map(|one| one.table).collect(), times)
        }
        None => {
            let (found, times) = run_some(methods, panel, engine, resources, observer)?;
            (of_intervals(&found), found, times)
        }
    };
    if found.is_empty() {
        cells = nothing(methods.len());
    }
    let content = renumbered(panel, &mut cells, stocks);
    let all = methods.first().filter(|method| !method.is_exact()).map(|method| 0..method.samples());
    let samples = samples.cloned().or(all).map(|samples| [samples.start, samples.end]);
    let covers = Covers::of(&found, samples);
    Ok(Computed { cells, content, covers, left_out: panel.summary().left_out(), times })
}

/// What was read, and the cells, with the stocks' numbers among all that the part is of: some of these may
/// have no day.
fn renumbered(panel: &PanelReader, cells: &mut [Cells], stocks: &[String]) -> Content {
    let number = |stock: usize| {
        let name = panel.stocks().get(stock);
        name.and_then(|name| stocks.binary_search(name).ok()).unwrap_or(usize::MAX)
    };
    let mut content = panel.content().cloned().unwrap_or_default();
    content.cells.iter_mut().for_each(|cell| cell.stock = number(cell.stock));
    for (_, stock) in cells.iter_mut().flat_map(|cells| &mut cells.places) {
        *stock = number(*stock as usize) as u32;
    }
    content
}
