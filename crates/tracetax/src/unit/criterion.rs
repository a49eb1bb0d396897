//! Times, estimated by criterion from many samples.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};
use record::unit::{Estimate, StageName};
use serde::Deserialize;

use crate::unit::output;

/// Criterion's own folder, within that of the run.
const FOLDER: &str = "criterion";

/// Seconds of warming up and of measuring for each benchmark, and samples.
const QUICK: [&str; 3] = ["0.2", "1", "50"];
const USUAL: [&str; 3] = ["1", "4", "100"];

/// What criterion writes of a benchmark into `estimates.json`, as far as it is read here.
#[derive(Debug, Deserialize)]
struct Estimates {
    median: Median,
}

#[derive(Debug, Deserialize)]
struct Median {
    confidence_interval: Interval,
    point_estimate: f64,
}

#[derive(Debug, Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// Times every stage; criterion writes its estimates and samples into `folder`.
///
/// # Errors
/// When the benchmarks fail.
pub fn time(benchmarks: &Path, folder: &Path, quick: bool) -> Result<()> {
    let [warm_up, measurement, samples] = if quick { QUICK } else { USUAL };
    let mut command = Command::new(benchmarks);
    command.args(["--bench", "--noplot", "--warm-up-time", warm_up]);
    command.args(["--measurement-time", measurement, "--sample-size", samples]);
    let said = output(command.env("CRITERION_HOME", folder.join(FOLDER)))?.stdout;
    Ok(fs::write(folder.join("criterion.log"), said)?)
}

/// The time of one operation of `stage`, `alone` or `beside-another`.
///
/// # Errors
/// When criterion has left no estimate.
pub fn estimate(folder: &Path, stage: &StageName, kind: &str) -> Result<Estimate> {
    let path = folder.join(FOLDER).join(&stage.name).join(kind).join("new/estimates.json");
    let text = fs::read_to_string(&path).with_context(|| format!("criterion left no {}", path.display()))?;
    read(&text, stage.operations_a_call).with_context(|| format!("{} is damaged", path.display()))
}

fn read(text: &str, operations_a_call: u64) -> Result<Estimate> {
    let Estimates { median } = serde_json::from_str(text)?;
    let of_one = |ns: f64| ns / operations_a_call as f64;
    Ok(Estimate {
        median: of_one(median.point_estimate),
        lower: of_one(median.confidence_interval.lower_bound),
        upper: of_one(median.confidence_interval.upper_bound),
    })
}

#[cfg(test)]
mod tests {
    use record::unit::Estimate;

    use super::read;

    #[test]
    fn the_median_is_of_one_operation() {
        let one = |ns| {
            format!(
                "{{\"confidence_interval\":{{\"confidence_level\":0.95,\"lower_bound\":{},\"upper_bound\":{}}},\
                 \"point_estimate\":{ns},\"standard_error\":1.5}}",
                ns - 100.0,
                ns + 300.0
            )
        };
        let text = format!("{{\"mean\":{},\"median\":{},\"slope\":null}}", one(9_000.0), one(8_000.0));
        assert_eq!(read(&text, 200).unwrap(), Estimate { median: 40.0, lower: 39.5, upper: 41.5 });
        assert!(read("{\"mean\":{}}", 1).is_err());
    }
}
