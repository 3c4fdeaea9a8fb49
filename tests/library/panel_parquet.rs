//! Tables in Parquet files against what pyarrow reads of them (`tests/oracles/parquet_tables.py`), and files
//! that are damaged.

use std::fs;
use std::path::{Path, PathBuf};

use bellwether::panel::parquet::{Bounds, ColumnValues, Kind, NO_TEXT, Table, Values};
use serde_json::Value;

use crate::columns::{shown, wanted};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet")
}

fn open(name: &str) -> Table {
    Table::open(folder().join(name)).unwrap()
}

/// A column of all groups of rows.
fn all(table: &Table, column: usize) -> Vec<ColumnValues> {
    let groups = 0..table.row_groups().len();
    groups.map(|group| table.read(group, &[column]).unwrap().remove(0)).collect()
}

#[test]
fn values_are_those_that_pyarrow_reads() {
    let expected: Value = serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap();
    let mut compared = 0;
    for (name, columns) in expected.as_object().unwrap() {
        let table = open(name);
        assert_eq!(table.columns().len(), columns.as_object().unwrap().len(), "{name}");
        for (number, column) in table.columns().iter().enumerate() {
            let found: Vec<Value> = all(&table, number).iter().flat_map(shown).collect();
            assert_eq!(found, wanted(column, columns), "{name}: {}", column.name);
            assert_eq!(found.len() as u64, table.rows());
            compared += found.len();
        }
    }
    assert!(compared > 2500, "{compared}");
}

#[test]
fn batches_are_parts_of_the_whole() {
    for name in ["missing.parquet", "fallback.parquet", "polars.parquet"] {
        let table = open(name);
        let columns: Vec<usize> = (0..table.columns().len()).collect();
        for group in 0..table.row_groups().len() {
            let whole = table.read(group, &columns).unwrap();
            for rows in [1, 3, 7, 49, 5000] {
                let mut parts = vec![Vec::new(); columns.len()];
                for batch in table.batches(group, &columns, rows).unwrap() {
                    for (part, column) in parts.iter_mut().zip(batch.unwrap()) {
                        assert!(column.len() <= rows);
                        part.extend(shown(&column));
                    }
                }
                for (part, whole) in parts.iter().zip(&whole) {
                    assert_eq!(*part, shown(whole), "{name}, {rows} rows at a time");
                }
            }
        }
    }
}

#[test]
fn dictionaries_that_end_within_a_column_go_on() {
    let table = open("fallback.parquet");
    let columns = table.read(0, &[0, 1]).unwrap();
    let Values::Text { codes, dictionary } = &columns[0].values else { panic!() };
    let Values::Number(numbers) = &columns[1].values else { panic!() };
    assert_eq!((codes.len(), dictionary.len(), numbers.len()), (1400, 700, 1400));
    for row in 0..1400 {
        assert_eq!(dictionary[codes[row] as usize], format!("name {}", row % 700));
        assert_eq!(numbers[row], row as f64 / 7.0);
    }
}

#[test]
fn kinds_and_names_are_those_of_the_writer() {
    let names = |table: &Table| table.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let wide = open("wide.parquet");
    assert_eq!(names(&wide), ["AAPL", "BRK.B", "ÖMV", "__index_level_0__"]);
    let index: Vec<bool> = wide.columns().iter().map(|column| column.index).collect();
    assert_eq!(index, [false, false, false, true]);
    assert!(wide.columns()[3].is_unnamed_index());
    assert_eq!(wide.columns()[3].kind, Kind::Time { utc: false, zone: None });
    let nans = |column: &ColumnValues| match &column.values {
        Values::Number(values) => values.iter().filter(|value| value.is_nan()).count(),
        _ => 0,
    };
    let holes = wide.read(0, &[1]).unwrap();
    assert_eq!(nans(&holes[0]), 1);

    let named = open("wide_named.parquet");
    let index = named.columns().iter().find(|column| column.index).unwrap();
    assert_eq!((index.name.as_str(), index.is_unnamed_index()), ("timestamp", false));

    let zone = open("wide_zone.parquet");
    let index = zone.columns().iter().find(|column| column.index).unwrap();
    assert_eq!(index.kind, Kind::Time { utc: true, zone: Some("America/New_York".into()) });

    let levels = open("wide_levels.parquet");
    assert_eq!(levels.columns()[0].name, "('AAPL', 'price')");
    assert_eq!(levels.columns()[0].levels, ["AAPL", "price"]);
    assert_eq!(levels.columns()[3].levels, ["BRK.B", "size"]);

    let types = open("types.parquet");
    let kind = |name: &str| types.columns().iter().find(|column| column.name == name).unwrap();
    assert_eq!(kind("utc").kind, Kind::Time { utc: true, zone: None });
    assert_eq!(kind("us").stored, "INT64 TIMESTAMP(MICROS)");
    assert_eq!(kind("dec38").kind, Kind::Number);
    assert_eq!(kind("bytes3").kind, Kind::Text);
    assert_eq!(open("empty.parquet").rows(), 0);
}

#[test]
fn bounds_hold_the_values() {
    let mut checked = 0;
    for name in ["long.parquet", "polars.parquet", "duckdb.parquet", "types.parquet", "missing.parquet"] {
        let table = open(name);
        for group in 0..table.row_groups().len() {
            for number in 0..table.columns().len() {
                let Some(bounds) = table.bounds(group, number) else { continue };
                let column = table.read(group, &[number]).unwrap().remove(0);
                let there: Vec<usize> = (0..column.len())
                    .filter(|&row| column.valid.as_ref().is_none_or(|valid| valid[row]))
                    .collect();
                let ends = |values: &[i64]| {
                    let values = there.iter().map(|&row| values[row]);
                    (values.clone().min().unwrap(), values.max().unwrap())
                };
                match (&column.values, bounds) {
                    (Values::Time(values), Bounds::Time(least, most))
                    | (Values::TimeOfDay(values), Bounds::TimeOfDay(least, most))
                    | (Values::Integer(values), Bounds::Integer(least, most)) => {
                        assert_eq!(ends(values), (least, most));
                    }
                    (Values::Date(values), Bounds::Date(least, most)) => {
                        let values: Vec<i64> = values.iter().map(|&day| day.into()).collect();
                        assert_eq!(ends(&values), (least.into(), most.into()));
                    }
                    (Values::Number(values), Bounds::Number(least, most)) => {
                        assert!(there.iter().all(|&row| (least..=most).contains(&values[row])));
                    }
                    (Values::Text { codes, dictionary }, Bounds::Text(least, most)) => {
                        let texts = there.iter().map(|&row| &dictionary[codes[row] as usize]);
                        assert!(texts.clone().all(|text| *text >= least && *text <= most));
                    }
                    other => panic!("{other:?}"),
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 30, "{checked}");
    let table = open("long.parquet");
    assert_eq!(table.bounds(1, 0), Some(Bounds::Text("BRK.B".into(), "BRK.B".into())));
}

#[test]
fn what_is_not_read_is_told() {
    let table = open("refused.parquet");
    let place = |name: &str| table.columns().iter().position(|column| column.name == name).unwrap();
    let refused = |name: &str| table.read(0, &[place(name)]).unwrap_err().to_string();
    assert!(refused("list").contains("column \"list\" is nested (a list)"), "{}", refused("list"));
    assert!(refused("structure").contains("is nested (a structure)"), "{}", refused("structure"));
    assert!(refused("truth").contains("column \"truth\" holds BOOLEAN"), "{}", refused("truth"));
    assert!(
        refused("far").contains("row 2: column \"far\" has a time of 4611686018427387904"),
        "{}",
        refused("far")
    );
    // The others are not touched by it.
    assert_eq!(table.read(0, &[place("price")]).unwrap()[0].values, Values::Number(vec![1.0, 2.0]));
    let missing = table.read(0, &[99]).unwrap_err().to_string();
    assert!(missing.contains("it has no column 99; it has 5"), "{missing}");

    let holes = open("missing.parquet");
    let columns = holes.read(0, &[1, 15]).unwrap();
    let error = holes.require_all(1, &columns[0], 100).unwrap_err().to_string();
    assert!(error.contains("row 101: column \"us\" has no value there"), "{error}");
    let Values::Text { codes, .. } = &columns[1].values else { panic!() };
    let first = columns[1].first_null().unwrap();
    assert_eq!(codes[first], NO_TEXT);
    let full = open("types.parquet");
    full.require_all(1, &full.read(0, &[1]).unwrap()[0], 0).unwrap();
}

/// Opens these bytes as a file, and reads all of it.
fn read_all(bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    fs::write(&path, bytes).unwrap();
    let table = Table::open(&path).map_err(|error| error.to_string())?;
    for group in 0..table.row_groups().len() {
        for column in 0..table.columns().len() {
            table.read(group, &[column]).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

#[test]
fn what_is_no_parquet_file_is_told() {
    let whole = fs::read(folder().join("long.parquet")).unwrap();
    read_all(&whole).unwrap();
    let told = |bytes: &[u8]| read_all(bytes).unwrap_err();
    assert!(told(b"").contains("this is no Parquet file"));
    assert!(told(b"date,time,price\n20070103,935,12\n").contains("does not begin with PAR1"));
    for length in [4, 100, whole.len() / 2, whole.len() - 1] {
        assert!(told(&whole[..length]).contains("a part of one"), "{length}");
    }
    let mut encrypted = whole.clone();
    let end = encrypted.len();
    encrypted[end - 4..].copy_from_slice(b"PARE");
    assert!(told(&encrypted).contains("it is encrypted"));
    let mut longer = whole.clone();
    longer[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(told(&longer).contains("its footer is damaged: it is longer than the file"));
    let error = Table::open(std::env::temp_dir()).unwrap_err().to_string();
    assert!(error.contains("must be a regular file"), "{error}");
}

#[test]
fn a_wrong_checksum_is_told() {
    let mut bytes = fs::read(folder().join("missing.parquet")).unwrap();
    // The last byte of the first column's first page is within its values.
    let table = open("missing.parquet");
    assert!(table.row_groups()[0].bytes > 400);
    bytes[40] ^= 1;
    let told = read_all(&bytes).unwrap_err();
    assert!(told.contains("column \"ms\" is damaged in row group 0"), "{told}");
    assert!(told.contains("checksum"), "{told}");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_told() {
    let folder_of_test = tempfile::tempdir().unwrap();
    let path = folder_of_test.path().join("long.parquet");
    fs::copy(folder().join("long.parquet"), &path).unwrap();
    let table = Table::open(&path).unwrap();
    table.read(0, &[0]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(0);
    fs::write(&path, bytes).unwrap();
    let error = table.read(0, &[0]).unwrap_err().to_string();
    assert!(error.contains("it changed while it was read"), "{error}");
}
