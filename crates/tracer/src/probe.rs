//! Which strategies this kernel takes. Each is tried by a process of its own, on that very process: loaded, and where it can
//! be, attached.
//!
//! All are tried at once, since most of the time is spent waiting for the kernel to let go of what was attached.

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Error, Result, ensure};
use aya::EbpfError;
use clap::ValueEnum;
use record::agent::{Probe, StrategyProbe};
use serde_json::{from_slice, to_string};

use crate::{
    choice::{Choice, Strategy},
    neighbours,
    programs::{self, Programs},
};

/// The option by which this program asks itself to try one strategy.
pub const TRY: &str = "try-strategy";

/// Prints one line of JSON: what others have loaded, and each strategy, tried.
///
/// # Errors
/// When the object cannot be read, or standard output not be written. That the kernel refuses a strategy is no error.
pub fn print_all(object: &Path) -> Result<()> {
    programs::read(object)?;
    // Before anything is tried, or it would be among them.
    let others = Some(neighbours::all());
    let tried = Strategy::value_variants().iter().map(|strategy| start(object, *strategy));
    let tried = tried.collect::<Result<Vec<_>>>()?;
    let strategies = tried.into_iter().map(finish).collect::<Result<_>>()?;
    print(&to_string(&Probe { strategies, others })?)
}

/// Tries one strategy, and prints one line of JSON.
///
/// # Errors
/// Those of [`print_all`].
pub fn print_one(object: &Path, strategy: Strategy) -> Result<()> {
    print(&to_string(&probe(object, strategy)?)?)
}

fn print(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

fn start(object: &Path, strategy: Strategy) -> Result<Child> {
    let own = std::env::current_exe().context("where is this binary?")?;
    let mut command = Command::new(own);
    command.arg(format!("--{TRY}")).arg(strategy.name()).arg("--object").arg(object);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().context("cannot start this binary again")
}

fn finish(child: Child) -> Result<StrategyProbe> {
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}", said.trim().trim_start_matches("tracer: "));
    from_slice(&output.stdout).context("a strategy was tried and nothing was said of it")
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
        programs.attach_each_once()?;
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
