//! Damaged Parquet files are read or refused, without a panic, in memory that fits their size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]
#![cfg(feature = "parquet")]
#![allow(unsafe_code, reason = "an allocator that counts")]

#[path = "common/fuzz.rs"]
mod fuzz;

use std::path::Path;

use bellwether::panel::parquet::Table;

/// Reads all that can be read of a file, and gives what was wrong with it.
fn read_all(path: &Path) -> Vec<String> {
    let table = match Table::open(path) {
        Ok(table) => table,
        Err(error) => return vec![error.to_string()],
    };
    let mut errors = Vec::new();
    for group in 0..table.row_groups().len().min(8) {
        for column in 0..table.columns().len() {
            let _ = table.bounds(group, column);
            match table.read(group, &[column]) {
                Ok(read) => assert_eq!(read[0].len(), table.row_groups()[group].rows),
                Err(error) => errors.push(error.to_string()),
            }
        }
    }
    errors
}

#[test]
fn damaged_files_are_read_or_refused() {
    fuzz::run(&fuzz::Format {
        folder: "tests/data/parquet",
        endings: &["parquet"],
        // It is a third of these files or more.
        footer: |bytes| {
            bytes.last_chunk::<8>().map_or(0, |end| {
                let length = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
                bytes.len().saturating_sub(8 + length)
            })
        },
        mend: |bytes| {
            let end = bytes.len();
            bytes[end - 4..].copy_from_slice(b"PAR1");
            bytes[..4].copy_from_slice(b"PAR1");
        },
        read: read_all,
    });
}
