//! What can be wrong with parts that are to be put together. Messages name the files.

use std::path::PathBuf;

/// Why parts are not put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartError {
    /// The file is none of a part.
    #[error("{}: this is no part of a run; name files that `--part` wrote", path.display())]
    NotAPart {
        /// The file.
        path: PathBuf,
    },
    /// The file ends early, or goes on too long.
    #[error(
        "{}: the part is cut off or not whole: it should have {expected} bytes, and has {found}; compute \
         part {part} again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its number, as far as it is known.
        part: String,
        /// The bytes that it should have.
        expected: u64,
        /// The bytes that it has.
        found: u64,
    },
    /// The file's bytes are not those that were written.
    #[error("{}: the part is damaged: {why}; compute it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// In what way.
        why: String,
    },
    /// Two parts are not of one run.
    #[error(
        "{} and {} are not parts of one run: {what} is {first} in the one and {second} in the other",
        one.display(), other.display()
    )]
    Differ {
        /// The first file.
        one: PathBuf,
        /// The second.
        other: PathBuf,
        /// What differs.
        what: String,
        /// Its value in the first.
        first: String,
        /// Its value in the second.
        second: String,
    },
    /// Two parts were computed from files that differ.
    #[error(
        "{} and {} are not parts of one run, as the input is not the same: {how}; compute the parts of which \
         the input is gone again",
        one.display(), other.display()
    )]
    Input {
        /// The first file of a part.
        one: PathBuf,
        /// The second.
        other: PathBuf,
        /// Which file of the panel, and how it differs.
        how: String,
    },
    /// Two parts have the same cells, with other numbers.
    #[error("{} and {} disagree on {what}: one of them is not of this panel", one.display(), other.display())]
    Disagree {
        /// The first file.
        one: PathBuf,
        /// The second.
        other: PathBuf,
        /// What they disagree on.
        what: String,
    },
    /// Some parts are not there.
    #[error(
        "{} of {of} parts are missing: {list}; compute them, on a cluster by `sbatch --array={list}` and the \
         script of the others",
        missing.len(), list = ranges(missing)
    )]
    Missing {
        /// Their numbers.
        missing: Vec<u64>,
        /// How many there are.
        of: u64,
    },
    /// No part was named.
    #[error("no part was named; name the files of all parts of a run")]
    None,
    /// The parts are of no day.
    #[error("the parts hold no cell: the panel has no days")]
    Empty,
}

/// Increasing numbers as a list of ranges, as Slurm takes them: `3,7-9`.
pub(crate) fn ranges(numbers: &[u64]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let run = |run: &[u64]| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_listed_as_slurm_takes_them() {
        assert_eq!(ranges(&[3, 7, 8, 9, 11]), "3,7-9,11");
        assert_eq!(ranges(&[1, 2]), "1-2");
        let missing = PartError::Missing { missing: vec![3, 7], of: 8 }.to_string();
        assert!(missing.starts_with("2 of 8 parts are missing: 3,7;") && missing.contains("--array=3,7"));
    }
}
