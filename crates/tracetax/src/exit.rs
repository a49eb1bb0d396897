//! Exit codes: what a script may rely on. A crash never looks like a verdict.

use std::{error::Error, ffi::OsString, io, process::ExitCode};

use procfs::ProcError;
use record::verdict::Word;
use rustix::io::Errno;

use crate::{
    child::Interrupted,
    printable::{beginning, harmless, is_hostile},
    scenario::Mistakes,
};

/// How a command that did not fail has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// There was nothing to judge, and all went well.
    Done,
    /// All was told, and this machine or user cannot measure.
    Unfit,
    /// A verdict was reached.
    Judged(Word),
    /// A signal ended the run; what was measured is kept.
    Interrupted {
        /// Number of the signal.
        signal: i32,
    },
    /// The lab that this process kept has said all there is to say.
    Kept {
        /// Its exit code.
        code: u8,
    },
}

/// The user asked for something that does not exist or cannot be.
#[derive(Debug)]
pub struct Usage(pub String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Usage {}

/// This machine or user cannot measure.
#[derive(Debug)]
pub struct Unfit(pub String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unfit {}

/// The first argument that would take hold of a terminal wherever it is printed, by whomever. No name or reason needs one.
#[must_use]
pub fn unprintable_argument(mut args: impl Iterator<Item = OsString>) -> Option<Usage> {
    let found = args.find(|arg| arg.to_string_lossy().contains(is_hostile))?;
    let shown = beginning(&found.to_string_lossy());
    Some(Usage(format!("the argument `{shown}` holds a character that cannot be printed: write it without")))
}

/// The code of an error that the user has not asked for and cannot have foreseen.
const FAILED: u8 = 1;

/// What to do about it, where the error itself does not say.
const FAILED_NEXT: &str = "\nThe tool has failed, which says nothing of the tracer. Where the text above does not say what to change, \
                           run it again; if it comes back, report it with that text and the folder of the run.";

/// Where a file, pipe or process could not be opened since too many are: nothing that the tool has failed at.
const CROWDED_NEXT: &str = "\nRaise the limit on open files (`ulimit -n 1024`), and run it again.";

/// Says what failed, and turns an outcome into the process's exit code.
#[must_use]
pub fn code(outcome: anyhow::Result<Outcome>) -> ExitCode {
    match outcome {
        Ok(outcome) => ExitCode::from(of_outcome(outcome)),
        Err(error) => {
            tell!("{}", told(&error));
            ExitCode::from(of_error(&error))
        }
    }
}

fn told(error: &anyhow::Error) -> String {
    let next = match of_error(error) {
        FAILED => FAILED_NEXT,
        _ if is_crowded(error) => CROWDED_NEXT,
        _ => "",
    };
    format!("{}{next}", shown(error))
}

/// What a user reads of an error.
#[must_use]
pub fn shown(error: &anyhow::Error) -> String {
    let text = harmless(&format!("{error:#}"));
    if text.starts_with("error") { text } else { format!("error: {text}") }
}

pub(crate) fn of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Done => 0,
        Outcome::Unfit => 3,
        Outcome::Judged(word) => of_word(word),
        Outcome::Interrupted { signal } => 128u8.saturating_add(u8::try_from(signal).unwrap_or(0)),
        Outcome::Kept { code } => code,
    }
}

/// The exit code of a verdict.
#[must_use]
pub fn of_word(word: Word) -> u8 {
    match word {
        Word::Pass | Word::Improved => 0,
        Word::NotComparable => 3,
        Word::Inconclusive | Word::New => 4,
        Word::Invalid => 5,
        Word::Regressed | Word::OverBudget => 99,
    }
}

pub(crate) fn of_error(error: &anyhow::Error) -> u8 {
    if error.is::<Usage>() || error.is::<Mistakes>() {
        2
    } else if error.is::<Unfit>() || is_crowded(error) {
        3
    } else if error.is::<Interrupted>() {
        130
    } else {
        FAILED
    }
}

/// Whether this process, or all of them, had too many open files.
fn is_crowded(error: &anyhow::Error) -> bool {
    error.chain().filter_map(errno).any(|errno| matches!(errno, Errno::MFILE | Errno::NFILE))
}

fn errno(cause: &(dyn Error + 'static)) -> Option<Errno> {
    let of_file = cause.downcast_ref::<io::Error>().or_else(|| match cause.downcast_ref::<ProcError>()? {
        ProcError::Io(error, _) => Some(error),
        _ => None,
    });
    of_file.and_then(Errno::from_io_error).or_else(|| cause.downcast_ref::<Errno>().copied())
}

#[cfg(test)]
mod tests {
    use procfs::ProcError;
    use record::verdict::Word;
    use rustix::io::Errno;

    use super::{Outcome, Unfit, Usage, of_error, of_outcome, told};

    #[test]
    fn every_word_has_its_code() {
        let words = [
            (Word::Invalid, 5),
            (Word::OverBudget, 99),
            (Word::Regressed, 99),
            (Word::NotComparable, 3),
            (Word::Inconclusive, 4),
            (Word::New, 4),
            (Word::Improved, 0),
            (Word::Pass, 0),
        ];
        for (word, code) in words {
            assert_eq!(of_outcome(Outcome::Judged(word)), code, "{word:?}");
        }
    }

    #[test]
    fn what_nobody_could_foresee_says_what_to_do_about_it() {
        let text = told(&anyhow::anyhow!("broken"));
        assert!(
            text.starts_with("error: broken\nThe tool has failed") && text.contains("report it"),
            "{text}"
        );
        assert_eq!(told(&Usage("no".into()).into()), "error: no");
    }

    #[test]
    fn too_many_open_files_are_the_users_to_allow() {
        let io = || std::io::Error::from(Errno::MFILE);
        let errors = [
            anyhow::Error::from(io()),
            Errno::NFILE.into(),
            ProcError::Io(io(), None).into(),
            anyhow::Error::from(io()).context("cannot start the lab"),
        ];
        for error in errors {
            assert_eq!(of_error(&error), 3, "{error:#}");
            assert!(told(&error).ends_with("(`ulimit -n 1024`), and run it again."), "{error:#}");
        }
    }

    #[test]
    fn signals_and_errors_have_their_codes() {
        assert_eq!(of_outcome(Outcome::Unfit), 3);
        assert_eq!(of_outcome(Outcome::Interrupted { signal: 2 }), 130);
        assert_eq!(of_outcome(Outcome::Interrupted { signal: 15 }), 143);
        assert_eq!(of_outcome(Outcome::Kept { code: 99 }), 99);
        assert_eq!(of_error(&anyhow::anyhow!("broken")), 1);
        assert_eq!(of_error(&Usage("no".into()).into()), 2);
        assert_eq!(of_error(&Unfit("no".into()).into()), 3);
        assert_eq!(of_error(&anyhow::Error::from(Unfit("no".into())).context("in a context")), 3);
    }
}
