//! A comparison for programs: a CSV record for each size and device, or one JSON document. Times are in
//! seconds, and every number has all of its digits. `mean` is what the workload `uniform` computed; the
//! others have none.

use std::io::{self, Write};

use serde::Serialize;

use super::{Comparison, KernelClock, Lap, Machine};
use crate::output::Format;
use crate::random::STREAM_VERSION;

/// One size on one device, with all that its time depends on: a row means the same when it is moved to
/// another file.
#[derive(Debug, Serialize)]
struct Record<'a> {
    workload: &'a str,
    unit: &'a str,
    size: u64,
    device: &'a str,
    method: &'a str,
    kind: &'a str,
    threads: usize,
    driver: &'a str,
    runs: usize,
    median: f64,
    min: f64,
    max: f64,
    outliers: usize,
    speed_up: Option<f64>,
    /// The mean that was computed, bit for bit; empty where the workload has none.
    mean: Option<f64>,
    start: f64,
    first_run: f64,
    upload: Option<f64>,
    kernel: Option<f64>,
    readback: Option<f64>,
    host: Option<f64>,
    detailed_run: Option<f64>,
    kernel_clock: Option<KernelClock>,
    cpu: &'a str,
    cores: usize,
    system: &'a str,
    version: &'a str,
    stream_version: u32,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    description: &'a [String],
    machine: &'a Machine,
    min_runs: usize,
    min_time: f64,
    warm_up: f64,
    records: Vec<Record<'a>>,
}

/// Writes all laps.
///
/// # Errors
///
/// Whatever `out` returns.
pub fn write(out: &mut dyn Write, comparison: &Comparison, format: Format) -> io::Result<()> {
    let records = comparison.laps.iter().map(|lap| record(comparison, lap));
    match format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(out);
            for record in records {
                writer.serialize(record)?;
            }
            writer.flush()
        }
        Format::Json => {
            let document = Document {
                description: &comparison.description,
                machine: &comparison.machine,
                min_runs: comparison.timing.min_runs,
                min_time: comparison.timing.min_time.as_secs_f64(),
                warm_up: comparison.timing.warm_up.as_secs_f64(),
                records: records.collect(),
            };
            serde_json::to_writer_pretty(&mut *out, &document)?;
            writeln!(out)
        }
        #[cfg(feature = "parquet")]
        Format::Parquet | Format::Arrow => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "times are written as CSV or JSON"))
        }
    }
}

fn record<'a>(comparison: &'a Comparison, lap: &'a Lap) -> Record<'a> {
    let (summary, steps) = (lap.summary, lap.steps);
    let device = &comparison.devices[lap.device];
    let transfers = steps.filter(|steps| !device.is_cpu() && steps.clock != KernelClock::WithTransfers);
    Record {
        workload: comparison.workload,
        unit: comparison.unit,
        size: lap.size,
        device: &device.name,
        method: device.method,
        kind: device.kind,
        threads: device.threads,
        driver: &device.driver,
        runs: summary.runs,
        median: summary.median.as_secs_f64(),
        min: summary.min.as_secs_f64(),
        max: summary.max.as_secs_f64(),
        outliers: summary.outliers,
        speed_up: comparison.speed_up(lap),
        mean: comparison.mean(lap.size),
        start: device.start.as_secs_f64(),
        first_run: device.first_run.as_secs_f64(),
        upload: transfers.map(|steps| steps.upload.as_secs_f64()),
        kernel: steps.map(|steps| steps.kernel.as_secs_f64()),
        readback: transfers.map(|steps| steps.readback.as_secs_f64()),
        host: steps.map(|steps| steps.host().as_secs_f64()),
        detailed_run: steps.map(|steps| steps.total.as_secs_f64()),
        kernel_clock: steps.map(|steps| steps.clock),
        cpu: &comparison.machine.cpu,
        cores: comparison.machine.cores,
        system: &comparison.machine.system,
        version: comparison.machine.version,
        stream_version: STREAM_VERSION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::comparison;

    #[test]
    fn csv_has_a_record_a_size_and_device() {
        let mut out = Vec::new();
        write(&mut out, &comparison(), Format::Csv).unwrap();
        let mut reader = csv::Reader::from_reader(&out[..]);
        let rows: Vec<std::collections::HashMap<String, String>> =
            reader.deserialize().collect::<Result<_, _>>().unwrap();
        assert_eq!(rows.len(), 4);
        assert_eq!((rows[1]["median"].as_str(), rows[1]["speed_up"].as_str()), ("0.004", "2.0"));
        assert_eq!((rows[1]["host"].as_str(), rows[1]["kernel_clock"].as_str()), ("0.004", "device"));
        assert_eq!((rows[0]["upload"].as_str(), rows[0]["driver"].as_str()), ("", ""));
        assert!(rows.iter().all(|row| row["cpu"] == "Some CPU"));
    }

    #[test]
    fn means_are_written_to_the_last_bit() {
        // The nearest doubles to a third and to what differs from it in the last bit.
        let third = 1.0_f64 / 3.0;
        let comparison = comparison().with_means(vec![(10, third), (1000, third.next_up())]);
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        write(&mut csv, &comparison, Format::Csv).unwrap();
        write(&mut json, &comparison, Format::Json).unwrap();
        let rows: Vec<std::collections::HashMap<String, String>> =
            csv::Reader::from_reader(&csv[..]).deserialize().collect::<Result<_, _>>().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&json).unwrap();
        for (number, mean) in [third, third, third.next_up(), third.next_up()].into_iter().enumerate() {
            assert_eq!(rows[number]["mean"].parse::<f64>().unwrap().to_bits(), mean.to_bits());
            assert_eq!(document["records"][number]["mean"].as_f64().unwrap().to_bits(), mean.to_bits());
        }
    }

    #[test]
    fn json_has_the_same_numbers() {
        let mut out = Vec::new();
        write(&mut out, &comparison(), Format::Json).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(document["records"][3]["speed_up"], 8.0);
        assert_eq!(document["machine"]["cpu"], "Some CPU");
        assert_eq!(document["records"][0]["upload"], serde_json::Value::Null);
        assert_eq!(document["records"][0]["mean"], serde_json::Value::Null);
    }
}
