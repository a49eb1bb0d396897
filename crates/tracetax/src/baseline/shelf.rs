//! The folder `baselines/`: where the file of a scenario on a class of host lies.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use record::{
    baseline::Baseline,
    baseline_files::{BaselineFile, FileState},
};

use super::file::{self, Fault};
use crate::{bounded, exit::Usage, whole_file};

/// The folder's name, from the root of the workspace.
const FOLDER: &str = "baselines";

/// What of `baselines/` is no class of host: gates that hold everywhere.
pub const EXACT: &str = "exact";

/// What lies there for a scenario on a class of host.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A baseline.
    Here {
        /// Its file, from the root of the workspace.
        file: String,
        /// What it holds.
        baseline: Box<Baseline>,
    },
    /// A file that this tracetax does not read.
    OtherSchema {
        /// Its file.
        file: String,
        /// The schema it names.
        schema: String,
    },
    /// Files of other classes of host alone.
    Elsewhere {
        /// These classes.
        classes: Vec<String>,
    },
    /// Nothing.
    Nowhere,
}

/// The file of a scenario, from the root of the workspace.
#[must_use]
pub fn file_of(host_class: &str, scenario: &str) -> String {
    format!("{FOLDER}/{host_class}/{scenario}.toml")
}

/// Looks for the baseline of a scenario.
///
/// # Errors
/// When the file is damaged, or cannot be read.
pub fn find(root: &Path, host_class: &str, scenario: &str) -> Result<Found> {
    let file = file_of(host_class, scenario);
    let path = root.join(&file);
    if !path.is_file() {
        let mut classes = names_in(&root.join(FOLDER));
        classes.retain(|class| root.join(file_of(class, scenario)).is_file());
        return Ok(if classes.is_empty() { Found::Nowhere } else { Found::Elsewhere { classes } });
    }
    let bytes = bounded::read(&path, file::MOST_BYTES)
        .map_err(|error| Usage(format!("cannot read {}: {error}. {}", path.display(), again(&file))))?;
    match file::parse(&bytes) {
        Ok(baseline) => Ok(Found::Here { file, baseline: Box::new(baseline) }),
        Err(Fault::OtherSchema(schema)) => Ok(Found::OtherSchema { file, schema }),
        Err(Fault::Damaged { line, what }) => Err(Usage(damage(&file, line, &what)).into()),
    }
}

/// What is wrong with a file, where, and what to do.
#[must_use]
pub fn damage(file: &str, line: Option<usize>, what: &str) -> String {
    let place = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
    format!("{place}: this baseline is damaged or was edited: {}. {}", what.trim(), again(file))
}

/// What to do about a file that is none.
#[must_use]
pub fn again(file: &str) -> String {
    format!(
        "Take it back by `git checkout -- {file}`, or record it anew by `cargo xtask baseline --reason ...`"
    )
}

/// Every file below the folders of host classes, from the root of the workspace, in order.
#[must_use]
pub fn all(root: &Path) -> Vec<PathBuf> {
    let folder = root.join(FOLDER);
    let classes = names_in(&folder).into_iter().filter(|name| name != EXACT);
    let files = classes.flat_map(|class| {
        let below = folder.join(&class);
        let names = if below.is_dir() { names_in(&below) } else { vec![String::new()] };
        names.into_iter().map(move |name| Path::new(FOLDER).join(&class).join(name)).collect::<Vec<_>>()
    });
    files.collect()
}

/// Names in a folder, sorted; none where there is no folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// Writes a baseline in its place, whole, and says which.
///
/// # Errors
/// When it cannot be written.
pub fn write(root: &Path, baseline: &Baseline) -> Result<BaselineFile> {
    let name = file_of(&baseline.host_class, &baseline.scenario);
    whole_file::write(&root.join(&name), &file::text(baseline)?)?;
    Ok(BaselineFile { file: name, state: FileState::Accepted, what: baseline.reason.clone() })
}
