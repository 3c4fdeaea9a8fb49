//! A panel that need not fit in memory: block by block of days, by each method in turn.

use std::path::Path;
use std::time::Instant;

use super::groups::ShortCell;
use super::periods::Periods;
use super::{Bootstrap, Engine, Intervals, Observer, PanelTimes, Period, Resources};
use crate::error::{Error, Result};
use crate::panel::{DayReturns, PanelError, PanelReader};

impl Bootstrap {
    /// The intervals of all that `panel` still holds, block by block of days; `memory` bytes are for what the
    /// panel holds and for resampling. The counterpart of [`Self::run`] for panels that need not fit in
    /// memory.
    ///
    /// # Errors
    ///
    /// As [`run_panel`].
    pub fn run_panel(
        &self,
        panel: &mut PanelReader,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<(Intervals, PanelTimes)> {
        let (mut intervals, times) =
            run_panel(std::slice::from_ref(self), panel, engine, resources, observer)?;
        Ok((intervals.remove(0), times))
    }
}

/// The intervals of all that `panel` still holds, block by block of days, of each method in turn, with the
/// draws of one where their seeds and schemes are the same; `memory` bytes are for what the panel holds and
/// for resampling.
///
/// # Errors
///
/// As [`PanelReader::next_returns`] and [`Bootstrap::run`]; [`Error::Parameter`] where a measure's second
/// stock is not there; [`Error::Panel`] where a method has no cell.
pub fn run_panel(
    methods: &[Bootstrap],
    panel: &mut PanelReader,
    engine: &mut Engine<'_>,
    resources: &Resources<'_>,
    observer: &dyn Observer,
) -> Result<(Vec<Intervals>, PanelTimes)> {
    let (found, times) = run_some(methods, panel, engine, resources, observer)?;
    if found.is_empty() {
        return Err(Error::Job { what: "reading the panel".into(), why: "it has no days".into() });
    }
    for (method, found) in methods.iter().zip(&found) {
        if found.count() == 0 && !found.short.is_empty() {
            let why = short_cells_line(method, &found.short, panel);
            return Err(PanelError::NoDays { why }.into());
        }
    }
    Ok((found, times))
}

/// The same for what may be without any cell, as a part of a panel may: of no days, no intervals.
pub(crate) fn run_some(
    methods: &[Bootstrap],
    panel: &mut PanelReader,
    engine: &mut Engine<'_>,
    resources: &Resources<'_>,
    observer: &dyn Observer,
) -> Result<(Vec<Intervals>, PanelTimes)> {
    let mut found = vec![None; methods.len()];
    // Periods go on over blocks of days.
    let mut periods: Vec<Periods> = methods.iter().map(|_| Periods::default()).collect();
    let mut has_days = false;
    let draws = methods.iter().map(|method| method.draws_of(1)).sum();
    let times = each_block(panel, resources, observer, draws, |panel, days, left| {
        has_days = true;
        for (number, method) in methods.iter().enumerate() {
            refuse_short_cells(method, days, panel)?;
            if method.period != Period::Day {
                method.add_days(days, engine, left, observer, &mut periods[number])?;
                continue;
            }
            let done = method.run(days, engine, left, observer)?;
            match &mut found[number] {
                Some(intervals) => Intervals::append(intervals, &done)?,
                None => found[number] = Some(done),
            }
        }
        Ok(())
    })?;
    if has_days {
        for (number, (method, periods)) in methods.iter().zip(periods).enumerate() {
            if method.period != Period::Day {
                found[number] = Some(method.close_periods(periods)?);
            }
        }
    }
    Ok((found.into_iter().flatten().collect(), times))
}

/// Hands the days of each block that has any to `take`, with what is left of the memory beside the panel;
/// `draws` is how often each return is drawn.
pub(super) fn each_block(
    panel: &mut PanelReader,
    resources: &Resources<'_>,
    observer: &dyn Observer,
    draws: u64,
    mut take: impl FnMut(&PanelReader, &[DayReturns], &Resources<'_>) -> Result<()>,
) -> Result<PanelTimes> {
    let mut times = PanelTimes::default();
    loop {
        let reading = Instant::now();
        let block = panel.next_returns(resources.jobs)?;
        times.load += reading.elapsed();
        let Some(days) = block else { return Ok(times) };
        // Where stocks do not share their times, a block may have other than the planned returns.
        times.draws += draws * days.iter().map(|day| day.returns.len() as u64).sum::<u64>();
        observer.planned(times.draws + panel.returns_left() * draws);
        observer.days(&days);
        // A block of which all days are too short is empty.
        if days.is_empty() {
            continue;
        }
        let held = panel.held_bytes();
        let left = Resources { memory: resources.memory.saturating_sub(held), ..*resources };
        take(panel, &days, &left).map_err(|error| beside(held, resources.memory, error))?;
    }
}

/// Refuses days of common times that are too short for the method, unless they are to be left out.
fn refuse_short_cells(method: &Bootstrap, days: &[DayReturns], panel: &PanelReader) -> Result<()> {
    if !panel.refuses_short_days() {
        return Ok(());
    }
    match method.groups(days)?.short.first() {
        None => Ok(()),
        Some(cell) => Err(PanelError::ShortForMeasure {
            date: cell.date,
            stock: panel.stocks()[cell.stock].clone(),
            path: panel.file_of(cell.stock).map(Path::to_path_buf).unwrap_or_default(),
            returns: cell.returns,
            measure: method.measure.name(),
            needed: method.least_rows(),
        }
        .into()),
    }
}

/// A line about the cells that days are too short for.
pub(crate) fn short_cells_line(method: &Bootstrap, short: &[ShortCell], panel: &PanelReader) -> String {
    let named = short.iter().map(|cell| {
        let file = panel.file_of(cell.stock).map_or(String::new(), |path| format!(", in {}", path.display()));
        format!("{} ({}, {} return(s){file})", cell.date, panel.stocks()[cell.stock], cell.returns)
    });
    format!(
        "{} day(s) of a stock with fewer than the {} returns that the {} needs: {}",
        short.len(),
        method.least_rows(),
        method.measure.name(),
        crate::panel::list(named)
    )
}

/// The error of a run that had less memory than the user gave, as `held` bytes of it were in use.
pub(crate) fn beside(held: u64, memory: u64, error: Error) -> Error {
    match error {
        Error::Memory { what, needed, allowed, advice } if allowed == memory.saturating_sub(held) => {
            Error::Memory { what, needed: needed + held, allowed: memory, advice }
        }
        other => other,
    }
}
