//! Exit codes of the driver's own failures; a command handed on exits with the lab's code instead.

use std::fmt;
use std::process::ExitCode;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const UNFIT: u8 = 3;

/// An end of the driver whose exit code is not plain failure.
#[derive(Debug)]
struct Stop {
    code: u8,
    text: String,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Stop {}

/// The caller asked for something that does not exist.
pub(crate) fn usage(text: String) -> anyhow::Error {
    Stop { code: USAGE, text }.into()
}

/// The machine lacks something that the driver may not or cannot install.
pub(crate) fn unfit(text: String) -> anyhow::Error {
    Stop { code: UNFIT, text }.into()
}

/// The exit code that `error` stands for.
pub(crate) fn code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(number(error))
}

pub(crate) fn number(error: &anyhow::Error) -> u8 {
    error.downcast_ref::<Stop>().map_or(FAILED, |stop| stop.code)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn the_code_survives_added_context() {
        let unfit = Err::<(), _>(unfit("no compiler".into())).context("cannot build").unwrap_err();
        assert_eq!(number(&unfit), 3);
        assert_eq!(number(&usage("what?".into())), 2);
        assert_eq!(number(&anyhow!("broke")), 1);
    }
}
