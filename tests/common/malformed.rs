//! Malformed panels: the files, what the user asks for, and what the message must say.
//!
//! The library's test and the command line's run the same table.

use std::fs;
use std::path::{Path, PathBuf};

/// One malformed input.
pub(crate) struct Case {
    /// What is wrong with it.
    pub(crate) name: &'static str,
    /// Files to create: name and content.
    pub(crate) files: &'static [(&'static str, &'static [u8])],
    /// What the user names, relative to the folder of the files; an empty string is the folder itself.
    pub(crate) paths: &'static [&'static str],
    /// Flags of the command line.
    pub(crate) flags: &'static [&'static str],
    /// What the message must contain.
    pub(crate) message: &'static [&'static str],
}

impl Case {
    /// Creates the files in `folder`, and returns the paths to name.
    pub(crate) fn create(&self, folder: &Path) -> Vec<PathBuf> {
        for (name, content) in self.files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        self.paths
            .iter()
            .map(|path| if path.is_empty() { folder.to_path_buf() } else { folder.join(path) })
            .collect()
    }
}

/// A case whose only file, `A.csv`, holds `content`, and is named itself.
const fn file(name: &'static str, content: &'static [u8], message: &'static [&'static str]) -> CaseFile {
    CaseFile { name, content, message }
}

struct CaseFile {
    name: &'static str,
    content: &'static [u8],
    message: &'static [&'static str],
}

/// Two good rows.
pub(crate) const GOOD: &[u8] = b"20070103,935,12.34\n20070103,936,12.35\n";

/// Files of one stock, `A.csv`.
const SINGLE: &[CaseFile] = &[
    file("empty file", b"", &["A.csv: the file is empty"]),
    file("byte order mark and nothing else", b"\xef\xbb\xbf", &["A.csv: the file is empty"]),
    file("blank lines only", b"\n\r\n  \n", &["A.csv: the file is empty"]),
    file("header only", b"date,time,price\n", &["A.csv: the file has a header but no prices"]),
    file(
        "row shorter than its header",
        b"date,time,price,size\n20070103,935,1\n",
        &["A.csv:2: expected 4 columns", "as the header has", "found 3"],
    ),
    file(
        "header with volumes for prices",
        b"date,time,volume\n20070103,935,100\n20070103,936,90\n",
        &["A.csv:1: the header names no column for the price", "\"date\", \"time\", \"volume\""],
    ),
    file(
        "header in another language",
        b"\n\xef\xbb\xbfDatum,Zeit,Kurs\n20070103,935,1\n",
        &["A.csv:2: the header names no column for the time", "\"Zeit\", \"Kurs\"", "columns time=NAME"],
    ),
    file(
        "header with two prices",
        b"Date,Time,Close,Adj Close\n20070103,935,1,2\n20070103,936,1,2\n",
        &["A.csv:1: the header names two columns for the price: \"Close\", \"Adj Close\""],
    ),
    file(
        "header of semicolons without a price",
        b"date;time;volume\n20070103;935;1\n",
        &["A.csv:1: the header names no column for the price", "\"date\", \"time\", \"volume\""],
    ),
    file(
        "rows of other separators than the header",
        b"date\ttime\tprice\n20070103,935,1\n",
        &["A.csv:2: expected 3 columns separated by tabs", "found 1", "--separator"],
    ),
    file(
        "header amid the rows",
        b"date,time,price\n20070103,935,1\ndate,time,price\n",
        &["A.csv:3: \"date\" is not a date"],
    ),
    file(
        "byte order mark amid the rows",
        b"\xef\xbb\xbf20070103,935,1\n\xef\xbb\xbf20070103,936,1\n",
        &["A.csv:2: \"\\u{feff}20070103\" is not a date"],
    ),
    file(
        "carriage return after quotes",
        b"20070103,935,10\n20070103,937,\"12\"\r20070103,938,50\n20070103,939,12\n",
        &["A.csv:2: a carriage return stands amid the line (byte 18)", "LF or CRLF"],
    ),
    file(
        "carriage return within quotes",
        b"20070103,935,10\n20070103,937,\"12\r\"\n",
        &["A.csv:2: a carriage return stands amid the line"],
    ),
    file(
        "carriage return before a comma",
        b"20070103,935,10\n20070103,937\r,12\n",
        &["A.csv:2: a carriage return stands amid the line (byte 13)"],
    ),
    file(
        "lines that end in carriage returns alone",
        b"20070103,935,1\r20070103,936,1\r",
        &["A.csv:1: a carriage return stands amid the line"],
    ),
    file(
        "digits after quotes",
        b"20070103,935,10\n20070103,936,\"12\"50\n",
        &["A.csv:2: text follows the end of a quoted field (byte 18"],
    ),
    file(
        "long, carriage return amid a line",
        b"stock,date,time,price\nA,20070103,935,\"1\"\rA,20070103,936,1\n",
        &["A.csv:2: a carriage return stands amid the line"],
    ),
    file(
        "two columns",
        b"20070103,935,1\n20070103,936\n",
        &["A.csv:2: expected 3 columns", "(date, time, price)", "found 2"],
    ),
    file("four columns", b"20070103,935,1\n20070103,936,2,3\n", &["A.csv:2: expected 3 columns", "found 4"]),
    file(
        "decimal comma between semicolons",
        b"20070103;935;12,34\n",
        &["A.csv:1: the price \"12,34\" has a comma", "--decimal comma"],
    ),
    file("decimal comma", b"20070103,935,12,34\n", &["A.csv:1: expected 3 columns", "found 4"]),
    file("last line cut off", b"20070103,935,1\n20070103,93", &["A.csv:2: expected 3 columns", "found 2"]),
    file("date of seven digits", b"2007013,935,1\n", &["A.csv:1: \"2007013\" is not a date", "YYYYMMDD"]),
    file(
        "date with slashes",
        b"20070103,935,1\n01/04/2007,936,1\n",
        &["A.csv:2: the date \"01/04/2007\" can be read in two ways", "--date-format mdy"],
    ),
    file("date of letters", b"20070103,935,1\nyesterday,936,1\n", &["A.csv:2: \"yesterday\" is not a date"]),
    file("letters in the first row", b"x,935,1\n", &["A.csv:1: \"x\" is not a date"]),
    file("missing values in the first row", b"NA,NA,NA\n", &["A.csv:1: \"NA\" is not a date"]),
    file("30 February", b"20070230,935,1\n", &["A.csv:1: \"20070230\" is not a day of the calendar"]),
    file("month 13", b"2007-13-01,935,1\n", &["A.csv:1: \"2007-13-01\" is not a day of the calendar"]),
    file(
        "29 February 2007",
        b"20070103,935,1\n20070229,935,1\n",
        &["A.csv:2: \"20070229\" is not a day of the calendar"],
    ),
    file("time of letters", b"20070103,noon,1\n", &["A.csv:1: \"noon\" is not a time", "HHMM"]),
    file("empty time", b"20070103,,1\n", &["A.csv:1: \"\" is not a time"]),
    file("time without its fraction", b"20070103,09:35:00.,1\n", &["A.csv:1: \"09:35:00.\" is not a time"]),
    file("24:00", b"20070103,935,1\n20070103,2400,1\n", &["A.csv:2: \"2400\" is not a time of the day"]),
    file("minute 60", b"20070103,960,1\n", &["A.csv:1: \"960\" is not a time of the day"]),
    file("second 60", b"20070103,09:35:60,1\n", &["A.csv:1: \"09:35:60\" is not a time of the day"]),
    file(
        "seconds on some rows",
        b"20070103,935,1\n20070103,93600,1\n",
        &["A.csv:2: the time \"93600\" is written unlike"],
    ),
    file(
        "price of letters",
        b"20070103,935,1\n20070103,936,free\n",
        &["A.csv:2: the price \"free\" is not a number"],
    ),
    file(
        "empty price",
        b"20070103,935,1\n20070103,936,\n",
        &["A.csv:2: the price \"\" is missing", "--missing skip"],
    ),
    file("price with a currency", b"20070103,935,$1\n", &["A.csv:1: the price \"$1\" is not a number"]),
    file(
        "a long field is shortened",
        b"20070103,935,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        &["\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"…"],
    ),
    file(
        "an escape sequence is shown",
        b"20070103,935,\x1b[31m1\n",
        &["A.csv:1: the price \"\\u{1b}[31m1\""],
    ),
    file(
        "price nan",
        b"20070103,935,1\n20070103,936,nan\n",
        &["A.csv:2: the price \"nan\" is missing or not finite"],
    ),
    file("price inf", b"20070103,935,inf\n", &["A.csv:1: the price \"inf\" is missing or not finite"]),
    file(
        "price beyond f64",
        b"20070103,935,1e999\n",
        &["A.csv:1: the price \"1e999\" is missing or not finite"],
    ),
    file("price zero", b"20070103,935,1\n20070103,936,0\n", &["A.csv:2: the price \"0\" is not positive"]),
    file(
        "price zero on a new day",
        b"20070103,935,1\n20070104,935,0.00\n",
        &["A.csv:2: the price \"0.00\" is not positive"],
    ),
    file("price negative", b"20070103,935,-12.34\n", &["A.csv:1: the price \"-12.34\" is not positive"]),
    file(
        "time repeated",
        b"20070103,935,1\n20070103,935,1\n",
        &["A.csv:2: the time 09:35 does not come after 09:35", "2007-01-03"],
    ),
    file(
        "time going back",
        b"20070103,936,1\r\n20070103,935,1\r\n",
        &["A.csv:2: the time 09:35 does not come after 09:36"],
    ),
    file(
        "day going back",
        b"20070104,935,1\n20070103,935,1\n",
        &["A.csv:2: the day 2007-01-03 does not come after 2007-01-04"],
    ),
    file(
        "day coming twice",
        b"20070103,935,1\n20070104,935,1\n20070103,936,1\n",
        &["A.csv:3: the day 2007-01-03 does not"],
    ),
    file(
        "quote left open",
        b"20070103,935,1\n20070103,936,\"1\n20070103,937,1\n",
        &["A.csv:2: a quotation mark is not closed"],
    ),
    file("fault after blank lines", b"\n20070103,935,1\n\n\n20070103,936,x\n", &["A.csv:5: the price \"x\""]),
    file("fault after a header", b"date,time,price\n20070103,935,x\n", &["A.csv:2: the price \"x\""]),
    file(
        "not UTF-8",
        b"20070103,935,1\n20070103,936,\xff1\n",
        &["A.csv:2: the file is not UTF-8 text (byte 14"],
    ),
    file("UTF-16", b"\xff\xfe2\x000\x000\x00", &["A.csv:1: the file is not UTF-8 text (byte 1"]),
    file("binary", b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", &["A.csv:1: the file is binary"]),
    file(
        "zero bytes at the end",
        b"20070103,935,1\n20070103,936,2\n\x00\x00",
        &["A.csv:3: the file is binary"],
    ),
    file(
        "long, without time",
        b"symbol,date,price\nA,20070103,1\n",
        &["A.csv:2: \"20070103\" is not a day and a time"],
    ),
    file(
        "long, two stocks columns",
        b"symbol,stock,date,time,price\n",
        &["A.csv:1: the header names two columns for the stock"],
    ),
    file(
        "long, two price columns",
        b"stock,date,time,price,Price\n",
        &["A.csv:1: the header names two columns for the price"],
    ),
    file("long, header only", b"stock,date,time,price\n", &["A.csv: the file has a header but no prices"]),
    file(
        "long, short row",
        b"stock,date,time,price\nA,20070103,935\n",
        &["A.csv:2: expected 4 columns", "found 3"],
    ),
    file("long, no stock", b"stock,date,time,price\n,20070103,935,1\n", &["A.csv:2: the stock is empty"]),
    file(
        "long, escape sequence in a stock",
        b"stock,date,time,price\nA,20070103,935,1\nB\x1b[31m,20070103,935,1\n",
        &["A.csv:3: the stock \"B\\u{1b}[31m\" has control characters"],
    ),
    file(
        "long, bad price",
        b"price,time,date,stock\n1,935,20070103,A\n-1,935,20070103,B\n",
        &["A.csv:3: the price \"-1\" is not positive"],
    ),
    file(
        "long, time repeated",
        b"stock,date,time,price\nA,20070103,935,1\nB,20070103,935,1\nA,20070103,935,1\n",
        &["A.csv:4: the time 09:35 does not come after 09:35"],
    ),
    file(
        "long, day going back",
        b"stock,date,time,price\nA,20070104,935,1\nA,20070103,935,1\n",
        &["A.csv:3: the day 2007-01-03"],
    ),
];

/// Panels of several files, and selections.
const PANELS: &[Case] = &[
    #[cfg(unix)]
    Case {
        name: "line break in a file's name",
        files: &[("A.csv", GOOD), ("B\nC.csv", GOOD)],
        paths: &[""],
        flags: &[],
        message: &["B\\nC.csv: the file's name is the stock's name", "without control characters"],
    },
    Case {
        name: "no such file",
        files: &[],
        paths: &["none.csv"],
        flags: &[],
        message: &["cannot read", "none.csv"],
    },
    Case {
        name: "folder without files",
        files: &[("notes.md", b"")],
        paths: &[""],
        flags: &[],
        message: &["the folder holds no tables"],
    },
    Case {
        name: "folder of hidden files",
        files: &[("._A.csv", b"\x00")],
        paths: &[""],
        flags: &[],
        message: &["the folder holds no tables"],
    },
    Case {
        name: "folder of folders",
        files: &[("inner/notes.md", GOOD), ("__MACOSX/A.csv", GOOD)],
        paths: &[""],
        flags: &[],
        message: &["the folder holds no tables"],
    },
    Case {
        name: "one of the files is faulty",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,935,x\n")],
        paths: &[""],
        flags: &[],
        message: &["B.csv:1: the price \"x\""],
    },
    Case {
        name: "the first of the faulty files",
        files: &[("C.csv", b"x\n"), ("B.csv", b"20070103,935,x\n"), ("A.csv", GOOD)],
        paths: &[""],
        flags: &[],
        message: &["B.csv:1: the price \"x\""],
    },
    Case {
        name: "a stock in two folders",
        files: &[("one/A.csv", GOOD), ("two/A.csv", GOOD)],
        paths: &["one", "two"],
        flags: &[],
        message: &["one/A.csv and ", "two/A.csv both hold the stock \"A\""],
    },
    Case {
        name: "a file named twice",
        files: &[("A.csv", GOOD)],
        paths: &["A.csv", "A.csv"],
        flags: &[],
        message: &["both hold the stock \"A\""],
    },
    Case {
        name: "a long file in a folder",
        files: &[("A.csv", GOOD), ("B.csv", b"stock,date,time,price\nA,20070103,935,1\n")],
        paths: &[""],
        flags: &[],
        message: &["A.csv and ", "B.csv both hold the stock \"A\""],
    },
    Case {
        name: "a long file among others",
        files: &[("A.csv", GOOD), ("B.csv", b"ticker,date,time,price\nA,20070103,936,1\n")],
        paths: &["A.csv", "B.csv"],
        flags: &[],
        message: &["both hold the stock \"A\""],
    },
    Case {
        name: "times not shared",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,935,1\n20070103,937,1\n"), ("C.csv", GOOD)],
        paths: &[""],
        flags: &["--align", "exact"],
        message: &["on 2007-01-03 at 09:36 there is a price of A, C, but none of B", "--align inner"],
    },
    Case {
        name: "one stock stops earlier",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,935,1\n")],
        paths: &[""],
        flags: &["--align", "exact"],
        message: &["on 2007-01-03 at 09:36 there is a price of A, but none of B"],
    },
    Case {
        name: "days not shared",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,935,1\n20070103,936,1\n20070104,935,1\n")],
        paths: &[""],
        flags: &["--align", "exact"],
        message: &["on 2007-01-04 there are prices of B, but none of A", "--align"],
    },
    Case {
        name: "no times in common",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,937,1\n20070103,938,1\n")],
        paths: &[""],
        flags: &["--align", "inner"],
        message: &["on 2007-01-03 the stocks have 0 time(s) in common"],
    },
    Case {
        name: "no days in common",
        files: &[("A.csv", GOOD), ("B.csv", b"20070104,935,1\n20070104,936,1\n")],
        paths: &[""],
        flags: &["--align", "previous"],
        message: &["no day is left: 2 day(s) dropped", "2007-01-03 (B), 2007-01-04 (A)"],
    },
    Case {
        name: "unknown stock",
        files: &[("A.csv", GOOD), ("B.csv", GOOD)],
        paths: &[""],
        flags: &["--stocks", "A,C"],
        message: &["the panel has no stock \"C\"; it has A, B"],
    },
    Case {
        name: "stock in lower case",
        files: &[("A.csv", GOOD)],
        paths: &["A.csv"],
        flags: &["--stocks", "a"],
        message: &["no stock \"a\"; it has A"],
    },
    Case {
        name: "unknown stock of a long file",
        files: &[("long.csv", b"stock,date,time,price\nB,20070103,935,1\nA,20070103,935,1\n")],
        paths: &["long.csv"],
        flags: &["--stocks", "C"],
        message: &["no stock \"C\"; it has A, B"],
    },
    Case {
        name: "range after the last day",
        files: &[("A.csv", GOOD)],
        paths: &[""],
        flags: &["--from", "2008-01-01"],
        message: &["no day from 2008-01-01 on; it has 1 day(s) from 2007-01-03 to 2007-01-03"],
    },
    Case {
        name: "range between days",
        files: &[("A.csv", b"20070103,935,1\n20070105,935,1\n")],
        paths: &[""],
        flags: &["--from", "20070104", "--to", "20070104"],
        message: &["no day from 2007-01-04 to 2007-01-04; it has 2 day(s)"],
    },
    Case {
        name: "range reversed",
        files: &[("A.csv", GOOD)],
        paths: &[""],
        flags: &["--from", "20070105", "--to", "20070104"],
        message: &["it goes from 2007-01-05 to 2007-01-04"],
    },
    Case {
        name: "one faulty file and nothing left",
        files: &[("A.csv", b"20070103,935,x\n")],
        paths: &[""],
        flags: &["--keep-going"],
        message: &["A.csv:1: the price \"x\""],
    },
    Case {
        name: "all files faulty",
        files: &[("A.csv", b"20070103,935,x\n"), ("B.csv", b"")],
        paths: &[""],
        flags: &["--keep-going"],
        message: &["none of the 2 files could be used", "A.csv:1: the price \"x\""],
    },
    Case {
        name: "all days too short",
        files: &[("A.csv", b"20070103,935,1\n20070104,935,1\n")],
        paths: &[""],
        flags: &["--keep-going", "--align", "exact"],
        message: &["no day is left: 2 day(s) with fewer than two prices"],
    },
    Case {
        name: "one price only",
        files: &[("A.csv", b"20070103,935,1\n")],
        paths: &["A.csv"],
        flags: &["--align", "exact"],
        message: &["on 2007-01-03 the stocks have 1 time(s)", "--keep-going"],
    },
    Case {
        name: "one price on one day",
        files: &[("A.csv", b"20070103,935,1\n20070103,936,1\n20070104,935,1\n")],
        paths: &["A.csv"],
        flags: &["--align", "exact"],
        message: &["on 2007-01-04 the stocks have 1 time(s)"],
    },
    Case {
        name: "all days of a stock too short",
        files: &[("A.csv", b"20070103,935,1\n20070104,935,1\n")],
        paths: &[""],
        flags: &[],
        message: &[
            "no day is left: 2 day(s) of a stock with fewer than two prices",
            "2007-01-04 (A, 1 price(s))",
        ],
    },
    Case {
        name: "times not shared, kept going",
        files: &[("A.csv", GOOD), ("B.csv", b"20070103,935,1\n20070103,937,1\n")],
        paths: &[""],
        flags: &["--keep-going", "--align", "exact"],
        message: &["at 09:36 there is a price of A, but none of B"],
    },
];

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let single = SINGLE.iter().map(|case| Case {
        name: case.name,
        files: Box::leak(Box::new([("A.csv", case.content)])),
        paths: &["A.csv"],
        flags: &[],
        message: case.message,
    });
    let panels = PANELS.iter().map(|case| Case { ..*case });
    single.chain(panels).chain(super::malformed_tables::cases()).collect()
}
