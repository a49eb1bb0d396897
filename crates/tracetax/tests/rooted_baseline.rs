//! Recording, accepting, comparing and confirming with the real binaries. Needs root. Nothing here depends on how fast this
//! machine is: tolerances are far beyond what a tracer costs, and where the machine may speak, its word is allowed.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{fs, path::PathBuf};

use record::{
    baseline_files::{BaselineFiles, FileState},
    comparison::{Arithmetic, Comparison},
    recording::{Recording, SCHEMA},
    verdict::Word,
};
use rustix::process::Signal;
use site::Site;
use tracetax::results::Folder;

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// No tracer costs half a millisecond more or less from session to session.
const SHORT: &str = closed_loop!(
    "What does the tracer cost in a short run?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [7, 7, 7],
    per_life = 7,
    r"[tolerance]
server_cpu_us_per_request = 500
"
);

/// One block is longer than it takes to send a signal.
const LONG: &str = closed_loop!(
    "What does an interrupted recording leave?",
    block_ms = 600,
    warmup_ms = 0,
    pairs = [1000, 1000, 1000],
    per_life = 1000,
    r"[tolerance]
server_cpu_us_per_request = 500
"
);

fn site(name: &str, text: &str) -> Site {
    Site::new(name, text).with_variable("TRACETAX_REVISION", REVISION)
}

/// Names of the folders of runs and recordings.
fn folders(site: &Site) -> Vec<String> {
    let names =
        fs::read_dir(site.results()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "latest").collect();
    names.sort();
    names
}

/// The only file below `baselines/`.
fn baseline(site: &Site) -> Option<PathBuf> {
    let class = fs::read_dir(site.results().parent().unwrap().join("baselines")).ok()?.next()?.unwrap();
    Some(fs::read_dir(class.path()).unwrap().next()?.unwrap().path())
}

fn comparison(folder: &Folder) -> Comparison {
    folder.comparison().unwrap().unwrap()
}

#[test]
#[ignore = "needs root"]
fn one_command_records_and_accepts_and_a_run_is_compared_with_it() {
    let site = site("short", SHORT);
    let ended = site.run(&["baseline", "--sessions", "2", "--reason", "first", "--format", "json"]);
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
    let told: BaselineFiles = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((told.files.len(), told.files[0].state), (1, FileState::Accepted));
    assert_eq!(told.files[0].what, "first");
    assert!(ended.stderr.contains("2 sessions do not gate"), "{}", ended.stderr);
    let (recorded, runs): (Vec<_>, Vec<_>) =
        folders(&site).into_iter().partition(|name| name.ends_with("-baseline"));
    assert_eq!((recorded.len(), runs.len()), (1, 2));
    let plans = runs.iter().map(|name| Folder::open(&site.results().join(name)).unwrap().plan().unwrap());
    let plans: Vec<_> = plans.collect();
    assert_ne!(plans[0].seed, plans[1].seed);
    let file = fs::read_to_string(baseline(&site).unwrap()).unwrap();
    assert!(file.contains("reason = \"first\"") && file.contains(REVISION), "{file}");
    assert_eq!(site.run(&["baseline", "--check"]).code(), 0);

    let compared = site.run(&["compare"]);
    assert_eq!(compared.code(), 4, "{}", compared.stdout);
    assert_eq!(comparison(&site.latest()).scenarios[0].reasons[0].code, "too-few-sessions");
}

/// Five sessions of a tracer that cost a millisecond less, and an untraced arm that may be anything: made of one real run.
fn accept_a_cheaper_past(site: &Site, run: &Folder) {
    let mut sessions = Vec::new();
    for number in 0..5 {
        let name = format!("past-{number}");
        let folder = Folder::create_aside(&site.results(), &name).unwrap();
        folder.write_sealed("plan.json", &run.plan().unwrap()).unwrap();
        folder.write_sealed("host.json", &run.host().unwrap()).unwrap();
        let mut verdict = run.verdict().unwrap();
        let metrics = &mut verdict.scenarios[0].treatments[0].metrics;
        let metric = metrics.iter_mut().find(|one| one.name == "server_cpu_us_per_request").unwrap();
        metric.estimate -= 1_000.0 + f64::from(number);
        metric.untraced = metric.untraced.map(|untraced| untraced * f64::from(1 + number));
        folder.write_sealed("verdict.json", &verdict).unwrap();
        sessions.push(name);
    }
    let folder = Folder::create_aside(&site.results(), "99991231T235959Z-past-baseline").unwrap();
    folder.write_sealed("recording.json", &Recording { schema: SCHEMA.into(), wanted: 5, sessions }).unwrap();
    let ended = site.run(&["baseline", "--accept", "--reason", "a cheaper past"]);
    assert_eq!(ended.code(), 0, "{}", ended.stderr);
}

#[test]
#[ignore = "needs root"]
fn a_flag_is_confirmed_by_a_fresh_session_of_the_same_size() {
    let site = site("short", SHORT).with_variable("BENCHMARK_DURATION", "900ms");
    let bench = site.run(&["bench", "short"]);
    let run = Folder::open(&site.latest().path().canonicalize().unwrap()).unwrap();
    assert_ne!(run.verdict().unwrap().word, Word::Invalid, "{}", bench.stdout);
    accept_a_cheaper_past(&site, &run);
    let path = run.path().to_str().unwrap().to_owned();
    let before = folders(&site).len();

    assert_eq!(site.run(&["compare", &path]).code(), 4);
    assert_eq!(comparison(&run).scenarios[0].reasons[0].code, "flagged");
    assert_eq!(folders(&site).len(), before);

    // The size is that of the run, though nothing says so any more.
    let site = site.without_variable("BENCHMARK_DURATION");
    let ended = site.run(&["compare", &path, "--confirm"]);
    assert_eq!(folders(&site).len(), before + 1, "{}", ended.stderr);
    let compared = comparison(&run);
    if ended.code() == 3 {
        // The machine was too uneven in the fresh session for it to count.
        assert_eq!(compared.scenarios[0].reasons[0].code, "invalid-run", "{}", ended.stdout);
        return;
    }
    assert_eq!((ended.code(), compared.word), (99, Word::Regressed), "{}{}", ended.stdout, ended.stderr);
    let Arithmetic::Sessions { sessions, .. } = &compared.scenarios[0].metrics[0].arithmetic else {
        panic!("a stored comparison is of sessions")
    };
    assert_eq!(sessions.len(), 2);
}

#[test]
#[ignore = "needs root"]
fn a_signal_keeps_what_was_measured_and_nothing_is_accepted() {
    let site = site("long", LONG);
    let mut run = site.start(&["baseline", "--reason", "first"]);
    run.wait_for_blocks(2);
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code(), 130, "{}", ended.stderr);
    assert!(ended.stderr.contains("nothing was accepted"), "{}", ended.stderr);
    assert!(site.blocks_so_far() >= 2);
    assert_eq!(baseline(&site), None);
    let accepted = site.run(&["baseline", "--accept", "--reason", "first"]);
    assert_eq!(accepted.code(), 2);
    assert!(accepted.stderr.contains("was interrupted after 0 sessions"), "{}", accepted.stderr);
}
