//! Parts of a run, put together: the table of the whole.
//!
//! What is merged is what the whole run would have found, number for number: cells are taken from the parts
//! that have them, and the table is then written as any other. The order of the parts does not matter. A part
//! may come twice if both are equal; what does not belong together is refused with the names of the files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use jiff::civil::Date;

use super::cells::ROWS;
use super::error::PartError;
use super::file::PartFile;
use crate::bootstrap::{Bootstrap, Intervals, Period};
use crate::panel::content::{Cell, Content};
use crate::panel::input::{Hash, InputFile, Piece};

/// All parts together.
#[derive(Debug)]
pub struct Merged {
    /// The panel's stocks, sorted.
    pub stocks: Vec<String>,
    /// What the panel holds.
    pub content: Content,
    /// What was left out of the panel, a line each.
    pub left_out: Vec<String>,
    /// The intervals of each measure.
    pub intervals: Vec<Intervals>,
}

/// Checks that these are all parts of one run, and returns each once, by number.
///
/// # Errors
///
/// [`PartError`], with the files.
pub fn check(parts: Vec<(PathBuf, PartFile)>) -> Result<Vec<(PathBuf, PartFile)>, PartError> {
    let Some((one, first)) = parts.first() else { return Err(PartError::None) };
    let first_header = &first.header;
    for (other, part) in &parts[1..] {
        let header = &part.header;
        let differ = |what: &str, first: String, second: String| {
            Err(PartError::Differ {
                one: one.clone(),
                other: other.clone(),
                what: what.to_owned(),
                first,
                second,
            })
        };
        let texts = [
            ("the program", &first_header.program, &header.program),
            ("the cut", &first_header.cut, &header.cut),
        ];
        for (what, first, second) in texts {
            if first != second {
                return differ(what, first.clone(), second.clone());
            }
        }
        let numbers = [
            (
                "the version of the random stream",
                first_header.random_stream.into(),
                header.random_stream.into(),
            ),
            ("the number of parts", first_header.of, header.of),
        ];
        for (what, first, second) in numbers {
            if first != second {
                return differ(what, first.to_string(), second.to_string());
            }
        }
        let (these, those) = (&first_header.parameters, &header.parameters);
        let names: BTreeSet<&String> = these.keys().chain(those.keys()).collect();
        for name in names {
            if these.get(name) != those.get(name) {
                let shown = |value: Option<&serde_json::Value>| match value {
                    None => "not given".to_owned(),
                    Some(serde_json::Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
                return differ(
                    &format!("`{}`", name.replace('-', "_")),
                    shown(these.get(name)),
                    shown(those.get(name)),
                );
            }
        }
    }
    check_input(&parts)?;

    let of = first_header.of;
    let mut numbered: BTreeMap<u64, (PathBuf, PartFile)> = BTreeMap::new();
    for (path, part) in parts {
        if let Some((known, same)) = numbered.get(&part.header.part) {
            if same.fingerprint != part.fingerprint {
                let what = format!("part {}/{of}, which both are", part.header.part);
                return Err(PartError::Disagree { one: known.clone(), other: path, what });
            }
            continue;
        }
        numbered.insert(part.header.part, (path, part));
    }
    let missing: Vec<u64> = (1..=of).filter(|number| !numbered.contains_key(number)).collect();
    if !missing.is_empty() {
        return Err(PartError::Missing { missing, of });
    }
    Ok(numbered.into_values().collect())
}

/// Checks that all parts read the same files, as far as their hashes tell ([`crate::panel::input`]).
fn check_input(parts: &[(PathBuf, PartFile)]) -> Result<(), PartError> {
    let Some((one, first)) = parts.first() else { return Ok(()) };
    let differ = |one: &PathBuf, other: &PathBuf, how: String| {
        Err(PartError::Input { one: one.clone(), other: other.clone(), how })
    };
    let changed = |name: &str| format!("{name} was another file, or was changed between the two");
    let mut pieces: HashMap<(usize, Piece), (Hash, &PathBuf)> = HashMap::new();
    for (other, part) in parts {
        let (these, those) = (&first.input, &part.input);
        let lacks = |files: &[InputFile], name: &str| !files.iter().any(|file| file.name == name);
        if let Some(file) = these.iter().find(|file| lacks(those, &file.name)) {
            return differ(one, other, format!("{} is a file of the first alone", file.name));
        }
        if let Some(file) = those.iter().find(|file| lacks(these, &file.name)) {
            return differ(one, other, format!("{} is a file of the second alone", file.name));
        }
        for (number, (this, that)) in these.iter().zip(those).enumerate() {
            if (&this.name, this.ends) != (&that.name, that.ends) {
                return differ(one, other, changed(&that.name));
            }
            for &(piece, hash) in &that.pieces {
                let (known, before) = *pieces.entry((number, piece)).or_insert((hash, other));
                if known != hash {
                    return differ(before, other, changed(&that.name));
                }
            }
        }
    }
    Ok(())
}

/// The stocks of all parts, and of each part their numbers among these.
pub(super) fn all_stocks(parts: &[(PathBuf, PartFile)]) -> (Vec<String>, Vec<Vec<usize>>) {
    let all: BTreeSet<&String> = parts.iter().flat_map(|(_, part)| &part.header.stocks).collect();
    let all: Vec<String> = all.into_iter().cloned().collect();
    let number = |name: &String| all.binary_search(name).unwrap_or(usize::MAX);
    let numbers = parts.iter().map(|(_, part)| part.header.stocks.iter().map(number).collect());
    let numbers = numbers.collect();
    (all, numbers)
}

/// The content of all parts, whose cells must agree where several have one.
pub(super) fn all_content(
    parts: &[(PathBuf, PartFile)],
    stocks: &[String],
    numbers: &[Vec<usize>],
) -> Result<Content, PartError> {
    let mut all: HashMap<(Date, usize), (Cell, usize)> = HashMap::new();
    for (number, (path, part)) in parts.iter().enumerate() {
        for cell in &part.content.cells {
            let Some(&stock) = numbers[number].get(cell.stock) else {
                let why = "it has a cell of a stock that it does not name".to_owned();
                return Err(PartError::Damaged { path: path.clone(), why });
            };
            let cell = Cell { stock, ..*cell };
            match all.get(&(cell.date, stock)) {
                Some((known, before)) if *known != cell => {
                    return Err(PartError::Disagree {
                        one: parts[*before].0.clone(),
                        other: path.clone(),
                        what: format!("the prices of {} on {}", stocks[stock], cell.date),
                    });
                }
                Some(_) => {}
                None => _ = all.insert((cell.date, stock), (cell, number)),
            }
        }
    }
    Ok(Content { cells: all.into_values().map(|(cell, _)| cell).collect() })
}

/// Puts checked parts together; `methods` gives the method of each measure for the panel's stocks.
///
/// # Errors
///
/// [`crate::Error::Part`] where parts disagree on a cell, or one lacks what it should have; whatever
/// `methods` fails with.
pub fn merge(
    parts: &[(PathBuf, PartFile)],
    methods: impl FnOnce(&[String]) -> crate::Result<Vec<Bootstrap>>,
) -> crate::Result<(Vec<Bootstrap>, Merged)> {
    let (stocks, numbers) = all_stocks(parts);
    let methods = methods(&stocks)?;
    let content = all_content(parts, &stocks, &numbers)?;
    let mut intervals = Vec::new();
    for (measure, method) in methods.iter().enumerate() {
        let mut found = of_measure(parts, measure, method, &stocks, &numbers)?;
        if parts.first().is_some_and(|(_, part)| part.header.cut == super::SAMPLES) {
            super::samples::fill(parts, measure, method, &mut found)?;
        }
        intervals.push(found);
    }
    // As of the whole run, which has a cell of each measure or fails.
    if intervals.iter().any(|one| one.count() == 0) {
        return Err(PartError::Empty.into());
    }
    let left_out: BTreeSet<&String> = parts.iter().flat_map(|(_, part)| &part.header.left_out).collect();
    let left_out = left_out.into_iter().cloned().collect();
    Ok((methods, Merged { stocks, content, left_out, intervals }))
}

/// The intervals of one measure.
fn of_measure(
    parts: &[(PathBuf, PartFile)],
    measure: usize,
    method: &Bootstrap,
    stocks: &[String],
    numbers: &[Vec<usize>],
) -> crate::Result<Intervals> {
    let damaged =
        |part: usize, why: &str| PartError::Damaged { path: parts[part].0.clone(), why: why.to_owned() };
    let mut of_parts = Vec::new();
    for (number, (_, part)) in parts.iter().enumerate() {
        let cells = part.cells.get(measure);
        of_parts.push(cells.ok_or_else(|| damaged(number, "it has fewer measures than its parameters say"))?);
    }
    let mut dates: BTreeSet<Date> = of_parts.iter().flat_map(|cells| cells.dates.iter().copied()).collect();
    let first = dates.first().copied();
    // All days together are called by the first of any stock.
    let label = |date: Date| if method.period() == Period::All { first.unwrap_or(date) } else { date };
    dates = dates.into_iter().map(label).collect();
    let dates: Vec<Date> = dates.into_iter().collect();
    let mut table = method.table(dates.clone(), stocks.len());
    let all_cells = table.cells.clone();
    let mut filled: HashMap<[usize; 2], usize> = HashMap::new();
    for (number, cells) in of_parts.iter().enumerate() {
        table.relative_error = table.relative_error.max(cells.relative_error);
        let mut rows = Vec::with_capacity(cells.places.len());
        for &(date, stock) in &cells.places {
            let stock = numbers[number].get(stock as usize).copied().unwrap_or(usize::MAX);
            let (day, cell) = (dates.binary_search(&label(date)), all_cells.binary_search(&stock));
            let (Ok(day), Ok(cell)) = (day, cell) else {
                return Err(damaged(number, "it has a cell that the measure does not have").into());
            };
            table.present[[day, cell]] = true;
            rows.push([day, cell]);
        }
        if rows.is_empty() {
            continue;
        }
        let values_of = |name: &str| {
            let values = cells.columns.iter().find(|(known, _)| known == name).map(|(_, values)| values);
            values.ok_or_else(|| damaged(number, &format!("it has no column {name}")))
        };
        if let Some(details) = &mut table.details {
            for (&at, &value) in rows.iter().zip(values_of(ROWS)?) {
                details.rows[at] = value as u32;
            }
        }
        for (name, array) in table.columns_mut() {
            for (&at, &value) in rows.iter().zip(values_of(&name)?) {
                if let Some(&before) = filled.get(&at)
                    && array[at].to_bits() != value.to_bits()
                {
                    let what = format!("the {name} of {} on {}", stocks[all_cells[at[1]]], dates[at[0]]);
                    let (one, other) = (parts[before].0.clone(), parts[number].0.clone());
                    return Err(PartError::Disagree { one, other, what }.into());
                }
                array[at] = value;
            }
        }
        filled.extend(rows.into_iter().map(|at| (at, number)));
    }
    Ok(table)
}
