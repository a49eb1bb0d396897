//! The lab's commands: JSON lines on standard input, answers on standard output.
//!
//! They are read by a thread of their own, so that neither waiting for a command nor obeying it wakes the event loop. A flood runs in
//! that thread too.

use std::{
    io::{self, BufRead as _, Write as _},
    sync::Arc,
    thread,
    time::Duration,
};

use record::target::{TargetCommand, TargetReply};
use tokio::sync::oneshot;

use crate::{flood::flood, work::Work};

/// The longest planted cost: a mistyped unit must not hang the server.
const MAX_PLANTED_NS: u64 = 1_000_000_000;

/// The longest flood: it cannot be ended before its time.
const MAX_FLOOD_NS: u64 = 600_000_000_000;

/// Writes one reply line.
///
/// # Errors
/// When standard output is closed.
pub(crate) fn say(reply: &TargetReply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut output = io::stdout().lock();
    output.write_all(&line)?;
    output.flush()
}

/// Obeys the commands on standard input in a thread. What is returned completes when the input has ended.
pub(crate) fn obey(work: Arc<Work>) -> oneshot::Receiver<()> {
    let (ended, input_ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        // Dropped with this thread, for whatever reason it ends: that is the signal.
        let _ended = ended;
        obey_until_end(&work)
    });
    input_ended
}

fn obey_until_end(work: &Work) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if !line.trim_ascii().is_empty() {
            say(&reply_to(&line, work))?;
        }
        line.clear();
    }
    Ok(())
}

fn reply_to(line: &[u8], work: &Work) -> TargetReply {
    match serde_json::from_slice(line) {
        Ok(TargetCommand::Plant { ns_per_request }) if ns_per_request <= MAX_PLANTED_NS => {
            work.plant(ns_per_request);
            TargetReply::Planted { ns_per_request }
        }
        Ok(TargetCommand::Plant { ns_per_request }) => TargetReply::Error {
            message: format!("{ns_per_request} ns a request is too much to plant: at most {MAX_PLANTED_NS}"),
        },
        Ok(TargetCommand::Flood { duration_ns, .. }) if duration_ns > MAX_FLOOD_NS => TargetReply::Error {
            message: format!("{duration_ns} ns is too long for a flood: at most {MAX_FLOOD_NS}"),
        },
        Ok(TargetCommand::Flood { events_per_second, duration_ns }) => {
            flood(events_per_second, Duration::from_nanos(duration_ns), work).map_or_else(
                |error| TargetReply::Error { message: format!("the flood failed: {error}") },
                TargetReply::Flooded,
            )
        }
        Ok(TargetCommand::Stats) => TargetReply::Stats { requests: work.requests() },
        Err(error) => TargetReply::Error { message: format!("not a command of the target: {error}") },
    }
}

#[cfg(test)]
mod tests {
    use record::target::TargetReply;

    use super::reply_to;
    use crate::work::Work;

    #[test]
    fn a_plant_is_in_force_when_it_is_acknowledged() {
        let work = Work::default();
        let reply = reply_to(br#"{"plant":{"ns_per_request":5000}}"#, &work);
        assert_eq!(reply, TargetReply::Planted { ns_per_request: 5_000 });
        assert_eq!(work.planted_ns(), 5_000);
    }

    #[test]
    fn what_is_no_command_changes_nothing() {
        let work = Work::default();
        work.plant(7);
        for line in [
            &b"\"stop\""[..],
            b"{",
            b"\xff\xfe",
            br#"{"plant":{"ns_per_request":18446744073709551615}}"#,
            br#"{"flood":{"events_per_second":0,"duration_ns":1}}"#,
            br#"{"flood":{"events_per_second":null,"duration_ns":600000000001}}"#,
        ] {
            assert!(matches!(reply_to(line, &work), TargetReply::Error { .. }));
        }
        assert_eq!(work.planted_ns(), 7);
    }
}
