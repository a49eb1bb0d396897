//! Which strategies this kernel takes. Each is tried on this very process: loaded, and where it can be, attached.

use std::{io::Write, path::Path};

use anyhow::{Error, Result};
use aya::EbpfError;
use clap::ValueEnum;
use record::agent::StrategyProbe;

use crate::{
    choice::{Choice, Strategy},
    programs::Programs,
};

/// Prints one JSON line for each strategy.
///
/// # Errors
/// When the object cannot be read, or standard output not be written. That the kernel refuses a strategy is no error.
pub fn print_all(object: &Path) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for strategy in Strategy::value_variants() {
        serde_json::to_writer(&mut out, &probe(object, *strategy)?)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

fn probe(object: &Path, strategy: Strategy) -> Result<StrategyProbe> {
    let reason = match try_out(object, strategy) {
        Err(error) if is_of_the_object(&error) => return Err(error),
        tried => tried.err().map(|error| format!("{error:#}")),
    };
    Ok(StrategyProbe { strategy: strategy.name().into(), available: reason.is_none(), reason })
}

/// Says nothing of the kernel: the object is not there, or is none.
fn is_of_the_object(error: &Error) -> bool {
    error.is::<std::io::Error>() || matches!(error.downcast_ref(), Some(EbpfError::ParseError(_)))
}

fn try_out(object: &Path, strategy: Strategy) -> Result<()> {
    let (mut programs, _events) = Programs::load(object, &Choice::usual(std::process::id(), strategy))?;
    // The probes on functions find theirs only in a service that has them.
    if !matches!(strategy, Strategy::UprobeNop | Strategy::UprobeEntry) {
        programs.attach()?;
        programs.detach();
    }
    Ok(())
}
