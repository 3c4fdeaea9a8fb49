//! More malformed panels: what flags ask for, compressed text, Parquet
//! (`tests/oracles/malformed_parquet.py`) and Arrow.

use std::io::Write;

use super::malformed::{Case, GOOD};

/// A file `A.csv`: what is wrong with it, its content, flags, and what the message must contain.
struct File(&'static str, &'static [u8], &'static [&'static str], &'static str);

const fn file(
    name: &'static str,
    content: &'static [u8],
    flags: &'static [&'static str],
    message: &'static str,
) -> File {
    File(name, content, flags, message)
}

const TEXTS: &[File] = &[
    file(
        "thousands where decimals have commas",
        b"20070103;935;1.234\n",
        &["--decimal", "comma"],
        "A.csv:1: the price \"1.234\" has a point, though",
    ),
    file(
        "separator that is not there",
        b"20070103;935;1\n",
        &["--separator", ","],
        "A.csv:1: expected 3 columns separated by commas (date, time, price), found 1",
    ),
    file(
        "separator changes",
        b"20070103;935;1\n20070103,936,2\n",
        &[],
        "A.csv:2: expected 3 columns separated by ';' (date, time, price), found 1",
    ),
    file(
        "tab rows with a space",
        b"date\ttime\tprice\n20070103 935 1\n",
        &[],
        "A.csv:2: expected 3 columns separated by tabs (as the header has), found 1",
    ),
    file(
        "decimal comma and thousands",
        b"20070103;935;1.234,5\n",
        &["--decimal", "comma"],
        "A.csv:1: the price \"1.234,5\" has a point, though",
    ),
    file(
        "decimal point where a comma was said",
        b"20070103;935;1,5\n20070103;936;1.5.2\n",
        &["--decimal", "comma"],
        "A.csv:2: the price \"1.5.2\" has a point, though",
    ),
    file(
        "two decimal commas",
        b"20070103;935;1,2,3\n",
        &["--decimal", "comma"],
        "A.csv:1: the price \"1,2,3\" is not a number",
    ),
    file(
        "mdy with month 13",
        b"13/31/2007,935,1\n",
        &["--date-format", "mdy"],
        "A.csv:1: \"13/31/2007\" is not a day of the calendar",
    ),
    file(
        "dmy with day 32",
        b"32.01.2007,935,1\n",
        &["--date-format", "dmy"],
        "A.csv:1: \"32.01.2007\" is not a day of the calendar",
    ),
    file(
        "dmy with a year of two digits",
        b"31.01.07,935,1\n",
        &["--date-format", "dmy"],
        "A.csv:1: \"31.01.07\" is not a date of three numbers as",
    ),
    file(
        "pattern that does not fit",
        b"2007/01/03,935,1\n",
        &["--date-format", "%d.%m.%Y"],
        "A.csv:1: \"2007/01/03\" is not written as",
    ),
    file(
        "date of letters with an unknown month",
        b"03JAX2007,935,1\n",
        &[],
        "A.csv:1: \"03JAX2007\" is not a date",
    ),
    file(
        "29 February by mdy",
        b"02/29/2007,935,1\n",
        &["--date-format", "mdy"],
        "A.csv:1: \"02/29/2007\" is not a day of the calendar",
    ),
    file("dashes and slashes", b"2007-01/03,935,1\n", &[], "A.csv:1: \"2007-01/03\" is not a date"),
    file("time above noon with AM", b"20070103,13:35 AM,1\n", &[], "A.csv:1: \"13:35 AM\" is not a time"),
    file("hour 0 with PM", b"20070103,0:35 PM,1\n", &[], "A.csv:1: \"0:35 PM\" is not a time"),
    file(
        "seconds of ten decimals",
        b"20070103,09:35:00.1234567891,1\n",
        &[],
        "A.csv:1: \"09:35:00.1234567891\" is not a time",
    ),
    file("time negative", b"20070103,-935,1\n", &[], "A.csv:1: \"-935\" is not a time"),
    file(
        "stamp of a day alone",
        b"timestamp,price\n2007-01-03,1\n",
        &[],
        "A.csv:2: \"2007-01-03\" is not a day and a time",
    ),
    file(
        "stamp without its time",
        b"timestamp,price\n2007-01-03T,1\n",
        &[],
        "A.csv:2: \"2007-01-03T\" is not a day and a time",
    ),
    file(
        "stamp with hour 25",
        b"timestamp,price\n2007-01-03T25:00:00,1\n",
        &[],
        "A.csv:2: \"25:00:00\" is not a time of the day, which ends at 23:59:59",
    ),
    file(
        "stamp with a bad zone",
        b"timestamp,price\n2007-01-03T09:35:00+25:00,1\n",
        &[],
        "A.csv:2: \"2007-01-03T09:35:00+25:00\" is not a day and a time",
    ),
    file(
        "stamp with a word for a zone",
        b"timestamp,price\n2007-01-03T09:35:00 Mars/Olympus,1\n",
        &[],
        "A.csv:2: \"2007-01-03T09:35:00 Mars/Olympus\" is not a day and a time",
    ),
    file(
        "mixed zones",
        b"timestamp,price\n2007-01-03T09:35:00Z,1\n2007-01-03T09:36:00,2\n",
        &[],
        "A.csv:3: the time stamp \"2007-01-03T09:36:00\" has a zone and the first of the file has none, or",
    ),
    file(
        "mixed zones, the other way",
        b"timestamp,price\n2007-01-03T09:35:00,1\n2007-01-03T09:36:00Z,2\n",
        &[],
        "A.csv:3: the time stamp \"2007-01-03T09:36:00Z\" has a zone and the first of the file has none,",
    ),
    file(
        "two offsets",
        b"timestamp,price\n2007-01-03T09:35:00-05:00,1\n2007-01-03T09:36:00-04:00,2\n",
        &[],
        "A.csv:3: the time stamp \"2007-01-03T09:36:00-04:00\" has another offset from UTC than the first",
    ),
    file(
        "epoch and text",
        b"timestamp,price\n1167834900,1\n2007-01-03T09:36:00,2\n",
        &[],
        "A.csv:3: the time stamp \"2007-01-03T09:36:00\" is written unlike the first of the file",
    ),
    file(
        "epochs of two units",
        b"timestamp,price\n1167834900,1\n1167834960000,2\n",
        &[],
        "A.csv:3: the time stamp \"1167834960000\" is written unlike the first of the file",
    ),
    file(
        "epoch with letters",
        b"timestamp,price\n1167834900x,1\n",
        &[],
        "A.csv:2: \"1167834900x\" is not a day and a time",
    ),
    file(
        "epoch beyond the calendar",
        b"timestamp,price\n99999999999999999999,1\n",
        &[],
        "A.csv:2: \"99999999999999999999\" is not a day and a time",
    ),
    file(
        "epoch without a zone to go to",
        b"timestamp,price\n1167834900,1\n1167834900,2\n",
        &[],
        "A.csv:3: the time 14:35 does not come after 14:35, the time before it on 2007-01-03",
    ),
    file(
        "clock put forward, in another zone",
        b"timestamp,price\n2007-03-11 02:30:00,1\n",
        &["--timezone", "America/New_York", "--times-in", "America/New_York"],
        "A.csv:2: the time 2007-03-11 02:30:00 does not exist in America/New_York: clocks were put",
    ),
    file(
        "clock put back in days and times",
        b"date,time,price\n20071104,0130,1\n",
        &["--timezone", "UTC", "--times-in", "America/New_York"],
        "A.csv:2: the time 2007-11-04 01:30 came twice in America/New_York, as clocks were put back",
    ),
    file(
        "stamps that meet when clocks are put back",
        b"timestamp,price\n2007-11-04T05:30:00Z,1\n2007-11-04T06:30:00Z,2\n",
        &["--timezone", "America/New_York"],
        "A.csv:3: the time 01:30 does not come after 01:30, the time before it on 2007-11-04",
    ),
    file(
        "column by a name that is not there",
        b"date,time,price\n20070103,935,1\n",
        &["--columns", "price=mid"],
        "A.csv:1: there is no column \"mid\"; there are \"date\", \"time\", \"price\"",
    ),
    file(
        "column by a number that is not there",
        b"20070103,935,1\n",
        &["--columns", "price=4"],
        "A.csv:1: the price is to be column 4, but there are 3 columns",
    ),
    file(
        "column by a name without a header",
        b"20070103,935,1\n",
        &["--columns", "price=close"],
        "A.csv:1: the header names no column for the time",
    ),
    file(
        "wide, a stock twice",
        b"date,time,AAPL,AAPL\n20070103,935,1,2\n",
        &[],
        "A.csv:1: the header names two columns for the stock: AAPL",
    ),
    file(
        "wide, a price of letters",
        b"date,time,AAPL,MSFT\n20070103,935,1,x\n",
        &[],
        "A.csv:2: the price \"x\" is not a number",
    ),
    file(
        "wide, a price that is missing",
        b"date,time,AAPL,MSFT\n20070103,935,1,\n",
        &[],
        "A.csv:2: the price \"\" is missing or not finite",
    ),
    file(
        "wide, a row that is short",
        b"date,time,AAPL,MSFT\n20070103,935,1\n",
        &[],
        "A.csv:2: expected 4 columns separated by commas (as the header has), found 3",
    ),
    file("wide, header only", b"date,time,AAPL,MSFT\n", &[], "A.csv: the file has a header but no prices"),
    file(
        "two times",
        b"timestamp,datetime,price\n2007-01-03T09:35:00,2007-01-03T09:35:00,1\n",
        &[],
        "A.csv:1: the header names two columns for the time: \"timestamp\", \"datetime\"",
    ),
    file(
        "two dates",
        b"date,day,time,price\n20070103,20070103,935,1\n",
        &[],
        "A.csv:1: the header names two columns for the date: \"date\", \"day\"",
    ),
    file(
        "filter of a column that is not there",
        b"date,time,price\n20070103,935,1\n",
        &["--where", "CORR=0"],
        "A.csv:1: there is no column \"CORR\"; there are \"date\", \"time\", \"price\"",
    ),
    file(
        "filter that keeps nothing",
        b"date,time,price,CORR\n20070103,935,1,1\n",
        &["--where", "CORR=0"],
        "no day is left: 1 of 1 rows left out by what other columns hold",
    ),
    file(
        "session without a price",
        b"20070103,935,12.34\n20070103,936,12.35\n",
        &["--session", "10:00-16:00"],
        "no day is left: 2 of 2 rows outside of the session left out",
    ),
    file(
        "duplicates without a rule",
        b"20070103,935,1\n20070103,936,1\n20070103,936,2\n",
        &["--session", "09:30-16:00"],
        "A.csv: A on 2007-01-03: two prices have the time 09:36",
    ),
    file(
        "all prices missing",
        b"20070103,935,\n20070103,936,NA\n",
        &["--missing", "skip"],
        "no day is left: 2 of 2 rows without a price left out",
    ),
    file(
        "negative price of a missing one's rule",
        b"20070103,935,-1\n",
        &["--missing", "skip"],
        "A.csv:1: the price \"-1\" is not positive, so that it has no logarithm",
    ),
    file(
        "step too long for the day",
        b"20070103,935,12.34\n20070103,936,12.35\n",
        &["--every", "12h"],
        "no day is left: 1 day(s) of a stock with fewer than two prices, which have no interval:",
    ),
    file(
        "half day dropped",
        b"20070703,935,1\n20070703,936,2\n",
        &["--holidays", "drop"],
        "no day is left: 2 of 2 rows of half days left out",
    ),
    file(
        "unsorted, sorted, with duplicates",
        b"20070103,936,1\n20070103,935,1\n20070103,936,2\n",
        &["--sort"],
        "A.csv: A on 2007-01-03: two prices have the time 09:36",
    ),
    file(
        "zip archive",
        b"PK\x03\x04\x14\x00\x00\x00",
        &[],
        "A.csv: the file is a zip archive: unpack it first (`unzip`), and name the folder",
    ),
    file(
        "workbook",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        &[],
        "A.csv: the file is a spreadsheet's workbook: save it as CSV",
    ),
    file(
        "Arrow",
        b"ARROW1\x00\x00",
        &[],
        if cfg!(feature = "parquet") {
            "A.csv: this is no Arrow file, or a part of one: it has 8 bytes; if it was copied"
        } else {
            "A.csv: the file is Arrow, which this build does not read: save it as CSV"
        },
    ),
    file(
        "clock put forward in Berlin",
        b"timestamp,price\n2007-03-25 02:30:00,1\n",
        &["--timezone", "UTC", "--times-in", "Europe/Berlin"],
        "A.csv:2: the time 2007-03-25 02:30:00 does not exist in Europe/Berlin: clocks were put forward",
    ),
    file(
        "clock put forward in days and times",
        b"20070311,0235,1\n",
        &["--timezone", "UTC", "--times-in", "America/New_York"],
        "A.csv:1: the time 2007-03-11 02:35 does not exist in America/New_York: clocks were put forward",
    ),
    file(
        "grids without enough prices",
        GOOD,
        &["--every", "10min", "--subsample", "5", "--interval", "asymptotic"],
        "no day is left: 1 day(s) of a stock with fewer than two prices",
    ),
    file(
        "grids that do not divide the step",
        GOOD,
        &["--every", "10min", "--subsample", "7", "--interval", "asymptotic"],
        "subsample is 7, but grids are",
    ),
];

/// Files of `tests/data/malformed_parquet`.
#[cfg(feature = "parquet")]
const PARQUET: &[(&str, &[&str], &str)] = &[
    ("magic_alone", &[], "A.parquet: this is no Parquet file, or a part of one: it has 4 bytes"),
    ("magic_twice", &[], "A.parquet: this is no Parquet file, or a part of one: it has 8 bytes"),
    ("cut_short", &[], "A.parquet: this is no Parquet file, or a part of one: it does not end with PAR1"),
    (
        "without_its_last_byte",
        &[],
        "A.parquet: this is no Parquet file, or a part of one: it does not end with PAR1",
    ),
    ("a_footer_longer_than_the_file", &[], "A.parquet: its footer is damaged: it is longer than the file"),
    ("a_footer_of_no_length", &[], "A.parquet: its footer is damaged: it ends in the middle of a value"),
    ("an_encrypted_footer", &[], "A.parquet: it is encrypted"),
    ("a_damaged_footer", &[], "A.parquet: its footer is damaged: it has a value of an unknown type"),
    ("a_footer_of_zeros", &[], "A.parquet: its footer is damaged: Required field version is missing"),
    (
        "a_footer_that_lies_of_rows",
        &[],
        "A.parquet: column \"time\" is damaged in row group 0: its pages have 61 rows fewer than its",
    ),
    (
        "pages_damaged",
        &[],
        "A.parquet: column \"time\" is damaged in row group 0: a page's header: a number is too long",
    ),
    (
        "pages_of_zeros",
        &[],
        "A.parquet: column \"time\" is damaged in row group 0: a page's header: it does not say its kind",
    ),
    ("no_rows", &[], "A.parquet: the file has a header but no prices"),
    ("no_price", &[], "A.parquet: the header names no column for the price"),
    ("no_time", &[], "A.parquet: the header names no column for the time"),
    ("two_prices", &[], "A.parquet: the header names two columns for the price: \"last\", \"price\""),
    (
        "prices_of_truth_values",
        &[],
        "A.parquet: column \"price\" holds BOOLEAN, which can't be read as times, numbers or text",
    ),
    ("prices_of_text", &[], "A.parquet:2: the price \"free\" is not a number"),
    (
        "prices_of_lists",
        &[],
        "A.parquet: column \"price\" is nested (a list); only columns with one value a row can be read",
    ),
    ("prices_of_days", &[], "A.parquet:1: the price \"1970-01-02\" is not a number"),
    ("times_of_numbers", &[], "A.parquet:1: \"0.5\" is not a day and a time"),
    (
        "times_of_truth_values",
        &[],
        "A.parquet: column \"time\" holds BOOLEAN, which can't be read as times, numbers or text",
    ),
    ("a_price_missing", &[], "A.parquet:2: the price \"\" is missing or not finite"),
    ("a_price_that_is_no_number", &[], "A.parquet:2: the price \"\" is missing or not finite"),
    ("a_price_of_infinity", &[], "A.parquet:2: the price inf is missing or not finite"),
    ("a_price_of_zero", &[], "A.parquet:1: the price 0 is not positive, so that it has no logarithm"),
    ("a_time_missing", &[], "A.parquet:2: a missing value is not a day and a time"),
    ("a_stock_missing", &[], "A.parquet:2: the stock is empty"),
    (
        "a_time_that_repeats",
        &[],
        "A.parquet:2: the time 09:35 does not come after 09:35, the time before it on 2007-01-03",
    ),
    (
        "a_time_that_goes_back",
        &[],
        "A.parquet:2: the time 09:35 does not come after 09:36, the time before it on 2007-01-03",
    ),
    (
        "a_time_beyond_the_calendar",
        &[],
        "A.parquet: row 1: column \"time\" has a time of 4611686018427387904 times 1000000 ns, which is",
    ),
    (
        "stamps_of_text_in_two_zones",
        &[],
        "A.parquet:2: the time stamp \"2007-01-03T09:36:00\" has a zone and the first of the file has",
    ),
    ("wide_prices_of_text", &[], "A.parquet:1: the price \"x\" is not a number"),
    ("that_is_text", &[], "A.parquet:2: the price \"x\" is not a number"),
    (
        "a_clock_put_forward",
        &["--timezone", "UTC", "--times-in", "America/New_York"],
        "A.parquet:1: the time 2007-03-11 02:30 does not exist in America/New_York:",
    ),
    (
        "a_clock_put_back",
        &["--timezone", "UTC", "--times-in", "America/New_York"],
        "A.parquet:1: the time 2007-11-04 01:30 came twice in America/New_York, as",
    ),
];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compressed files: what is wrong, the file's name, its bytes, and what the message must contain.
fn compressed() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    let fault = [GOOD, b"20070103,937,x\n"].concat();
    let whole = [gzip(&GOOD.repeat(50)), zstandard(&GOOD.repeat(50))];
    let [gz, zst] = &whole;
    let flipped = |bytes: &[u8], from_end: usize| {
        let mut bytes = bytes.to_vec();
        let at = bytes.len() - from_end;
        bytes[at] ^= 0xff;
        bytes
    };
    let (a, b) = ("A.csv.gz", "A.csv.zst");
    vec![
        ("gzip cut short", a, gz[..gz.len() / 2].to_vec(), "A.csv.gz: the gzip data is cut short"),
        ("gzip without its last byte", a, gz[..gz.len() - 1].to_vec(), "the gzip data is cut short"),
        ("gzip header alone", a, gz[..10].to_vec(), "the gzip data is cut short"),
        ("gzip of nothing", a, gzip(b""), "A.csv.gz: the file is empty"),
        ("gzip with a wrong checksum", a, flipped(gz, 8), "the gzip data is damaged"),
        ("gzip with a wrong length", a, flipped(gz, 1), "the gzip data is damaged"),
        ("gzip with text behind", a, [gz, GOOD].concat(), "the gzip data is damaged"),
        ("gzip of a faulty row", a, gzip(&fault), "A.csv.gz:3: the price \"x\" is not a number"),
        ("text that is called gzip", a, fault.clone(), "A.csv.gz:3: the price \"x\" is not a number"),
        ("gzip of gzip", a, gzip(gz), "A.csv.gz:1: the file is not UTF-8 text"),
        ("Zstandard cut short", b, zst[..zst.len() / 2].to_vec(), "the Zstandard data is cut short"),
        ("Zstandard without its last byte", b, zst[..zst.len() - 1].to_vec(), "Zstandard data is cut short"),
        ("Zstandard magic alone", b, zst[..4].to_vec(), "A.csv.zst: the Zstandard data is cut short"),
        ("Zstandard of nothing", b, zstandard(b""), "A.csv.zst: the file is empty"),
        ("Zstandard with a wrong checksum", b, flipped(zst, 1), "the Zstandard data is damaged"),
        ("Zstandard of a faulty row", b, zstandard(&fault), "A.csv.zst:3: the price \"x\""),
        ("Zstandard with text behind", b, [zst, GOOD].concat(), "the Zstandard data is damaged"),
    ]
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for File(name, content, flags, message) in TEXTS {
        cases.push(Case {
            name,
            files: leak([("A.csv", *content)]),
            paths: &["A.csv"],
            flags,
            message: leak([*message]),
        });
    }
    for (name, file, content, message) in compressed() {
        let content: &'static [u8] = content.leak();
        cases.push(Case {
            name,
            files: leak([(file, content)]),
            paths: leak([file]),
            flags: &[],
            message: leak([message]),
        });
    }
    #[cfg(feature = "parquet")]
    for (ending, file, paths, table) in [
        ("parquet", "A.parquet", leak(["A.parquet"]), PARQUET),
        ("arrow", "A.arrow", leak(["A.arrow"]), super::malformed_arrow::ARROW),
    ] {
        for (name, flags, message) in table {
            let folder = format!("{}/tests/data/malformed_{ending}", env!("CARGO_MANIFEST_DIR"));
            let content: &'static [u8] = std::fs::read(format!("{folder}/{name}.{ending}")).unwrap().leak();
            let files = leak([(file, content)]);
            cases.push(Case { name, files, paths, flags, message: leak([*message]) });
        }
    }
    cases
}
