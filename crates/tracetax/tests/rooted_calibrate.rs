//! `calibrate` on this machine, as short as can be. That each part gives numbers, not how good they are: that is for the
//! command itself, on a quiet machine.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use record::calibration::{BarState, Calibration, Finding, SCHEMA};

/// The lab with the binaries that it starts, built by `cargo xtask build`.
fn release() -> PathBuf {
    root().join("target/release/tracetax")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn calibrate(results: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(release());
    command.arg("calibrate").args(args);
    command.env("TRACETAX_ROOT", root()).env("OUTPUT_DIR", results).env("BENCHMARK_DURATION", "600ms");
    command.output().unwrap()
}

fn stored(results: &Path) -> Calibration {
    let text = fs::read_to_string(results.join("latest/calibration.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn has_numbers(finding: &Finding) -> bool {
    match finding {
        Finding::Planted(rows) => {
            rows.len() == 4 && rows.iter().all(|row| row.estimate_us.is_some() && row.low_us.is_some())
        }
        Finding::Nulls(nulls) => nulls.simulated.verdicts == 10 && nulls.real.verdicts == 2,
        // Five rates, each with equal and with random gaps.
        Finding::Lateness(rows) => rows.len() == 10 && rows.iter().all(|row| row.p50_us.is_some()),
        Finding::Wrk(wrk) => wrk.version.is_none() || (wrk.rounds.len() == 6 && wrk.ratio.is_some()),
    }
}

#[test]
#[ignore = "needs root"]
fn every_part_gives_numbers_and_is_stored() {
    let results = tempfile::tempdir().unwrap();
    let output =
        calibrate(results.path(), &["--nulls=10", "--runs=2", "--seconds=1", "--rounds=6", "--seed=1"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(matches!(output.status.code(), Some(0 | 4 | 5)), "{output:?}");

    let calibration = stored(results.path());
    assert_eq!((calibration.schema.as_str(), calibration.seed), (SCHEMA, 1));
    assert_eq!(calibration.parts.len(), 4, "{shown}");
    for part in &calibration.parts {
        assert!(has_numbers(&part.finding), "{:?}\n{shown}", part.finding);
        assert!(shown.contains(&part.bar.message), "{shown}");
        assert_eq!(part.bar.state == BarState::Holds, part.bar.next_step.is_none());
    }
    for file in ["plan.json", "host.json", "blocks.jsonl", "verdict.json"] {
        assert!(results.path().join("latest").join(file).is_file(), "{file}");
    }
}

#[test]
#[ignore = "needs root"]
fn only_the_part_that_was_asked_for_is_measured() {
    let results = tempfile::tempdir().unwrap();
    let output = calibrate(results.path(), &["--only=lateness", "--seconds=1"]);
    assert!(matches!(output.status.code(), Some(0 | 4)), "{output:?}");
    let calibration = stored(results.path());
    assert!(matches!(calibration.parts.as_slice(), [part] if has_numbers(&part.finding)), "{calibration:?}");
}
