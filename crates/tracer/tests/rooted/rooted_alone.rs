//! The agent on its own: a live log, and messages that tell what to do.

use std::{ffi::OsStr, path::Path, time::Duration};

use record::agent::{AgentStats, RequestRecord};
use rustix::process::Signal;

use crate::{
    agent::{Holdings, assert_closed},
    client::{Client, Truth},
    process::{Process, built},
    target::Target,
};

const PROBE: &str = "GET /probe HTTP/1.1\r\nHost: t\r\n\r\n";

/// Starts a live log of `target` and waits until it shows what `client` does.
fn start(target: &Target, client: &mut Client) -> Process {
    let pid = target.pid().to_string();
    let log = Process::start("tracer", &["--pid".as_ref(), pid.as_ref()]);
    // Only a record tells that it is attached.
    crate::process::eventually("the log begins", || {
        client.exchange(PROBE);
        log.line_within(Duration::from_millis(50))
    });
    log
}

fn truths(lines: &[String]) -> Vec<Truth> {
    let records = lines.iter().map(|line| serde_json::from_str::<RequestRecord>(line).unwrap());
    records.map(|record| Truth::from(&record)).filter(|truth| truth.path != "/probe").collect()
}

#[test]
#[ignore = "needs root"]
fn it_prints_a_live_log_and_ends_cleanly_when_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let target = Target::start();
        let mut client = target.connect();
        let mut log = start(&target, &mut client);
        let holdings = Holdings::of(log.pid());
        let request = |number| format!("GET /bytes/{number} HTTP/1.1\r\nHost: t\r\n\r\n");
        let expect: Vec<_> = (0..100).map(|number| client.exchange(&request(number))).collect();
        log.signal(signal);
        assert!(log.wait().success());
        assert_eq!(truths(&log.rest()), expect);
        let errors = log.rest_of_errors();
        let stats: AgentStats = serde_json::from_str(errors.last().unwrap()).unwrap();
        assert_closed(&stats);
        assert_eq!(errors.len(), 1, "{errors:?}");
        holdings.assert_gone();
    }
}

#[test]
#[ignore = "needs root"]
fn it_ends_when_the_watched_process_is_gone() {
    let mut target = Target::start();
    let mut client = target.connect();
    let mut log = start(&target, &mut client);
    target.process.end_input();
    assert!(target.process.wait().success());
    assert!(log.wait().success());
}

/// Starts the agent with arguments that cannot work, and checks what it says.
#[track_caller]
fn refuses(args: &[&OsStr], expect: &[&str]) {
    let mut agent = Process::start("tracer", args);
    assert!(!agent.wait().success());
    assert_eq!(agent.rest(), [""; 0]);
    let errors = agent.rest_of_errors().join("\n");
    for part in expect {
        assert!(errors.contains(part), "{errors}");
    }
}

#[test]
#[ignore = "needs root"]
fn what_cannot_work_is_said_with_its_remedy() {
    let own = std::process::id().to_string();
    let own = OsStr::new(&own);
    let [pid, object, output] = ["--pid", "--object", "--output"].map(OsStr::new);
    let good = built("tracer.bpf.o");
    let good = good.as_os_str();
    // Beyond the highest number that Linux gives out (PID_MAX_LIMIT of linux/threads.h).
    refuses(&[pid, "4194305".as_ref(), object, good], &["there is no process 4194305"]);
    refuses(&[pid, "0".as_ref(), object, good], &["there is no process 0"]);
    refuses(&[pid, own, object, "no.o".as_ref()], &["cannot read the eBPF object no.o", "cargo xtask build"]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    refuses(&[pid, own, object, source.as_os_str()], &["cannot load the object"]);
    refuses(&[pid, own, object, good, output, "/no/where".as_ref()], &["cannot write records to /no/where"]);
    refuses(&[pid, own, object, good, "--control".as_ref()], &["choose `--output null` or a file"]);
    refuses(&[pid, own, "--strategy".as_ref(), "magic".as_ref()], &["raw-tracepoint"]);
    refuses(&[pid, own, "--wakeup".as_ref(), "timer(0 ms)".as_ref()], &["--wakeup", "from 1 to 60000"]);
    refuses(&[pid, own, "--wakeup".as_ref(), "never".as_ref()], &["timer(10 ms)"]);
    refuses(&[pid, own, "--stage".as_ref(), "half".as_ref()], &["lookup"]);
    refuses(&[pid, own, "--ring-bytes".as_ref(), "5000".as_ref()], &["power of two"]);
    refuses(&[], &["--pid"]);
}
