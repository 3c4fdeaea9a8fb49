//! The same answer to the last bit, whatever the threads, the memory, the device, and whatever else is in the
//! panel.
//!
//! Everything runs through the program, as a user runs it, and bytes are compared. Each comparison has a
//! perturbed twin (a other seed, day, stock or sample) that must differ. On every adapter of this machine the
//! device is compared with the CPU; without an adapter these tests are listed as ignored, and with
//! `BELLWETHER_REQUIRE_GPU=1` in the environment they fail instead.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use assert_cmd::Command;
use bellwether::Error;
use bellwether::bootstrap::Bootstrap;
use bellwether::columns::{Column, plan_columns};
use bellwether::gpu::{AdapterEntry, Gpu};
use bellwether::interval::position::{Position, tail_levels};
use bellwether::jobs::Jobs;
use bellwether::panel::{DayReturns, LoadOptions, PanelReader, Returns, load};
use bellwether::resample::Scheme;
use bellwether::resample::gpu::device_limits;
use bellwether::resample::plan::{Budget, DayShape, DeviceLimits, Wave, tiles, waves};
use bellwether::simulate::{SimulateSpec, write};
use bellwether::vector::Vectors;
use libtest_mimic::Trial;
use ndarray::s;
use serde_json::Value;

use crate::adapters;

const TESTS: &[(&str, fn())] = &[
    ("threads_do_not_matter", threads_do_not_matter),
    ("vectors_do_not_matter", vectors_do_not_matter),
    ("memory_does_not_matter", memory_does_not_matter),
    ("other_days_do_not_matter", other_days_do_not_matter),
    ("other_stocks_do_not_matter", other_stocks_do_not_matter),
    ("fewer_samples_are_the_first_of_more", fewer_samples_are_the_first_of_more),
    ("intervals_are_quantiles_of_the_resamples", intervals_are_quantiles_of_the_resamples),
    ("formats_hold_the_same_numbers", formats_hold_the_same_numbers),
];

type Test = fn(&AdapterEntry);

const TESTS_OF_ADAPTERS: &[(&str, Test)] = &[
    ("device_equals_cpu", device_equals_cpu),
    ("every_method_is_the_same_on_devices", every_method),
    ("unbalanced_panels_are_the_same_on_devices", unbalanced_panels),
    ("device_equals_cpu_over_cut_tiles", device_equals_cpu_over_cut_tiles),
];

/// The tests: those of the CPU, and those of every adapter.
pub(crate) fn trials() -> Vec<Trial> {
    let of_cpu = TESTS.iter().map(|&(name, test)| adapters::once(&format!("identity::{name}"), test));
    let of_adapters = TESTS_OF_ADAPTERS
        .iter()
        .flat_map(|&(name, test)| adapters::on_each_adapter(&format!("identity::{name}"), test));
    of_cpu.chain(of_adapters).collect()
}

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")
}

fn returns(folder: &Path) -> Returns {
    load(&[folder.to_path_buf()], &LoadOptions::default(), &Jobs::new()).unwrap().panel.returns()
}

static SAMPLE: LazyLock<Returns> = LazyLock::new(|| returns(&sample_folder()));

/// What `bellwether bootstrap FOLDER ARGUMENTS` writes.
fn bootstrap(folder: &Path, arguments: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command
        .args(["bootstrap", "--quiet"])
        .arg(folder)
        .args(arguments.split_whitespace())
        .env_remove("RAYON_NUM_THREADS")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "bootstrap {arguments}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of a long CSV, without its header, for which `keep` holds of date and stock.
fn rows(csv: &str, keep: impl Fn(&str, &str) -> bool) -> Vec<&str> {
    let kept = |line: &&str| {
        let mut fields = line.split(',');
        keep(fields.next().unwrap(), fields.next().unwrap())
    };
    csv.lines().skip(1).filter(kept).collect()
}

/// The numbers of rows, without their dates and stocks.
fn numbers<'a>(rows: &[&'a str]) -> Vec<&'a str> {
    rows.iter().map(|row| row.splitn(3, ',').nth(2).unwrap()).collect()
}

fn threads_do_not_matter() {
    let one = bootstrap(&sample_folder(), "--device cpu --threads 1");
    assert_eq!(one.lines().count(), 1 + 63);
    for threads in ["2", "3"] {
        // Not `assert_eq!`: a difference would print every row.
        assert!(
            one == bootstrap(&sample_folder(), &format!("--device cpu --threads {threads}")),
            "{threads}"
        );
    }
    assert!(one == bootstrap(&sample_folder(), "--device cpu"), "threads by default");
    // Perturbed twins.
    let other = bootstrap(&sample_folder(), "--device cpu --threads 2 --seed 1");
    assert_ne!(numbers(&rows(&one, |_, _| true)), numbers(&rows(&other, |_, _| true)));
}

/// All instruction sets that this machine has, through the setting that is there for this test.
fn vectors_do_not_matter() {
    let with = |name: &str, arguments: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_bellwether"))
            .env("BELLWETHER_VECTORS", name)
            .args(["bootstrap", "--quiet", "--device", "cpu"])
            .arg(sample_folder())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for arguments in
        ["-B 1000", "-B 3001 --confidence 0.9 --stocks S0002", "-B 17 --memory 300KiB --threads 1"]
    {
        let expected = with("portable", arguments);
        assert!(expected == bootstrap(&sample_folder(), &format!("--device cpu {arguments}")));
        for vectors in Vectors::available() {
            assert!(
                with(&format!("{vectors:?}").to_lowercase(), arguments) == expected,
                "{vectors:?}, {arguments}"
            );
        }
        // Perturbed twin.
        assert!(with("portable", &format!("{arguments} --seed 1")) != expected);
    }
}

/// The plan that the program makes.
fn plan(days: &[DayReturns], samples: u32, budget: &Budget) -> Result<Vec<Wave>, Error> {
    let shape = |day: &DayReturns| {
        let columns = plan_columns(&day.returns.mapv(|r| r * r)).unwrap();
        {
            let key_bytes = columns.iter().map(Column::key_bytes).max().unwrap_or(4);
            DayShape::new(day.returns.nrows() as u32, &columns, 1, key_bytes)
        }
    };
    let resamples = Bootstrap::new(samples, 0.99, 0).unwrap().resamples();
    waves(&days.iter().map(shape).collect::<Vec<_>>(), resamples, budget)
}

/// Three budgets, the least that is enough among them, whose plans differ in how they cut the panel.
fn three_budgets(days: &[DayReturns], samples: u32, device: Option<DeviceLimits>) -> [u64; 3] {
    let with = |memory| plan(days, samples, &Budget { memory, threads: 2, device });
    let mut least = 0;
    while let Err(Error::Memory { needed, .. }) = with(least) {
        least = needed;
    }
    let large = 1 << 30;
    // Some days together, but not all.
    let spare = (30..100).map(|step| 1.25f64.powi(step) as u64).find(|&spare| {
        let waves = with(least + spare).unwrap();
        waves.iter().any(|wave| wave.len() > 1 && wave[0].cells.len() == days[0].returns.ncols())
    });
    let middle = least + spare.unwrap();
    let budgets = [least, middle, large];
    let plans = budgets.map(|memory| with(memory).unwrap());
    assert!(plans[0].len() > plans[1].len() && plans[1].len() > plans[2].len(), "{budgets:?} make one plan");
    assert_eq!(plans[2].len(), 1);
    // The smallest cuts within a day.
    assert!(plans[0].iter().flatten().count() > days.len());
    budgets
}

/// The memory that leaves `resampling` bytes beside what the program holds of a panel that it reads with so
/// much memory.
fn beside_the_panel(folder: &Path, resampling: u64) -> u64 {
    let mut memory = resampling;
    loop {
        let paths = [folder.to_path_buf()];
        let panel = PanelReader::open(&paths, &LoadOptions::default(), memory, &Jobs::new()).unwrap();
        let needed = resampling + panel.held_bytes();
        if needed <= memory {
            return memory;
        }
        memory = needed;
    }
}

fn memory_does_not_matter() {
    let samples = 5000;
    let run = |memory: u64, seed: u64| {
        let arguments = format!("--device cpu --threads 2 -B {samples} --memory {memory} --seed {seed}");
        bootstrap(&sample_folder(), &arguments)
    };
    let [least, middle, large] = three_budgets(&SAMPLE.days, samples, None);
    let [least, middle, large] =
        [least, middle, large].map(|bytes| beside_the_panel(&sample_folder(), bytes));
    let expected = run(large, 0);
    for memory in [least, middle] {
        assert!(run(memory, 0) == expected, "{memory} bytes");
    }
    // Perturbed twin.
    assert!(run(middle, 1) != expected);
}

fn other_days_do_not_matter() {
    let all = bootstrap(&sample_folder(), "--device cpu");
    let part = bootstrap(&sample_folder(), "--device cpu --from 2007-01-10 --to 20070116");
    let inside = |date: &str, _: &str| ("2007-01-10"..="2007-01-16").contains(&date);
    let expected = rows(&all, inside);
    assert_eq!(expected.len(), 5 * 3);
    assert_eq!(rows(&part, |_, _| true), expected);
    // Perturbed twin: as many days, one later. No number is that of the day before.
    let later = bootstrap(&sample_folder(), "--device cpu --from 2007-01-11 --to 2007-01-17");
    let later = rows(&later, |_, _| true);
    assert_eq!(later.len(), expected.len());
    for (later, expected) in numbers(&later).into_iter().zip(numbers(&expected)) {
        assert_ne!(later, expected);
    }
}

fn other_stocks_do_not_matter() {
    let all = bootstrap(&sample_folder(), "--device cpu");
    let part = bootstrap(&sample_folder(), "--device cpu --stocks S0003,S0001");
    let expected = rows(&all, |_, stock| stock != "S0002");
    assert_eq!(expected.len(), 21 * 2);
    assert_eq!(rows(&part, |_, _| true), expected);
    // Perturbed twin: the stock that was left out.
    let other = bootstrap(&sample_folder(), "--device cpu --stocks S0002");
    let other = rows(&other, |_, _| true);
    let first = rows(&all, |_, stock| stock == "S0001");
    for (other, first) in numbers(&other).into_iter().zip(numbers(&first)) {
        assert_ne!(other, first);
    }
}

fn fewer_samples_are_the_first_of_more() {
    for day in &SAMPLE.days[..3] {
        let resampled =
            |samples: u32, seed: u64| Bootstrap::new(samples, 0.99, seed).unwrap().resampled(day).unwrap();
        let (many, few) = (resampled(10_000, 0), resampled(1000, 0));
        assert_eq!((many.nrows(), few.nrows()), (10_000, 1000));
        assert!(many.slice(s![..1000, ..]) == few, "{}", day.date);
        // Perturbed twins: moved by one sample, and another seed.
        assert!(many.slice(s![1..1001, ..]) != few, "{}", day.date);
        assert!(many.slice(s![..1000, ..]) != resampled(1000, 1), "{}", day.date);
    }
}

/// The program's intervals, from resamples that the library gives, sorted here.
fn intervals_are_quantiles_of_the_resamples() {
    for (confidence, samples) in [(0.99, 1000), (0.9, 777), (0.5, 2)] {
        let text = bootstrap(
            &sample_folder(),
            &format!("--device cpu -B {samples} --confidence {confidence} --seed 3 --to 2007-01-05"),
        );
        let rows = rows(&text, |_, _| true);
        let mut row = numbers(&rows).into_iter();
        for day in &SAMPLE.days[..3] {
            let resampled = Bootstrap::new(samples, confidence, 3).unwrap().resampled(day).unwrap();
            for stock in 0..3 {
                let mut values = resampled.column(stock).to_vec();
                values.sort_by(f64::total_cmp);
                let end = |p: f64| {
                    let position = Position::new(values.len(), p);
                    position.interpolate(values[position.below], values[position.above])
                };
                let expected = tail_levels(confidence).map(end);
                let found: Vec<f64> =
                    row.next().unwrap().split(',').map(|text| text.parse().unwrap()).collect();
                assert_eq!(found[1..], expected, "{} {stock}", day.date);
                // Perturbed twin: a wider confidence.
                assert_ne!(found[1..], tail_levels(0.999).map(end));
            }
        }
    }
}

/// Date, stock, and the bits of the numbers.
type Cell = (String, String, Vec<u64>);

fn formats_hold_the_same_numbers() {
    let run = |arguments: &str| bootstrap(&sample_folder(), &format!("--device cpu {arguments}"));
    let bits = |text: &str| text.parse::<f64>().unwrap().to_bits();
    let cell = |line: &str| -> Cell {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].into(), fields[1].into(), fields[2..].iter().map(|text| bits(text)).collect())
    };
    let read_csv = |text: &str| text.lines().skip(1).map(cell).collect::<Vec<_>>();
    let read_json = |text: &str| -> Vec<Cell> {
        let mut table: Value = serde_json::from_str(text).unwrap();
        assert_eq!(table["method"][0]["samples"], 10_000);
        let records: Vec<Value> = serde_json::from_value(table["data"].take()).unwrap();
        let text = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
        let cell = |record: Value| {
            let numbers = ["rv", "lower", "upper"].map(|key| record[key].as_f64().unwrap().to_bits());
            (text(&record, "date"), text(&record, "stock"), numbers.to_vec())
        };
        records.into_iter().map(cell).collect()
    };
    let csv = read_csv(&run("--format csv"));
    assert_eq!(csv.len(), 63);
    // Not `assert_eq!`: a difference would print every number.
    assert!(read_json(&run("--format json")) == csv);
    // Perturbed twin.
    assert!(read_json(&run("--format json --seed 1")) != csv);

    // Wide: the ends only, a row a day.
    let ends: Vec<Vec<u64>> =
        csv.chunks(3).map(|day| day.iter().flat_map(|(_, _, n)| [n[1], n[2]]).collect()).collect();
    let wide = run("--layout wide");
    let wide: Vec<Vec<u64>> =
        wide.lines().skip(2).map(|line| line.split(',').skip(1).map(bits).collect()).collect();
    assert!(wide == ends);
    let json: Value = serde_json::from_str(&run("--layout wide --format json")).unwrap();
    let row = |row: &Value| -> Vec<u64> {
        row.as_array().unwrap().iter().map(|value| value.as_f64().unwrap().to_bits()).collect()
    };
    assert!(json["data"].as_array().unwrap().iter().map(row).collect::<Vec<_>>() == ends);
    // Perturbed twin: the rows one day off.
    assert!(wide[1..] != ends[..20]);
}

fn limits(adapter: &AdapterEntry) -> DeviceLimits {
    device_limits(&Gpu::open(adapter.clone()).unwrap())
}

/// Runs of `folder` on the device over three budgets against one on the CPU.
fn assert_device_equals_cpu(adapter: &AdapterEntry, folder: &Path, samples: u32, budgets: [u64; 3]) {
    let run = |device: &str, memory: u64, seed: u64| {
        let arguments = format!("--device {device} --threads 2 -B {samples} --memory {memory} --seed {seed}");
        bootstrap(folder, &arguments)
    };
    let index = adapter.index.to_string();
    let expected = run("cpu", budgets[2], 5);
    for memory in budgets {
        assert!(run(&index, memory, 5) == expected, "{}, {memory} bytes", adapter.label());
    }
    // Perturbed twin.
    assert!(run(&index, budgets[1], 6) != expected, "{}, another seed", adapter.label());
}

fn device_equals_cpu(adapter: &AdapterEntry) {
    let samples = 2000;
    let budgets = three_budgets(&SAMPLE.days, samples, Some(limits(adapter)));
    let budgets = budgets.map(|bytes| beside_the_panel(&sample_folder(), bytes));
    assert_device_equals_cpu(adapter, &sample_folder(), samples, budgets);
}

/// Short days and many samples, so that a day's samples need several tiles.
/// Measures of several columns, all schemes, several intervals of one set of draws, and periods.
/// The sample with stocks that lack prices, each others, and days: the first is listed later, and the second
/// has two returns on a day.
fn unbalanced() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(sample_folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    files.sort();
    assert_eq!(files.len(), 3);
    for (stock, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let mut dates: Vec<&str> = text.lines().map(|line| &line[..8]).collect();
        dates.dedup();
        let mut of_short = 0;
        let mut keep = |number: usize, line: &str| {
            // The high bits of a multiplicative hash.
            let hash = (number * 4 + stock + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let is_short = stock == 1 && line.starts_with(dates[6]);
            of_short += usize::from(is_short);
            hash % 100 >= 3 * stock && !(stock == 0 && line[..8] < *dates[4]) && (!is_short || of_short <= 4)
        };
        let kept = text.lines().enumerate().filter(|(number, line)| keep(*number, line));
        let kept: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        std::fs::write(folder.path().join(file.file_name().unwrap()), kept).unwrap();
    }
    folder
}

fn unbalanced_panels(adapter: &AdapterEntry) {
    let folder = unbalanced();
    for arguments in [
        "--interval percentile,bca,studentized --details",
        "--scheme wild --interval studentized-log --measure variance,quarticity --by month",
        "--scheme block --block 2 --measure medrv,variance",
        "--scheme stationary --block auto",
        "--every 10min --subsample 5 --interval studentized,asymptotic --measure volatility",
        "--every 10min --subsample 2 --scheme block --block auto --by week",
        "--align refresh --measure beta --against S0002 --keep-going",
    ] {
        let with = |device: &str, seed: u32| {
            let arguments = format!("-B 200 --device {device} --seed {seed} {arguments}");
            bootstrap(folder.path(), &arguments)
        };
        let cpu = with("cpu", 0);
        // Not `assert_eq!`: a difference would print every row.
        assert!(cpu == with(&adapter.index.to_string(), 0), "{arguments}");
        assert!(cpu != with(&adapter.index.to_string(), 1), "the perturbed twin: {arguments}");
        assert!(cpu != bootstrap(&sample_folder(), &format!("-B 200 --device cpu {arguments}")));
    }
}

fn every_method(adapter: &AdapterEntry) {
    let all = "percentile,basic,normal,bc,bca,studentized,studentized-log,asymptotic";
    for arguments in [
        format!("--interval {all} --details"),
        "--scheme wild --interval studentized,studentized-log --measure variance,quarticity".into(),
        "--scheme block --block 7 --interval percentile,bc --measure bipower,variance".into(),
        "--scheme block --stocks S0001 --measure medrv".into(),
        "--scheme stationary --block 5.5 --measure variance,beta --against S0002".into(),
        "--measure covariance,correlation --against S0003 --interval percentile --side lower".into(),
        "--by week --interval percentile,studentized-log --measure variance".into(),
    ] {
        let with = |device: &str, seed: u32| {
            let arguments = format!("-B 700 --device {device} --seed {seed} {arguments}");
            bootstrap(&sample_folder(), &arguments)
        };
        let cpu = with("cpu --threads 1", 0);
        // Not `assert_eq!`: a difference would print every row.
        assert!(cpu == with("cpu --threads 3", 0), "threads: {arguments}");
        assert!(cpu == with(&adapter.index.to_string(), 0), "{arguments}");
        assert!(cpu != with(&adapter.index.to_string(), 1), "the perturbed twin: {arguments}");
    }
}

fn device_equals_cpu_over_cut_tiles(adapter: &AdapterEntry) {
    let folder = tempfile::tempdir().unwrap();
    let spec = SimulateSpec {
        stocks: 16,
        days: 3,
        per_day: 40,
        seed: 9,
        start: jiff::civil::date(2011, 3, 7),
        ..SimulateSpec::default()
    };
    write(&spec, folder.path(), false, |_| ()).unwrap();
    let (samples, limits, returns) = (150_000, limits(adapter), returns(folder.path()));
    let budgets = three_budgets(&returns.days, samples, Some(limits));
    // All in one wave, the tiles are cut along the samples; in the smallest they hold whole batches.
    let cut = |memory| {
        let budget = Budget { memory, threads: 2, device: Some(limits) };
        let waves = plan(&returns.days, samples, &budget).unwrap();
        waves
            .iter()
            .flat_map(|wave| tiles(wave, samples, &limits, &Scheme::Iid))
            .filter(|tile| (tile.samples.len() as u32) < samples)
            .count()
    };
    assert!(cut(budgets[2]) > 3 && cut(budgets[0]) == 0, "{} and {}", cut(budgets[2]), cut(budgets[0]));
    let budgets = budgets.map(|bytes| beside_the_panel(folder.path(), bytes));
    assert_device_equals_cpu(adapter, folder.path(), samples, budgets);
}
