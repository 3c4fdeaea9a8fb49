//! Tables in Arrow files against what pyarrow reads of them (`tests/oracles/arrow_tables.py`).

use std::fs;
use std::path::{Path, PathBuf};

use bellwether::jobs::Jobs;
use bellwether::panel::arrow::Table;
use bellwether::panel::parquet::{Kind, Values};
use bellwether::panel::{Align, Cleaning, LoadOptions, Missing, Panel, load};
use serde_json::Value;

use crate::columns::{shown, wanted};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/arrow")
}

fn open(name: &str) -> Table {
    Table::open(folder().join(name)).unwrap()
}

#[test]
fn values_are_those_that_pyarrow_reads() {
    let expected: Value = serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap();
    let mut compared = 0;
    for (name, columns) in expected.as_object().unwrap() {
        let table = open(name);
        assert_eq!(table.columns().len(), columns.as_object().unwrap().len(), "{name}");
        for (number, column) in table.columns().iter().enumerate() {
            let batches = 0..table.batches().len();
            let all = batches.map(|batch| table.read(batch, &[number]).unwrap().remove(0));
            let found: Vec<Value> = all.flat_map(|column| shown(&column)).collect();
            assert_eq!(found, wanted(column, columns), "{name}: {}", column.name);
            assert_eq!(found.len() as u64, table.rows());
            compared += found.len();
        }
    }
    assert!(compared > 4000, "{compared}");
}

#[test]
fn parts_are_those_of_the_whole() {
    for name in ["missing.arrow", "missing_lz4.arrow", "missing_zstd.arrow", "types.arrow", "slice.arrow"] {
        let table = open(name);
        let columns: Vec<usize> = (0..table.columns().len()).collect();
        for batch in 0..table.batches().len() {
            let whole = table.read(batch, &columns).unwrap();
            for rows in [1, 3, 5, 100] {
                let mut parts = vec![Vec::new(); columns.len()];
                for some in table.parts(batch, &columns, rows).unwrap() {
                    for (part, column) in parts.iter_mut().zip(some.unwrap()) {
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
fn kinds_and_names_are_those_of_the_writer() {
    let wide = open("wide.arrow");
    let names: Vec<&str> = wide.columns().iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["AAPL", "BRK.B", "ÖMV", "__index_level_0__"]);
    assert!(wide.columns()[3].is_unnamed_index());
    assert_eq!(wide.columns()[3].kind, Kind::Time { utc: false, zone: None });
    let zone = open("wide_zone.arrow");
    assert_eq!(zone.columns()[3].kind, Kind::Time { utc: true, zone: Some("America/New_York".into()) });
    assert_eq!(open("wide_levels.arrow").columns()[3].levels, ["BRK.B", "size"]);
    let types = open("types.arrow");
    let stored = |name: &str| {
        let column = types.columns().iter().find(|column| column.name == name).unwrap();
        (column.kind.clone(), column.stored.clone())
    };
    let utc = Kind::Time { utc: true, zone: Some("UTC".into()) };
    assert_eq!(stored("utc"), (utc, "timestamp[us, tz=UTC]".into()));
    assert_eq!(stored("category"), (Kind::Text, "a dictionary of utf8".into()));
    assert_eq!(stored("dec38"), (Kind::Number, "decimal128(38, 2)".into()));
    assert_eq!(open("empty.arrow").rows(), 0);
    assert!(open("long.arrow").metadata("pandas").unwrap().contains("index_columns"));
}

/// Batches with dictionaries that grow or are replaced have those of their place.
#[test]
fn dictionaries_are_those_of_their_batches() {
    for name in ["deltas.arrow", "deltas_stream.arrow", "replaced.arrow"] {
        let table = open(name);
        assert_eq!(table.batches().len(), 3, "{name}");
        for (batch, stock) in [(2, "ÖMV"), (0, "AAPL"), (1, "BRK.B")] {
            let Values::Text { codes, dictionary } = &table.read(batch, &[0]).unwrap()[0].values else {
                panic!()
            };
            assert!(codes.iter().all(|&code| dictionary[code as usize] == stock), "{name}");
        }
    }
}

#[test]
fn what_is_not_read_is_told_and_the_rest_is_read() {
    let table = open("refused.arrow");
    let place = |name: &str| table.columns().iter().position(|column| column.name == name).unwrap();
    for (name, message) in [
        ("nothing", "column \"nothing\" holds nulls alone, which"),
        ("list", "is nested (a list)"),
        ("views", "is nested (a list)"),
        ("fixed", "is nested (a list)"),
        ("structure", "is nested (a structure)"),
        ("map", "is nested (a map)"),
        ("dense", "is nested (a union)"),
        ("sparse", "is nested (a union)"),
        ("runs", "holds run-end encoded values"),
        ("list_view", "is nested (a list)"),
        ("half", "holds half floats"),
        ("duration", "holds spans of time"),
        ("truth", "column \"truth\" holds bool, which can't be read"),
        ("far", "row 2: column \"far\" has a time of 4611686018427387904 times 1000000 ns"),
        ("u64", "row 2: column \"u64\" has the number 9223372036854775808, which is out of range"),
        ("cents", "column \"cents\" is damaged in record batch 0: a decimal has more than 38 digits"),
    ] {
        let error = table.read(0, &[place(name)]).unwrap_err().to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
    assert_eq!(table.read(0, &[place("price")]).unwrap()[0].values, Values::Number(vec![1.0, 2.0]));
    let missing = table.read(0, &[99]).unwrap_err().to_string();
    assert!(missing.contains("it has no column 99; it has 17"), "{missing}");
    let missing = table.read(7, &[0]).unwrap_err().to_string();
    assert!(missing.contains("it has no record batch 7; it has 1"), "{missing}");
    let error = Table::open(std::env::temp_dir()).unwrap_err().to_string();
    assert!(error.contains("must be a regular file"), "{error}");
}

fn read(path: PathBuf, options: &LoadOptions) -> Panel {
    load(&[path], options, &Jobs::new().threads(2).unwrap()).unwrap().panel
}

/// Whatever wrote them, the same prices are the same panel: that of the Parquet file of these prices.
#[test]
fn panels_are_those_of_parquet() {
    let parquet = folder().with_file_name("parquet");
    let mut options = LoadOptions::default();
    let long = read(parquet.join("long.parquet"), &options);
    for name in [
        "long.arrow",
        "category.feather",
        "chunks.feather",
        "polars.arrow",
        "polars_category.arrow",
        "polars_stream.arrow",
        "stream.arrow",
        "old.arrow",
        "version_4.arrow",
        "deltas.arrow",
        "deltas_stream.arrow",
        "replaced.arrow",
        "wide_named.arrow",
    ] {
        assert_eq!(read(folder().join(name), &options), long, "{name}");
    }
    options.cleaning = Cleaning::default().missing(Missing::Skip);
    options.align = Align::None;
    for name in ["wide_named", "wide_zone", "wide", "wide_levels", "category"] {
        let of = |path: PathBuf| {
            let loaded = load(std::slice::from_ref(&path), &options, &Jobs::new().threads(2).unwrap());
            let path = path.display().to_string();
            loaded.map(|loaded| loaded.panel).map_err(|error| error.to_string().replace(&path, "FILE"))
        };
        let ending = if name == "category" { "feather" } else { "arrow" };
        let arrow = of(folder().join(format!("{name}.{ending}")));
        assert_eq!(arrow, of(parquet.join(format!("{name}.parquet"))), "{name}");
    }
}

#[test]
fn files_of_version_1_are_told() {
    let jobs = Jobs::new().threads(1).unwrap();
    let options = LoadOptions::default();
    let error = load(&[folder().join("version_1.feather")], &options, &jobs).unwrap_err().to_string();
    assert!(error.contains("version_1.feather: the file is Feather version 1"), "{error}");
}

#[test]
fn a_file_that_grows_while_it_is_read_is_told() {
    let folder_of_test = tempfile::tempdir().unwrap();
    let path = folder_of_test.path().join("long.arrow");
    fs::copy(folder().join("long.arrow"), &path).unwrap();
    let table = Table::open(&path).unwrap();
    table.read(0, &[0]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(0);
    fs::write(&path, bytes).unwrap();
    let error = table.read(0, &[0]).unwrap_err().to_string();
    assert!(error.contains("it changed while it was read"), "{error}");
}
