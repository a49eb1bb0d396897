//! The kernel's run-time statistics of programs: on as long as a descriptor is open (`BPF_ENABLE_STATS`, bpf(2)).
//!
//! To switch them on takes `CAP_SYS_ADMIN`, which is nearly all that root may. So a process of its own does it, and the
//! agent that is measured need not keep it.

use std::io::{self, Read as _, Write as _};

use anyhow::{Context, Result};
use aya::sys::{Stats, enable_stats};
use record::agent::AgentReply;

use crate::rights::Rights;

/// Keeps them on until standard input ends, and says on standard output whether they are on. They end with this process.
///
/// # Errors
/// When rights cannot be given up, or standard input or output breaks. That the kernel gives none is an answer.
pub fn hold() -> Result<()> {
    let held = enable_stats(Stats::RunTime).context("the kernel gives no run-time statistics");
    Rights::none().keep_only_these()?;
    let reply = match &held {
        Ok(_) => AgentReply::RunStatistics { on: true },
        Err(error) => AgentReply::Error { message: format!("{error:#}") },
    };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &reply)?;
    out.write_all(b"\n")?;
    out.flush()?;
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}
