//! A chain from a CSV file: one line a state, the state z first, then the n probabilities of going from it to
//! each state, in the same order. A first line that does not start with a number is a header, a line that
//! starts with # a comment.
//!
//! ```text
//! z,low,high
//! 0.98,0.9,0.1
//! 1.02,0.1,0.9
//! ```

use std::io::Read;
use std::path::Path;

use super::{Chain, MOST_STATES, RowSums};
use crate::error::{Error, Result};
use crate::growth::GrowthError;

/// No chain of [`MOST_STATES`] states takes more bytes.
const MOST_BYTES: u64 = (MOST_STATES * (MOST_STATES + 1) * 32) as u64;

impl Chain {
    /// Reads the chain in the CSV file at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, [`GrowthError::ChainFile`] with the line where a figure
    /// is wrong or missing, and for what [`Chain::new`] refuses.
    pub fn read(path: &Path, row_sums: RowSums) -> Result<Self> {
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
        file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(Error::io("read", path))?;
        let wrong = |line, problem: String| -> Error {
            GrowthError::ChainFile { path: path.to_path_buf(), line, problem }.into()
        };
        if text.len() as u64 > MOST_BYTES {
            return Err(wrong(None, format!("it is too large for a chain of at most {MOST_STATES} states")));
        }
        let rows = rows(text.trim_start_matches('\u{feff}')).map_err(|(line, why)| wrong(line, why))?;
        let n = rows.len();
        if n == 0 {
            return Err(wrong(
                None,
                "it holds no state; give one line a state: z, then P(z, z') each".into(),
            ));
        }
        let (mut states, mut transition) = (Vec::new(), Vec::new());
        for (line, row) in rows {
            if row.len() != n + 1 {
                let problem = format!(
                    "{} figures, but the file has {n} states, so that a line must have {}: the state, then \
                     the probability of each state",
                    row.len(),
                    n + 1
                );
                return Err(wrong(Some(line), problem));
            }
            states.push(row[0]);
            transition.extend(&row[1..]);
        }
        Self::new(states, transition, row_sums).map_err(|error| match error {
            Error::Parameter { name, value, requirement } => {
                let what = if name == "transition" { "a probability" } else { "a state" };
                wrong(None, format!("{what} is {value}, but {requirement}"))
            }
            other => other,
        })
    }
}

/// The figures of each line that has any, with its number; or what is wrong in which line.
type Rows = Result<Vec<(u64, Vec<f64>)>, (Option<u64>, String)>;

fn rows(text: &str) -> Rows {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).trim(csv::Trim::All).comment(Some(b'#'));
    let mut rows: Vec<(u64, Vec<f64>)> = Vec::new();
    for (number, record) in reader.from_reader(text.as_bytes()).records().enumerate() {
        let record = record.map_err(|error| (None, error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        if number == 0 && record.get(0).is_some_and(|first| first.parse::<f64>().is_err()) {
            continue;
        }
        let figures = record.iter().enumerate().map(|(place, field)| {
            field
                .parse()
                .map_err(|_| (Some(line), format!("field {}, {field:?}, is not a number", place + 1)))
        });
        rows.push((line, figures.collect::<Result<_, _>>()?));
    }
    Ok(rows)
}
