//! The bystander: a process that nobody traces, and that makes cheap system calls when asked.
//!
//! Some hooks are on the way of every process of the machine, and each then pays for a tracer that watches another.
//! `getppid` does next to nothing in the kernel, so what is added to it is the way there and back. Between two commands
//! the bystander sleeps.

use std::{
    io::{self, BufRead as _, Write as _},
    time::{Duration, Instant},
};

use anyhow::Result;
use record::bystander::{BystanderCommand, BystanderReply, BystanderUse};
use rustix::{
    process::{Signal, getppid, set_parent_process_death_signal},
    time::{ClockId, clock_gettime},
};

use crate::exit::Outcome;

/// Calls between two looks at the clock: about 0.1 ms, so that the looks do not count.
const BATCH: u64 = 1_000;

/// The longest stretch: a mistyped unit must not hang a run.
const LONGEST: Duration = Duration::from_secs(60);

/// Obeys commands until the end of standard input.
///
/// # Errors
/// When standard input or output fails.
pub fn run() -> Result<Outcome> {
    // A parent that died before this has closed the input, which ends it as well.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    say(&BystanderReply::Ready { pid: std::process::id() })?;
    for line in io::stdin().lock().lines() {
        say(&reply_to(&line?))?;
    }
    Ok(Outcome::Done)
}

fn say(reply: &BystanderReply) -> Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}

fn reply_to(line: &str) -> BystanderReply {
    match serde_json::from_str(line) {
        Ok(BystanderCommand::Measure { duration_ns }) if duration_ns <= LONGEST.as_nanos() as u64 => {
            BystanderReply::Measured(measure(Duration::from_nanos(duration_ns)))
        }
        Ok(BystanderCommand::Measure { duration_ns }) => BystanderReply::Error {
            message: format!("{duration_ns} ns is too long: at most {} ns", LONGEST.as_nanos()),
        },
        Err(error) => BystanderReply::Error { message: format!("not a command of the bystander: {error}") },
    }
}

/// At least one batch, so that there is something to divide by.
fn measure(duration: Duration) -> BystanderUse {
    let start = Instant::now();
    let cpu_start_ns = own_cpu_ns();
    let mut calls = 0;
    loop {
        for _ in 0..BATCH {
            let _ = getppid();
        }
        calls += BATCH;
        if start.elapsed() >= duration {
            return BystanderUse { calls, cpu_ns: own_cpu_ns() - cpu_start_ns };
        }
    }
}

/// Exact also while the thread runs: the kernel brings the counter up to date before it tells it (posix-cpu-timers.c).
fn own_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use record::bystander::BystanderReply;

    use super::reply_to;

    #[test]
    fn calls_are_made_for_as_long_as_asked() {
        let start = Instant::now();
        let reply = reply_to(r#"{"measure":{"duration_ns":5000000}}"#);
        let elapsed_ns = start.elapsed().as_nanos() as u64;
        let BystanderReply::Measured(used) = reply else { panic!("{reply:?}") };
        assert!(elapsed_ns >= 5_000_000);
        assert!(used.calls >= 1_000 && used.calls.is_multiple_of(1_000), "{used:?}");
        // No system call is cheaper than 10 ns, and the thread cannot have run for longer than it took.
        assert!(used.cpu_ns > 10 * used.calls && used.cpu_ns <= elapsed_ns, "{used:?} in {elapsed_ns}");
    }

    #[test]
    fn what_is_no_command_is_told() {
        for line in ["", "nonsense", r#"{"measure":{}}"#, r#"{"measure":{"duration_ns":60000000001}}"#] {
            assert!(matches!(reply_to(line), BystanderReply::Error { .. }), "{line}");
        }
    }
}
