//! Parts that do not belong together are refused by name.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::program::{done, refused, sample};

/// What a mix of parts is, and what the message must say.
struct Mix {
    what: &'static str,
    files: &'static str,
    says: &'static [&'static str],
}

const fn mix(what: &'static str, files: &'static str, says: &'static [&'static str]) -> Mix {
    Mix { what, files, says }
}

const MIXES: &[Mix] = &[
    mix("one part missing", "a1 a2 a4", &["1 of 4 parts", "--array=3`"]),
    mix("two missing", "a2 a4", &["2 of 4 parts", "--array=1,3`"]),
    mix("three missing", "a4", &["--array=1-3`"]),
    mix("another seed", "a1 a2 seed3 a4", &["a1.part and seed3.part", "--seed", "0 in the one and 5"]),
    mix("another number of samples", "a1 a2 samples3 a4", &["samples3.part", "--samples", "21"]),
    mix("another confidence", "a1 confidence2 a3 a4", &["confidence2.part", "--confidence", "0.9"]),
    mix("another measure", "a1 measure2 a3 a4", &["measure2.part", "--measure", "quarticity"]),
    mix("another interval", "a1 interval2 a3 a4", &["interval2.part", "--interval", "basic"]),
    mix("another scheme", "a1 scheme2 a3 a4", &["scheme2.part", "--scheme", "wild"]),
    mix("another side", "a1 side2 a3 a4", &["side2.part", "--side"]),
    mix("other days", "a1 days2 a3 a4", &["days2.part", "2007-01-05", "not given"]),
    mix("other stocks", "a1 stocks2 a3 a4", &["stocks2.part", "--stocks"]),
    mix("another step of time", "a1 every2 a3 a4", &["every2.part", "10min"]),
    mix(
        "another number of parts",
        "a1 a2 a3 five4",
        &["five4.part", "number of parts", "4 in the one and 5"],
    ),
    mix("another cut", "a1 a2 a3 cut4", &["cut4.part", "the cut is stocks in the one and days"]),
    mix("another panel", "a1 a2 a3 panel4", &["panel4.part", "the input"]),
    mix("a panel of which a price was changed", "a1 a2 a3 price4", &["price4.part", "the input"]),
    mix("another version of the program", "a1 a2 a3 version4", &["version4.part", "the program", "0.0.9"]),
    mix(
        "another random stream",
        "a1 a2 a3 stream4",
        &["stream4.part", "random stream", "1 in the one and 2"],
    ),
    mix("a part that was cut off", "a1 a2 short3 a4", &["short3.part", "cut off"]),
    mix("a part of which the beginning is left", "a1 stub2 a3 a4", &["stub2.part", "cut off"]),
    mix("an empty file", "a1 empty2 a3 a4", &["empty2.part", "no part of a run"]),
    mix("a changed bit", "a1 bit2 a3 a4", &["bit2.part", "damaged", "checksum"]),
    mix("a part with something behind", "a1 long2 a3 a4", &["long2.part", "not whole"]),
    mix(
        "a part twice, with other numbers",
        "a1 a2 twin2 a3 a4",
        &["a2.part and twin2.part", "disagree", "part 2/4"],
    ),
    mix("parts that have a cell in common", "a1 a2 over3 a4", &["over3.part", "disagree"]),
    mix("a table", "a1 a2 a3 table", &["table.part", "no part of a run"]),
];

/// Writes a part again with its header and arrays changed, and a checksum that fits.
pub(crate) fn forged(
    folder: &Path,
    from: &str,
    to: &str,
    change: impl Fn(String) -> String,
    arrays: impl Fn(&mut Vec<u8>),
) {
    let bytes = fs::read(folder.join(from)).unwrap();
    let length = u64::from_le_bytes(bytes[16..24].try_into().unwrap()) as usize;
    let header = change(String::from_utf8(bytes[24..24 + length].to_vec()).unwrap());
    let mut rest = bytes[24 + length..bytes.len() - 32].to_vec();
    arrays(&mut rest);
    let mut new = bytes[..16].to_vec();
    new.extend((header.len() as u64).to_le_bytes());
    new.extend(header.as_bytes());
    new.extend(rest);
    let checksum = blake3::hash(&new);
    new.extend(checksum.as_bytes());
    fs::write(folder.join(to), new).unwrap();
}

pub(crate) fn wrong_mixes_are_refused() {
    let folder = sample();
    let path = folder.path();
    let same = |text: String| text;
    let part = |name: &str, arguments: &str, number: usize, of: usize| {
        let line =
            format!("bootstrap panel {arguments} --device cpu --part {number}/{of} -o {name}{number}.part");
        done(path, &line);
    };
    const BASE: &str = "-B 20 --every 5min";
    for number in 1..=4 {
        part("a", BASE, number, 4);
    }
    part("seed", &format!("{BASE} --seed 5"), 3, 4);
    part("samples", "-B 21 --every 5min", 3, 4);
    part("confidence", &format!("{BASE} --confidence .9"), 2, 4);
    part("measure", &format!("{BASE} --measure quarticity"), 2, 4);
    part("interval", &format!("{BASE} --interval basic"), 2, 4);
    part("scheme", &format!("{BASE} --scheme wild"), 2, 4);
    part("side", &format!("{BASE} --side lower"), 2, 4);
    part("days", &format!("{BASE} --from 2007-01-05"), 2, 4);
    part("stocks", &format!("{BASE} --stocks S0001,S0002"), 2, 4);
    part("every", "-B 20 --every 10min", 2, 4);
    part("five", BASE, 4, 5);
    part("cut", &format!("{BASE} --cut days"), 4, 4);
    fs::copy(path.join("a2.part"), path.join("table.part")).unwrap();
    forged(
        path,
        "a4.part",
        "version4.part",
        |text| text.replace("bellwether 0.1.0", "bellwether 0.0.9"),
        |_| (),
    );
    forged(
        path,
        "a4.part",
        "stream4.part",
        |text| text.replace("\"random_stream\":1", "\"random_stream\":2"),
        |_| (),
    );
    // The last number of the last array, within what the part has of its cells.
    let last = |bytes: &mut Vec<u8>| {
        let at = bytes.len() - 3;
        bytes[at] ^= 1;
    };
    forged(path, "a2.part", "twin2.part", same, last);
    // Part 2 under the name of part 3, with another number.
    forged(path, "a2.part", "over3.part", |text| text.replace("\"part\":2", "\"part\":3"), last);
    let bytes = fs::read(path.join("a3.part")).unwrap();
    fs::write(path.join("short3.part"), &bytes[..bytes.len() - 100]).unwrap();
    let bytes = fs::read(path.join("a2.part")).unwrap();
    fs::write(path.join("stub2.part"), &bytes[..20]).unwrap();
    fs::write(path.join("empty2.part"), b"").unwrap();
    fs::write(path.join("long2.part"), [&bytes[..], b"x"].concat()).unwrap();
    let mut changed = bytes.clone();
    let at = bytes.len() - 200;
    changed[at] ^= 4;
    fs::write(path.join("bit2.part"), changed).unwrap();
    done(path, "bootstrap panel -B 20 -o table.part");
    let file = path.join("panel/S0001.csv");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("20070103,936,91", "20070103,936,92", 1)).unwrap();
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    part("price", BASE, 4, 4);
    fs::write(&file, &text).unwrap();
    fs::write(path.join("panel/T.csv"), &text).unwrap();
    part("panel", BASE, 4, 4);
    fs::remove_file(path.join("panel/T.csv")).unwrap();

    assert!(MIXES.len() >= 20);
    for Mix { what, files, says } in MIXES {
        for files in [files.split(' ').collect::<Vec<_>>(), files.split(' ').rev().collect()] {
            // In the other order messages have the files in the other order.
            let ordered = files[0] == MIXES_FIRST || files.len() == 1;
            let names: Vec<String> = files.iter().map(|name| format!("{name}.part")).collect();
            let message = refused(path, &format!("merge {} -o out.csv", names.join(" ")));
            if ordered {
                for word in *says {
                    assert!(message.contains(word), "{what}: {message} lacks {word:?}");
                }
            }
            assert!(!path.join("out.csv").exists(), "{what}");
        }
    }
    done(path, "merge a1.part a2.part a3.part a4.part a2.part -o out.csv");
    assert!(refused(path, "merge a1.part nowhere.part").contains("nowhere.part"));
    assert!(refused(path, "merge a1.part a2.part a3.part a4.part -o a1.part").contains("would be lost"));
}

const MIXES_FIRST: &str = "a1";

/// Parts take no flags that are of the whole, and say so.
pub(crate) fn parts_refuse_what_is_of_the_whole() {
    let folder = sample();
    for (flags, says) in [
        ("-o x.part --plot x.svg", "--plot"),
        ("-o x.part --format json", "--format"),
        ("-o x.part --manifest x.json", "--manifest"),
        ("", "name a file for the part"),
        ("-o x.part --align inner --cut stocks", "cut by days"),
        ("-o x.part --cut samples --by week", "cut those of weeks and months by days"),
        ("-o x.part --cut samples --samples exact", "no samples are drawn"),
    ] {
        let samples = if flags.contains("exact") { "" } else { "-B 20" };
        let message = refused(folder.path(), &format!("bootstrap panel {samples} --part 1/2 {flags}"));
        assert!(message.contains(says), "{flags}: {message}");
        assert!(!folder.path().join("x.part").exists());
    }
    // Times on several machines are none on one.
    let message = refused(folder.path(), "compare bootstrap panel --part 1/2");
    assert!(message.contains("do not add up") && message.contains("coverage"), "{message}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args("bootstrap panel -B 20 --part slurm -o x.part".split(' ')).current_dir(folder.path());
    for (name, value) in [("ID", "3"), ("MIN", "3"), ("MAX", "7"), ("COUNT", "2")] {
        command.env(format!("SLURM_ARRAY_TASK_{name}"), value);
    }
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("as in slurm/7"), "{message}");
}
