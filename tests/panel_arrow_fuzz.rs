//! Damaged Arrow files are read or refused, without a panic, in memory that fits their size.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]
#![cfg(feature = "parquet")]
#![allow(unsafe_code, reason = "an allocator that counts")]

#[path = "common/fuzz.rs"]
mod fuzz;

use std::path::Path;

use bellwether::panel::arrow::Table;

/// Reads all that can be read of a file, and gives what was wrong with it.
fn read_all(path: &Path) -> Vec<String> {
    let table = match Table::open(path) {
        Ok(table) => table,
        Err(error) => return vec![error.to_string()],
    };
    let mut errors = Vec::new();
    for batch in 0..table.batches().len().min(8) {
        for column in 0..table.columns().len() {
            match table.read(batch, &[column]) {
                Ok(read) => assert_eq!(read[0].len(), table.batches()[batch].rows),
                Err(error) => errors.push(error.to_string()),
            }
        }
    }
    errors
}

#[test]
fn damaged_files_are_read_or_refused() {
    fuzz::run(&fuzz::Format {
        folder: "tests/data/arrow",
        endings: &["arrow", "feather"],
        // It is a third of these files or more; streams have none.
        footer: |bytes| match bytes.last_chunk::<10>() {
            Some(end) if end.ends_with(b"ARROW1") => {
                let length = u32::from_le_bytes([end[0], end[1], end[2], end[3]]) as usize;
                bytes.len().saturating_sub(10 + length)
            }
            _ => 0,
        },
        mend: |bytes| {
            if bytes.starts_with(b"ARROW") {
                let end = bytes.len();
                bytes[end - 6..].copy_from_slice(b"ARROW1");
                bytes[..6].copy_from_slice(b"ARROW1");
            }
        },
        read: read_all,
    });
}
