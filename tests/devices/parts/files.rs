//! What a part reads: the files, and of Parquet files the groups of rows, that hold its cells.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bellwether::bootstrap::Period;
use bellwether::jiff::civil::{Date, date};
use bellwether::jobs::Jobs;
use bellwether::panel::{Align, LoadOptions, PanelReader, Share, ShareBy, load};
use bellwether::parts::Part;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::program::{done, partly, refused, sample};

/// One file of all stocks, and a Parquet file for each: the same parts' bytes, of the same prices.
pub(crate) fn any_files() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 50 -o direct.json");
    let direct = fs::read(path.join("direct.json")).unwrap();
    done(path, "panel panel -o long.csv");
    done(path, "panel panel -o long.parquet");
    done(path, "panel panel -o long.arrow");
    fs::create_dir(path.join("each")).unwrap();
    for stock in ["S0001", "S0002", "S0003"] {
        done(path, &format!("panel panel --stocks {stock} -o each/{stock}.parquet"));
    }
    for panel in ["long.csv", "long.parquet", "long.arrow", "each"] {
        let mut files = Vec::new();
        for number in 1..=3 {
            let file = format!("{panel}-{number}.part").replace('/', "-");
            done(path, &format!("bootstrap {panel} -B 50 --part {number}/3 -o {file}"));
            files.push(file);
        }
        done(path, &format!("merge {} -o merged.json", files.join(" ")));
        assert!(fs::read(path.join("merged.json")).unwrap() == direct, "{panel}");
    }
}

/// With one day and very many samples the cut is along the samples, unasked; else along stocks or days.
pub(crate) fn the_cut_follows_the_work() {
    let folder = sample();
    let path = folder.path();
    let header = |arguments: &str| {
        done(path, &format!("bootstrap panel {arguments} --part 1/400000 --device cpu -o x.part"));
        let bytes = fs::read(path.join("x.part")).unwrap();
        let text = String::from_utf8_lossy(&bytes[24..]).into_owned();
        let start = text.find("\"cut\":\"").unwrap() + 7;
        text[start..].split('"').next().unwrap().to_owned()
    };
    assert_eq!(header("-B 10000000 --stocks S0001 --from 2007-01-05 --to 2007-01-05"), "samples");
    assert_eq!(header("-B 1000000 --stocks S0001 --from 2007-01-05 --to 2007-01-05"), "stocks");
    assert_eq!(header("-B 100 --align inner"), "days");
}

/// A part reads the files of its stocks, and no other: the rest may not even be prices.
pub(crate) fn a_part_reads_its_files_alone() {
    let folder = sample();
    let path = folder.path();
    let middle = path.join("panel/S0002.csv");
    let text = fs::read_to_string(&middle).unwrap();
    // Broken amid the file, far from what is looked at.
    fs::write(&middle, text.replacen("20070116,1200", "20070116,noon", 1)).unwrap();
    done(path, "bootstrap panel -B 20 --part 1/9 -o 1.part");
    done(path, "bootstrap panel -B 20 --part 9/9 -o 9.part");
    let message = refused(path, "bootstrap panel -B 20 --part 5/9 -o 5.part");
    assert!(message.contains("S0002.csv") && !path.join("5.part").exists(), "{message}");
}

/// A row of a table: day, time in nanoseconds after midnight, stock, price.
type Row = (Date, u64, String, f64);

/// Writes rows as a Parquet table, a group of rows for each day.
fn write_table(path: &Path, rows: &[Row], has_stocks: bool) {
    let stock = if has_stocks { "REQUIRED BYTE_ARRAY symbol (UTF8);" } else { "" };
    let schema = format!(
        "message prices {{ REQUIRED INT64 time (TIMESTAMP(NANOS,false)); REQUIRED DOUBLE price; {stock} }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    // So that another price makes the file no longer or shorter.
    let properties = Arc::new(WriterProperties::builder().set_dictionary_enabled(false).build());
    let mut writer = SerializedFileWriter::new(fs::File::create(path).unwrap(), schema, properties).unwrap();
    for day in rows.chunk_by(|one, next| one.0 == next.0) {
        let mut group = writer.next_row_group().unwrap();
        let since = |day: Date| day.duration_since(date(1970, 1, 1)).as_hours() * 3_600_000_000_000;
        let times: Vec<i64> = day.iter().map(|row| since(row.0) + row.1 as i64).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
        column.close().unwrap();
        let prices: Vec<f64> = day.iter().map(|row| row.3).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&prices, None, None).unwrap();
        column.close().unwrap();
        if has_stocks {
            let stocks: Vec<ByteArray> = day.iter().map(|row| row.2.as_str().into()).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&stocks, None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

const STOCKS: [&str; 3] = ["S0001", "S0002", "S0003"];

/// The rows of the panel in a folder, in the order of time.
fn rows_of(folder: &Path) -> Vec<Row> {
    let options = LoadOptions::default().align(Align::None);
    let panel = load(&[folder.join("panel")], &options, &Jobs::new()).unwrap().panel;
    let mut rows: Vec<Row> = Vec::new();
    for day in &panel.days {
        for (stock, prices) in day.stocks.numbers().zip(day.prices.columns()) {
            let times = day.times.iter().zip(prices);
            rows.extend(times.map(|(time, price)| (day.date, *time, panel.stocks[stock].clone(), *price)));
        }
    }
    rows.sort_by_key(|row| (row.0, row.1));
    rows
}

/// Of Parquet files a part reads the groups of rows that may hold its days, and no other; and the merged
/// result is that of the whole.
pub(crate) fn a_part_reads_its_row_groups_alone() {
    let folder = sample();
    let path = folder.path();
    let jobs = Jobs::new();
    let rows = rows_of(path);
    write_table(&path.join("long.parquet"), &rows, true);
    fs::create_dir(path.join("each")).unwrap();
    let mut groups = 0;
    for stock in STOCKS {
        let of_stock: Vec<Row> = rows.iter().filter(|row| row.2 == stock).cloned().collect();
        groups += of_stock.chunk_by(|one, next| one.0 == next.0).count();
        write_table(&path.join(format!("each/{stock}.parquet")), &of_stock, false);
    }

    for (panel, by, all) in [
        ("each", ShareBy::Stocks, groups),
        ("each", ShareBy::Days, groups),
        ("long.parquet", ShareBy::Stocks, 21),
        ("long.parquet", ShareBy::Days, 21),
    ] {
        let align = if by == ShareBy::Days { Align::Inner } else { Align::None };
        let options = LoadOptions::default().align(align);
        let paths = [path.join(panel)];
        let whole = PanelReader::open(&paths, &options, u64::MAX, &jobs).unwrap();
        assert_eq!(whole.summary().row_groups, all);
        let mut days = 0;
        for number in 1..=7 {
            let share = Share { part: Part::new(number, 7).unwrap(), by, period: Period::Day };
            let opened = PanelReader::open_share(&paths, &options, u64::MAX, &jobs, share).unwrap();
            let Some(panel) = opened.panel else { continue };
            let read = panel.summary().row_groups;
            // Its own, and those of two days more at either end.
            let own = panel.dates().count() * if by == ShareBy::Days { all / 21 } else { 1 };
            assert!(read >= own && read < all * 3 / 5, "{by:?} {number}: {read} of {all} groups");
            days += panel.dates().count();
        }
        assert!(days >= 15, "{days}");
    }

    for (panel, cut, method) in [
        ("each", "stocks", ""),
        ("each", "days", "--align inner"),
        ("each", "stocks", "--by week"),
        ("each", "stocks", "--by all"),
        ("each", "stocks", "--every 5min --from 2007-01-10"),
        ("long.parquet", "stocks", ""),
        ("long.parquet", "days", "--stocks S0003,S0001"),
        ("long.parquet", "days", "--align inner --measure beta --against S0002 --to 2007-01-17"),
        ("long.parquet", "days", "--by month"),
    ] {
        let line = format!("bootstrap {panel} -B 50 {method}");
        done(path, &format!("{line} -o direct.json"));
        for of in [1, 3, 8] {
            let mut files = Vec::new();
            for number in 1..=of {
                done(path, &format!("{line} --cut {cut} --part {number}/{of} -o {number}.part"));
                files.push(format!("{number}.part"));
            }
            done(path, &format!("merge {} -o merged.json", files.join(" ")));
            let read = |name: &str| fs::read(path.join(name)).unwrap();
            assert!(read("direct.json") == read("merged.json"), "{panel} {cut} {method}, {of} parts");
        }
    }
}

/// A price that is changed between two parts, amid a file that may be read before, after, or by both.
pub(crate) fn changes_between_parts_are_found() {
    let folder = sample();
    let path = folder.path();
    fs::create_dir(path.join("each")).unwrap();
    let rows = rows_of(path);
    let table = |stock: &str, change: f64| {
        let mut of_stock: Vec<Row> = rows.iter().filter(|row| row.2 == stock).cloned().collect();
        let middle = of_stock.len() / 2;
        of_stock[middle].3 += change;
        write_table(&path.join(format!("each/{stock}.parquet")), &of_stock, false);
    };
    STOCKS.iter().for_each(|stock| table(stock, 0.0));
    for (panel, kind) in [("panel", "csv"), ("each", "parquet")] {
        for stock in ["S0001", "S0003"] {
            let file = path.join(format!("{panel}/{stock}.{kind}"));
            let before = fs::read(&file).unwrap();
            for cut in ["stocks", "days", "samples"] {
                let part = |number: u32, name: &str| {
                    let line = format!("bootstrap {panel} -B 20 --cut {cut} --part {number}/4 -o {name}");
                    done(path, &line);
                };
                (1..=4).for_each(|number| part(number, &format!("{number}.part")));
                done(path, "merge 1.part 2.part 3.part 4.part -o out.csv");
                fs::remove_file(path.join("out.csv")).unwrap();
                if kind == "parquet" {
                    table(stock, 0.0078125);
                } else {
                    // The last digit of a price, far from the ends that are looked at.
                    let mut bytes = before.clone();
                    let middle = bytes.len() / 2;
                    let digit = middle + bytes[middle..].iter().position(|byte| *byte == b'\n').unwrap() - 1;
                    assert!(bytes[digit].is_ascii_digit() && digit > 40_000 && bytes.len() - digit > 40_000);
                    bytes[digit] ^= 1;
                    fs::write(&file, bytes).unwrap();
                }
                let after = fs::read(&file).unwrap();
                assert!(after != before && after.len() == before.len());
                // By stocks, a part that reads the file, and one that does not.
                for number in [1, 4] {
                    part(number, "other.part");
                    let names = (1..=4).map(|one| match one == number {
                        true => "other.part".to_owned(),
                        false => format!("{one}.part"),
                    });
                    let names = names.collect::<Vec<_>>().join(" ");
                    let message = refused(path, &format!("merge {names} -o out.csv"));
                    let named = format!("{stock}.{kind} was another file, or was changed");
                    assert!(message.contains(&named) && message.contains("other.part"), "{message}");
                    assert!(!path.join("out.csv").exists());
                }
                fs::write(&file, &before).unwrap();
            }
        }
    }
}

/// Parts of which no file can be read are empty, where such files are to be left out.
pub(crate) fn broken_files_are_left_out_of_parts() {
    for broken in [&["S0001"][..], &["S0002"], &["S0001", "S0003"]] {
        let folder = sample();
        let path = folder.path();
        for (number, stock) in broken.iter().enumerate() {
            let file = path.join(format!("panel/{stock}.csv"));
            let text = fs::read_to_string(&file).unwrap();
            // Amid the file, or from the first line on.
            let text = match number {
                0 => text.replacen("20070117,1200", "20070117,noon", 1),
                _ => "no,prices\n".to_owned(),
            };
            fs::write(&file, text).unwrap();
        }
        for format in ["csv", "json", "parquet"] {
            partly(path, &format!("bootstrap panel -B 20 --keep-going -o direct.{format}"));
        }
        for of in [3, 7] {
            let mut files = Vec::new();
            for number in 1..=of {
                let line =
                    format!("bootstrap panel -B 20 --keep-going --part {number}/{of} -o {number}.part");
                let code = super::program::bellwether(path, &line).status.code();
                assert!(matches!(code, Some(0 | 3)), "{line}: {code:?}");
                files.push(format!("{number}.part"));
            }
            for format in ["csv", "json", "parquet"] {
                partly(path, &format!("merge {} -o merged.{format}", files.join(" ")));
                let read = |name: &str| fs::read(path.join(format!("{name}.{format}"))).unwrap();
                assert!(read("direct") == read("merged"), "{broken:?}, {of} parts, {format}");
            }
        }
    }
}
