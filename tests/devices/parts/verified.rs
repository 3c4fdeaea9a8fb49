//! A result is verified, or found to be changed; plans and manifests say what is so.

use std::fs;
use std::path::PathBuf;

use super::program::{bellwether, done, refused, sample};

/// A result is verified on each device, whichever it was made on; and a change of anything is found.
pub(crate) fn results_are_verified(device: &str) {
    let folder = sample();
    let path = folder.path();
    let methods = [
        "-B 300 --details --interval percentile,studentized",
        "-B 100 --by week",
        "-B 100 --by all",
        "-B 100 --measure beta,variance --against S0002 --align inner",
        "--samples exact",
    ];
    for method in methods {
        for (format, device, other) in
            [("json", "cpu", device), ("parquet", device, "cpu"), ("csv", "cpu", device)]
        {
            let line = format!("bootstrap panel {method} --device {device} -o r.{format} --manifest m.json");
            done(path, &line);
            let manifest = if format == "csv" { "--manifest m.json" } else { "" };
            for cells in ["all", "5"] {
                let line = format!("verify r.{format} panel {manifest} --cells {cells} --device {other}");
                done(path, &line);
            }
        }
    }
    done(path, "bootstrap panel -B 100 --layout wide -o wide.csv --manifest m.json");
    done(path, "verify wide.csv panel --manifest m.json");
}

pub(crate) fn changes_are_found() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 300 -o r.json --manifest m.json");
    done(path, "bootstrap panel -B 300 -o r.csv");
    done(path, "verify r.json panel --cells all");
    done(path, "verify r.csv panel --cells all --manifest m.json");

    // A digit of the result, whether or not its cell is drawn.
    for name in ["r.json", "r.csv"] {
        let text = fs::read_to_string(path.join(name)).unwrap();
        let at = text.trim_end().rfind(|letter: char| letter.is_ascii_digit()).unwrap() - 6;
        let digit = if &text[at..=at] == "3" { "4" } else { "3" };
        let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
        fs::write(path.join(format!("changed-{name}")), changed).unwrap();
        for cells in ["all", "1"] {
            let line = format!("verify changed-{name} panel --manifest m.json --cells {cells} --draw 1");
            let message = refused(path, &line);
            assert!(message.contains("its records are not those"), "{message}");
            if cells == "all" {
                assert!(message.contains("when computed again"), "{message}");
            }
        }
        // A record that is not there, and one too many.
        if name == "r.csv" {
            let lines: Vec<&str> = text.lines().collect();
            fs::write(path.join("lacks.csv"), lines[..lines.len() - 1].join("\n")).unwrap();
            let message = refused(path, "verify lacks.csv panel --manifest m.json");
            assert!(message.contains("it lacks 1 cell"), "{message}");
            fs::write(path.join("more.csv"), text.clone() + "2008-01-02,S0001,1.0,1.0,1.0\n").unwrap();
            let message = refused(path, "verify more.csv panel --manifest m.json");
            assert!(message.contains("the panel lacks 1 cell as of S0001 on 2008-01-02"), "{message}");
        }
    }
    // A parameter of the manifest.
    for (from, to) in [
        ("\"seed\": \"0\"", "\"seed\": \"1\""),
        ("\"samples\": \"300\"", "\"samples\": \"299\""),
        ("\"confidence\": \"0.99\"", "\"confidence\": \"0.98\""),
    ] {
        let text = fs::read_to_string(path.join("m.json")).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path.join("other.json"), text.replace(from, to)).unwrap();
        let message = refused(path, "verify r.csv panel --manifest other.json --cells 3");
        assert!(message.contains("when computed again"), "{to}: {message}");
    }
    // A price of the input, in the last digit.
    let file = path.join("panel/S0003.csv");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("20070118,1100,").unwrap() + "20070118,1100,".len() + 4;
    let digit = if &text[at..=at] == "3" { "4" } else { "3" };
    fs::write(&file, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    let message = refused(path, "verify r.json panel --cells 1");
    assert!(message.contains("the panel's prices are not those of the result"), "{message}");
    let message = refused(path, "verify r.json panel --cells all");
    assert!(message.contains("2007-01-18, S0003"), "{message}");
    fs::write(&file, text).unwrap();
    done(path, "verify r.json panel");

    assert!(refused(path, "verify r.csv panel").contains("it has no manifest inside"));
    assert!(refused(path, "verify m.json panel").contains("cannot be used"));
    assert!(refused(path, "verify panel/S0001.csv panel --manifest m.json").contains("no columns date"));
}

/// What JSON and Parquet say of where they are from is what `--manifest` writes, and does not depend on how
/// the run went; the prices' hash is that of the library.
pub(crate) fn manifests_say_the_same() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 50 --threads 1 -o a.json --manifest a.manifest.json");
    done(path, "bootstrap panel -B 50 --threads 2 --memory 1MiB -o b.json --manifest b.manifest.json");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(path.join(name)).unwrap()).unwrap()
    };
    let [a, b] = [read("a.manifest.json"), read("b.manifest.json")];
    assert_eq!(fs::read(path.join("a.json")).unwrap(), fs::read(path.join("b.json")).unwrap());
    assert_eq!((&a["manifest"], &read("a.json")["manifest"]), (&b["manifest"], &a["manifest"]));
    assert_ne!(a["run"], b["run"]);
    let paths: [PathBuf; 1] = [path.join("panel")];
    let jobs = bellwether::jobs::Jobs::new();
    let panel =
        bellwether::panel::load(&paths, &bellwether::panel::LoadOptions::default(), &jobs).unwrap().panel;
    let hash = bellwether::panel::content::Content::of(&panel).hash(&panel.stocks);
    assert_eq!(a["manifest"]["panel"]["hash"], hash);
    assert_eq!(a["manifest"]["parameters"]["samples"], "50");
    assert_eq!(a["manifest"]["parameters"]["align"], "none");
}

/// What a plan counts is what a run draws; and it computes nothing.
pub(crate) fn plans_count_what_runs_draw() {
    let folder = sample();
    let path = folder.path();
    for arguments in ["-B 300", "-B 200 --measure beta --against S0001 --align inner", "--samples exact"] {
        let plan = bellwether(path, &format!("bootstrap panel {arguments} --plan"));
        assert!(plan.status.success(), "{}", String::from_utf8_lossy(&plan.stderr));
        let plan = String::from_utf8(plan.stdout).unwrap();
        let run = bellwether(path, &format!("bootstrap panel {arguments} -o out.csv"));
        let told = String::from_utf8(run.stderr).unwrap();
        let draws =
            told.split_once("for each day, ").map_or("0", |(_, rest)| rest.split(' ').next().unwrap());
        assert!(plan.contains(&format!("draws      {draws} returns")), "{arguments}: {plan}{told}");
        assert!(plan.contains("suggested  one task"), "{plan}");
    }
}
