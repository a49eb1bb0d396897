//! `check`: is every scenario file a scenario? Measures nothing, and needs neither root nor what a measurement starts.

use std::path::Path;

use anyhow::Result;

use crate::{
    bench::{known_scenarios, root, scenario_path},
    exit::{self, Outcome, Usage},
    output::print,
    scenario,
};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of scenarios, or paths of scenario files; all files of scenarios/ by default
    files: Vec<String>,
}

/// Reads each file: a line on standard output for what is good, all mistakes on standard error for what is not.
///
/// # Errors
/// When a file holds mistakes, or there is none to check.
pub fn run(args: &Args) -> Result<Outcome> {
    let folder = root().join("scenarios");
    let names = if args.files.is_empty() { all_of(&folder) } else { args.files.clone() };
    if names.is_empty() {
        let text =
            format!("{} holds no scenario file: write one, or name the file to check", folder.display());
        return Err(Usage(text).into());
    }
    let mut bad = 0;
    for name in &names {
        match check(name) {
            Ok(path) => print(&format!("ok  {path}\n"))?,
            Err(error) => {
                tell!("{}\n", exit::shown(&error));
                bad += 1;
            }
        }
    }
    if bad == 0 {
        return Ok(Outcome::Done);
    }
    Err(Usage(format!("{bad} of {} scenario files cannot be used, for what is said above", names.len()))
        .into())
}

fn all_of(folder: &Path) -> Vec<String> {
    let files = known_scenarios(folder).into_iter().map(|name| folder.join(name + ".toml"));
    files.map(|file| file.display().to_string()).collect()
}

/// The path of a good file.
fn check(name: &str) -> Result<String> {
    let path = scenario_path(name)?;
    scenario::read(&path)?;
    Ok(path.display().to_string())
}
