//! Parts of the samples: what they carry as arrays, and the ends from all of them.

use std::path::PathBuf;

use super::cells::Cells;
use super::error::PartError;
use super::file::PartFile;
use crate::bootstrap::{Bootstrap, Carried, CellFacts, Intervals, SampleCell, SampleTable};
use crate::interval::Estimate;

/// The facts of a cell, in the order of their array.
const FACTS: &str = "facts";
const FACTS_OF_CELL: usize = 8;

/// What a part of the samples has, of one measure.
pub(super) fn of_samples(found: &SampleTable) -> Cells {
    let mut cells = Cells::of(&found.table);
    let facts = found.cells.iter().flat_map(|cell| {
        let SampleCell { estimate, facts, .. } = cell;
        [
            estimate.value,
            estimate.resampled,
            estimate.squared_error,
            estimate.acceleration,
            facts.sum[0],
            facts.sum[1],
            facts.relative_error,
            f64::from(facts.rows),
        ]
    });
    cells.samples.push((FACTS.to_owned(), facts.collect()));
    let needs = found.cells.first().map_or(0, |cell| cell.carried.len());
    for need in 0..needs {
        let of_need = || found.cells.iter().map(|cell| &cell.carried[need]);
        let gather = |pick: fn(&Carried) -> &[f64]| of_need().flat_map(pick).copied().collect::<Vec<f64>>();
        if matches!(of_need().next(), Some(Carried::All(_))) {
            cells.samples.push((format!("{need}.all"), gather(all)));
        } else {
            cells.samples.push((format!("{need}.smallest"), gather(smallest)));
            cells.samples.push((format!("{need}.largest"), gather(largest)));
        }
    }
    cells
}

fn all(carried: &Carried) -> &[f64] {
    match carried {
        Carried::All(all) => all,
        Carried::Tails(_) => &[],
    }
}

fn smallest(carried: &Carried) -> &[f64] {
    match carried {
        Carried::Tails([smallest, _]) => smallest,
        Carried::All(_) => &[],
    }
}

fn largest(carried: &Carried) -> &[f64] {
    match carried {
        Carried::Tails([_, largest]) => largest,
        Carried::All(_) => &[],
    }
}

/// The cells of a part, as it was computed. Nothing where its arrays do not fit together.
fn cells_of(cells: &Cells, carries_all: &[bool]) -> Option<Vec<SampleCell>> {
    let array =
        |name: &str| cells.samples.iter().find(|(known, _)| known == name).map(|(_, values)| &values[..]);
    let count = cells.places.len();
    let of_cells = |name: &str| -> Option<Vec<&[f64]>> {
        let values = array(name)?;
        let each = values.len().checked_div(count)?;
        (each * count == values.len())
            .then(|| (0..count).map(|cell| &values[cell * each..][..each]).collect())
    };
    let facts = of_cells(FACTS)?;
    let mut all = Vec::with_capacity(count);
    for facts in facts {
        if facts.len() != FACTS_OF_CELL {
            return None;
        }
        all.push(SampleCell {
            estimate: Estimate {
                value: facts[0],
                resampled: facts[1],
                squared_error: facts[2],
                acceleration: facts[3],
            },
            facts: CellFacts { sum: [facts[4], facts[5]], relative_error: facts[6], rows: facts[7] as u32 },
            carried: Vec::new(),
        });
    }
    for (need, carries_all) in carries_all.iter().enumerate() {
        if *carries_all {
            for (cell, values) in all.iter_mut().zip(of_cells(&format!("{need}.all"))?) {
                cell.carried.push(Carried::All(values.to_vec()));
            }
            continue;
        }
        let tails =
            of_cells(&format!("{need}.smallest"))?.into_iter().zip(of_cells(&format!("{need}.largest"))?);
        for (cell, (smallest, largest)) in all.iter_mut().zip(tails) {
            cell.carried.push(Carried::Tails([smallest.to_vec(), largest.to_vec()]));
        }
    }
    Some(all)
}

/// Fills the ends of a measure's intervals in, from what all parts have of the samples.
pub(super) fn fill(
    parts: &[(PathBuf, PartFile)],
    measure: usize,
    method: &Bootstrap,
    found: &mut Intervals,
) -> Result<(), PartError> {
    let damaged =
        |part: usize, why: &str| PartError::Damaged { path: parts[part].0.clone(), why: why.to_owned() };
    let carries_all = method.carries_all();
    let mut of_parts = Vec::with_capacity(parts.len());
    let mut next = 0;
    for (number, (_, part)) in parts.iter().enumerate() {
        let samples = part.header.covers.samples.unwrap_or_default();
        if samples[0] != next || samples[1] < samples[0] {
            return Err(damaged(number, "its samples do not follow those of the part before"));
        }
        next = samples[1];
        // More parts than samples leave some without any.
        if samples[0] == samples[1] {
            continue;
        }
        let cells = cells_of(&part.cells[measure], &carries_all);
        let cells =
            cells.ok_or_else(|| damaged(number, "what it has of the samples does not fit together"))?;
        of_parts.push((number, samples[1] - samples[0], cells));
    }
    let places = &parts[0].1.cells[measure].places;
    for (number, (date, stock)) in places.iter().enumerate() {
        let of_cell: Option<Vec<(usize, &SampleCell)>> =
            of_parts.iter().map(|(_, came, cells)| Some((*came as usize, cells.get(number)?))).collect();
        let day = found.dates.binary_search(date).ok();
        let cell = found.cells.binary_search(&(*stock as usize)).ok();
        let joined = of_cell.and_then(|of_cell| method.of_samples(&of_cell));
        let (Some(day), Some(cell), Some(joined)) = (day, cell, joined) else {
            return Err(damaged(0, "its samples and those of the others are not all of the run"));
        };
        for (part, _, cells) in &of_parts {
            let (one, other) = (&of_parts[0].2[number], &cells[number]);
            let bits = |cell: &SampleCell| {
                let Estimate { value, resampled, squared_error, acceleration } = cell.estimate;
                let [sum, rounding] = cell.facts.sum;
                [value, resampled, squared_error, acceleration, sum, rounding].map(f64::to_bits)
            };
            if bits(one) != bits(other) {
                let (one, other) = (parts[of_parts[0].0].0.clone(), parts[*part].0.clone());
                return Err(PartError::Disagree { one, other, what: format!("the returns of {date}") });
            }
        }
        found.fill([day, cell], &joined);
    }
    Ok(())
}
