//! Instructions, counted by valgrind's callgrind: the same code takes the same number each time.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{exit::Unfit, unit::output};

/// Only what runs inside this function of the benchmarks is counted.
const COUNTED: &str = "*tracetax_counted_calls*";

/// Which valgrind there is.
///
/// # Errors
/// Names what to install where there is none.
pub fn version() -> Result<String> {
    let absent =
        |_| Unfit("instructions are counted by valgrind, which is absent: `cargo xtask setup`".into());
    let said = Command::new("valgrind").arg("--version").output().map_err(absent)?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned())
}

/// Instructions of the operations that `--count` does. Counted twice: a number that changes by itself is no count.
/// Where they are spent stays in `folder`, for `callgrind_annotate`.
///
/// # Errors
/// When valgrind fails, or the two counts differ.
pub fn instructions(benchmarks: &Path, stage: &str, folder: &Path) -> Result<u64> {
    let kept = folder.join(format!("callgrind-{stage}.out"));
    let first = count(benchmarks, stage, &kept)?;
    let second = count(benchmarks, stage, Path::new("/dev/null"))?;
    anyhow::ensure!(
        first == second,
        "{stage} took {first} instructions once and {second} the next time: a fault of its benchmark, report it"
    );
    anyhow::ensure!(first > 0, "{stage}: valgrind has not found the function that is counted");
    Ok(first)
}

fn count(benchmarks: &Path, stage: &str, out: &Path) -> Result<u64> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", &format!("--toggle-collect={COUNTED}")]);
    command.arg(format!("--callgrind-out-file={}", out.display()));
    let said = output(command.arg(benchmarks).args(["--count", stage]))?.stderr;
    let said = String::from_utf8_lossy(&said);
    collected(&said).with_context(|| format!("valgrind told no number of instructions:\n{said}"))
}

/// The total in callgrind's last words: `==123== Collected : 456`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_total_is_found() {
        let said =
            "==7== Events    : Ir\n==7== Collected : 7844014\n==7== \n==7== I   refs:      7,844,014\n";
        assert_eq!(collected(said), Some(7_844_014));
        assert_eq!(collected("==7== Collected : 12 34 56\n"), Some(12));
        assert_eq!(collected("==7== Collected :\n"), None);
        assert_eq!(collected("==7== Process terminating with default action of signal 11\n"), None);
    }
}
