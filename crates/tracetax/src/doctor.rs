//! `doctor`: what works on this machine, what does not, why it matters, and what to do. It changes nothing.
//!
//! Everything is read first ([`Machine`]); each fact is then judged by a function of what was read. A group of facts is a
//! file, and a fact one `Topic` of its list. Only the tracer talks to BPF: it tries the strategies, and says
//! who else traces.

mod accounting;
mod bpf;
mod cgroup;
mod clock;
mod detached;
mod kernel;
mod machine;
#[cfg(test)]
mod made_up;
mod neighbours;
mod processor;
mod rights;
mod space;
mod strategies;
#[cfg(test)]
mod tests;
mod text;
mod tools;
mod topic;

use anyhow::Result;
use record::{
    agent::Probe,
    doctor::{Diagnosis, Fact, SCHEMA, State},
};

use crate::{
    exit::Outcome,
    output::{Format, Output},
    probe, session,
};
pub use machine::{Machine, Unasked};
use topic::{Finding, Topic};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tell why each fact matters, not only those that are not well
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
    /// The same as `--format json`
    #[arg(long)]
    json: bool,
}

/// The first that is not well is the first to be done. So rights come first, on which the rest hangs, and strategies last:
/// only another kernel would help there.
const GROUPS: [(&str, &[Topic]); 11] = [
    ("rights", &rights::TOPICS),
    ("tools", &tools::TOPICS),
    ("kernel", &kernel::TOPICS),
    ("bpf", &bpf::TOPICS),
    ("cgroups", &cgroup::TOPICS),
    ("clock", &clock::TOPICS),
    ("accounting", &accounting::TOPICS),
    ("processors", &processor::TOPICS),
    ("space", &space::TOPICS),
    ("neighbours", &neighbours::TOPICS),
    ("strategies", &strategies::TOPICS),
];

/// Looks at this machine, and shows what was found.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &Args) -> Result<Outcome> {
    let facts = facts(&Machine::read(ask()));
    let diagnosis = Diagnosis { schema: SCHEMA.into(), facts };
    let output = if args.json { Output { format: Format::Json } } else { args.output };
    output.show(&diagnosis, |look| Ok(text::render(&diagnosis.facts, args.verbose, look)))?;
    let fails = diagnosis.facts.iter().any(|fact| fact.state == State::Fail);
    Ok(if fails { Outcome::Unfit } else { Outcome::Done })
}

/// All facts of a machine.
#[must_use]
pub fn facts(machine: &Machine) -> Vec<Fact> {
    let of = |(group, topics): (&str, &[Topic])| -> Vec<Fact> {
        topics.iter().map(|topic| topic.fact(group, machine)).collect()
    };
    GROUPS.into_iter().flat_map(of).collect()
}

/// Asks the tracer, where this user may.
fn ask() -> Result<Probe, Unasked> {
    let unasked = |reason: String, next_step: &str| Unasked { reason, next_step: next_step.into() };
    session::require_root().map_err(|_| unasked("that needs root".into(), machine::AS_ROOT))?;
    probe::ask().map_err(|error| unasked(format!("{error:#}"), "cargo xtask build"))
}
