//! The core warmer: burns what nobody else wants of one processor, until its input ends.
//!
//! At idle priority (`SCHED_IDLE`, sched(7)) it runs only while nothing else wants the processor, so it takes no time from
//! the target; it keeps the processor from falling asleep.

use std::{
    hint::spin_loop,
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::{Result, anyhow};
use rustix::process::{Signal, set_parent_process_death_signal};
use thread_priority::{
    ThreadPriority, ThreadSchedulePolicy,
    unix::{NormalThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id},
};

use crate::exit::Outcome;

/// Spins until the end of standard input.
///
/// # Errors
/// When the kernel does not grant the idle priority: at any other it would take time from the target.
pub fn run() -> Result<Outcome> {
    // A parent that died before this has closed the input, which ends it as well.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle)
        .map_err(|error| anyhow!("no idle priority: {error}"))?;
    let end = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&end);
    thread::spawn(move || {
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        seen.store(true, Ordering::Relaxed);
    });
    while !end.load(Ordering::Relaxed) {
        spin_loop();
    }
    Ok(Outcome::Done)
}
