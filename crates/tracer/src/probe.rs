//! Which strategies this kernel takes. Each is tried on this very process: loaded, and where it can be, attached.

use std::{io::Write, path::Path};

use anyhow::{Error, Result};
use aya::EbpfError;
use clap::ValueEnum;
use record::agent::StrategyProbe;

use crate::{
    choice::{Choice, Strategy},
    programs::{self, Programs},
};

/// Prints one JSON line for each strategy.
///
/// # Errors
/// When the object cannot be read, or standard output not be written. That the kernel refuses a strategy is no error.
pub fn print_all(object: &Path) -> Result<()> {
    programs::read(object)?;
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
        tried => tried.err().map(|error| brief(&format!("{error:#}"))),
    };
    Ok(StrategyProbe { strategy: strategy.name().into(), available: reason.is_none(), reason })
}

/// Says nothing of the kernel: the object is none.
fn is_of_the_object(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(EbpfError::ParseError(_)))
}

/// Without the verifier's log, which may be of hundreds of lines.
fn brief(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.split(". Verifier output:").next().unwrap_or_default().into()
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

#[cfg(test)]
mod tests {
    use super::brief;

    #[test]
    fn the_log_of_the_verifier_is_no_reason() {
        let reason =
            "the kernel refuses `x`: the BPF_PROG_LOAD syscall returned Operation not permitted (os error 1)";
        assert_eq!(
            brief(&format!("{reason}. Verifier output: : Operation not permitted (os error 1)")),
            reason
        );
        assert_eq!(
            brief(&format!("{reason}. Verifier output: 0: R1=ctx()\n1: (b7) r0 = 0\n: refused")),
            reason
        );
        assert_eq!(brief("cannot attach `x`: no such file"), "cannot attach `x`: no such file");
    }
}
