//! What `baseline` shows people: a line for each file.

use record::baseline_files::{BaselineFile, FileState};

use crate::printable::harmless;

/// What was found of every file.
#[must_use]
pub fn checked(files: &[BaselineFile]) -> String {
    if files.is_empty() {
        return "there is no baseline yet: record one by `cargo xtask baseline --reason \"first\"`\n".into();
    }
    lines(files)
}

/// A line for each file.
#[must_use]
pub fn lines(files: &[BaselineFile]) -> String {
    files.iter().map(|file| harmless(&line(file)) + "\n").collect()
}

fn line(BaselineFile { file, state, what }: &BaselineFile) -> String {
    match state {
        FileState::Ok => format!("ok    {file}: {what}"),
        FileState::Old => format!("old   {file}: {what}"),
        FileState::Wrong => format!("wrong {file}: {what}"),
        FileState::Accepted => format!("accepted {file} ({what}): commit it"),
    }
}
