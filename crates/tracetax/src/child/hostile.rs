//! Children that say what no child says, each with what is told of it: `tests/bad-inputs/replies.toml`.

use std::{
    fmt::Debug,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use record::{agent::AgentReply, load::LoadReply, target::TargetReply};
use serde::de::DeserializeOwned;

use super::{Child, Launch};
use crate::cgroup::Role;

#[path = "../../tests/bad_inputs/table.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod table;

const TABLE: &str = "tests/bad-inputs/replies.toml";

/// For a child that says no more; the lab gives each answer a limit too.
const SILENCE: Duration = Duration::from_millis(300);

/// All that is heard of a child that says `bytes`, up to the first thing that is wrong with it.
fn heard<R: DeserializeOwned + Send + Debug + 'static>(bytes: &[u8], role: Role, silent: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (said, log) = (folder.path().join("said"), folder.path().join("log"));
    std::fs::write(&said, bytes).unwrap();
    let begun = Instant::now();
    let (program, args) = if silent {
        ("tail", vec!["--follow".into(), "--bytes=+1".into(), said.into()])
    } else {
        ("cat", vec![said.into()])
    };
    let launch =
        Launch { role, program: Path::new(program), args, cpus: &[], log: &log, interrupt: Arc::default() };
    let mut child: Child<R> = launch.start().unwrap();
    let mut heard = String::new();
    let wrong = loop {
        match child.receive(if silent { SILENCE } else { 10 * SILENCE }) {
            Ok(reply) => heard += &format!("{}\n", beginning(&format!("{reply:?}"))),
            Err(wrong) => break format!("{wrong:#}"),
        }
    };
    drop(child);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    heard + &wrong.replace(&folder.path().display().to_string(), "RUN")
}

fn beginning(text: &str) -> String {
    text.split(['{', '(']).next().unwrap_or("").trim().to_owned()
}

#[test]
fn each_bad_reply_is_told() {
    let file = Path::new(TABLE);
    let said = table::cases(file).into_iter().map(|case| {
        let (bytes, silent) = (case.bytes("says").unwrap(), case.is("silent"));
        let heard = match case.kind.as_str() {
            "agent" => heard::<AgentReply>(&bytes, Role::Agent, silent),
            "target" => heard::<TargetReply>(&bytes, Role::Target, silent),
            "load" => heard::<LoadReply>(&bytes, Role::Load, silent),
            other => panic!("there is no {other}"),
        };
        assert!(heard.chars().all(|c| c == '\n' || !c.is_control()), "{}: {heard:?}", case.name);
        (format!("{} {}", case.kind, case.name), heard)
    });
    table::hold(file, &said.collect::<Vec<_>>());
}
