//! What a command says on standard output: text for people, or one JSON document for scripts. Everything else that it says
//! goes to standard error.

use std::{
    fmt::Arguments,
    io::{ErrorKind, Write},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{exit::Unfit, report::Look};

/// What standard output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// People.
    Text,
    /// Scripts: exactly one JSON document, with its schema.
    Json,
}

/// The argument of every command that can speak to scripts.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Output {
    /// `json`: one document on standard output and nothing else, as it is stored where a run is stored
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl Output {
    /// Shows a value, or the text that it comes to.
    ///
    /// # Errors
    /// Those of `text`, and when standard output cannot be written.
    pub fn show(self, value: &impl Serialize, text: impl FnOnce(Look) -> Result<String>) -> Result<()> {
        match self.format {
            Format::Text => print(&text(Look::of_stdout())?),
            Format::Json => print(&(serde_json::to_string_pretty(value)? + "\n")),
        }
    }
}

/// Writes to standard output. A reader who has seen enough (`| head`) is no failure.
///
/// # Errors
/// When standard output cannot be written for another reason.
pub fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            ) =>
        {
            let text = format!(
                "cannot write standard output: {error}: make room where it goes, or have it go elsewhere"
            );
            Err(Unfit(text).into())
        }
        outcome => outcome.context("cannot write standard output"),
    }
}

/// Writes a line to standard error, if anybody reads it.
pub(crate) fn tell(said: Arguments<'_>) {
    let _ = writeln!(std::io::stderr().lock(), "{said}");
}
