//! The exact gate: numbers that need neither root nor a quiet machine, held against the accepted ones in `baselines/exact/`.

mod compare;
mod text;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::Result;
use record::{exact::Exact, verdict::Word};

use crate::{
    bench::root,
    bounded,
    exit::{Outcome, Usage},
    output::print,
    publish,
    report::Look,
    session::own_folder,
    whole_file,
};

pub use compare::{Comparison, Row, compare};

/// No file of accepted numbers is near this size.
const MOST_BYTES: u64 = 1 << 20;

/// Arguments of the commands that have exact numbers, among their others.
#[derive(Debug, clap::Args)]
pub struct Gate {
    /// Hold the exact numbers against the accepted ones: 0 equal or less, 99 more, 3 other conditions, 4 none accepted
    #[arg(long, conflicts_with = "format")]
    check: bool,
    /// Accept the exact numbers as they are now; the file is to be committed with the change
    #[arg(long, requires = "reason", conflicts_with = "format")]
    accept: bool,
    /// Why they are accepted
    #[arg(long, requires = "accept", value_name = "TEXT")]
    reason: Option<String>,
}

impl Gate {
    /// Whether the numbers are to be held against something, or accepted.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.check || self.accept
    }
}

/// Compares what the command `of` found with what was accepted, shows it, and accepts it where that is asked for.
///
/// # Errors
/// When the accepted file is damaged, or cannot be written.
pub fn gate(of: &str, args: &Gate, now: Exact) -> Result<Outcome> {
    let file = format!("baselines/exact/{of}.toml");
    let path = root().join(&file);
    let accepted = read(&path)?;
    let comparison = compare(accepted.as_ref(), &now);
    print(&text::terminal(of, &file, &comparison, Look::of_stdout()))?;
    if args.accept {
        let reason = args.reason.clone().unwrap_or_default().trim().to_owned();
        return accept(&path, &file, &Exact { reason, ..now });
    }
    publish::on_github(&text::summary(of, &file, &comparison), &text::note(of, &file, &comparison))?;
    Ok(Outcome::Judged(comparison.word))
}

fn accept(path: &Path, file: &str, exact: &Exact) -> Result<Outcome> {
    if exact.reason.is_empty() {
        return Err(Usage("--reason is empty: say why these numbers are accepted".into()).into());
    }
    whole_file::write(path, &toml::to_string(exact)?)?;
    print(&format!("accepted: {file} is written anew; commit it with the change\n"))?;
    Ok(Outcome::Judged(Word::Pass))
}

fn read(path: &Path) -> Result<Option<Exact>> {
    let damaged = |error: &dyn std::fmt::Display| {
        Usage(format!(
            "{} cannot be read: {error}; take it back by `git checkout`, or remove it and accept anew",
            path.display()
        ))
    };
    match bounded::read(path, MOST_BYTES) {
        Ok(bytes) => Ok(Some(toml::from_slice(&bytes).map_err(|error| damaged(&error))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(damaged(&error).into()),
    }
}

/// What a program beside this binary was built by: the driver leaves it in a file beside it.
///
/// # Errors
/// When there is none.
pub fn toolchain(program: &str) -> Result<String> {
    let path: PathBuf = own_folder()?.join(program).with_extension("toolchain");
    let text = fs::read_to_string(&path).map_err(|error| {
        Usage(format!(
            "cannot read {}: {error}; `cargo xtask` leaves it when it builds {program}",
            path.display()
        ))
    })?;
    Ok(text.trim().to_owned())
}
