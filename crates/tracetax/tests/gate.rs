//! `baseline` and `compare` from the command line, without root: exit codes, what is refused, what is said. Nothing is
//! measured; runs are made up.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use record::{
    comparison::Comparison,
    recording::{Recording, SCHEMA},
    revision::Revision,
    verdict::{Metric, Word},
};
use tempfile::TempDir;
use tracetax::{
    host, judge,
    plan::{Profile, Wanted, plan},
    results::Folder,
    scenario::parse,
};

const METRIC: &str = "server_cpu_us_per_request";

const SCENARIO: &str = closed_loop!(
    "What does it cost?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [20, 20, 20],
    per_life = 10,
    r"[tolerance]
server_cpu_us_per_request = 0.25
"
);

const COSTS: [f64; 5] = [1.05, 1.08, 1.10, 1.12, 1.15];

/// A place with one scenario, its results and its baselines.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.path("scenarios")).unwrap();
        site.scenario(SCENARIO);
        site
    }

    /// The same with a baseline of five sessions.
    fn with_baseline() -> Self {
        let site = Self::new();
        site.recording(&COSTS);
        site.ends(&["baseline", "--accept", "--reason", "first"], 0);
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn scenario(&self, text: &str) {
        fs::write(self.path("scenarios/good.toml"), text).unwrap();
    }

    /// The file of the baseline on this host.
    fn baseline(&self) -> PathBuf {
        let class = host::read().unwrap().class_id;
        self.path("baselines").join(class).join("good.toml")
    }

    /// Leaves a run with this cost, and points `latest` at it.
    fn run(&self, name: &str, cost: f64) -> Folder {
        self.run_of(name, cost, Some(false))
    }

    /// A run of a clean tree, of a dirty one, or of nobody knows what.
    fn run_of(&self, name: &str, cost: f64, dirty: Option<bool>) -> Folder {
        let scenario = parse("good", "good.toml", SCENARIO).unwrap();
        let revision =
            dirty.map(|dirty| Revision { commit: "0123456789abcdef".into(), dirty, planted: false });
        let wanted = Wanted {
            profile: Profile::Quick,
            seed: 1,
            load_per_arm: None,
            strategies: &[],
            revision: revision.as_ref(),
        };
        let plan = plan(&[scenario], &wanted);
        let mut verdict = judge::judge(&plan, &[]);
        verdict.interrupted = None;
        let scenario = &mut verdict.scenarios[0];
        (verdict.word, scenario.word) = (Word::Pass, Word::Pass);
        scenario.reasons.clear();
        scenario.treatments[0].metrics = vec![metric(cost)];
        let _ = fs::remove_dir_all(self.path("results").join(name));
        let folder = Folder::create(&self.path("results"), name).unwrap();
        folder.write_sealed("plan.json", &plan).unwrap();
        folder.write_sealed("host.json", &host::read().unwrap()).unwrap();
        folder.write_sealed("verdict.json", &verdict).unwrap();
        folder
    }

    /// Leaves a recording of sessions with these costs.
    fn recording(&self, costs: &[f64]) {
        self.recording_of(costs, costs.len(), Some(false));
    }

    fn recording_of(&self, costs: &[f64], wanted: usize, dirty: Option<bool>) {
        let mut sessions = Vec::new();
        for (index, cost) in costs.iter().enumerate() {
            sessions.push(format!("session-{index}"));
            self.run_of(&sessions[index], *cost, dirty);
        }
        let _ = fs::remove_dir_all(self.path("results/1-baseline"));
        let folder = Folder::create_aside(&self.path("results"), "1-baseline").unwrap();
        let recording = Recording { schema: SCHEMA.into(), wanted: wanted as u32, sessions };
        folder.write_sealed("recording.json", &recording).unwrap();
    }

    /// The lab, with nothing of this process's environment.
    fn lab(&self, args: &[&str]) -> Command {
        let mut lab = Command::new(env!("CARGO_BIN_EXE_tracetax"));
        lab.args(args).env_clear();
        lab.env("TRACETAX_ROOT", self.0.path()).env("OUTPUT_DIR", self.path("results"));
        lab
    }

    /// Ends with this code; gives what it said on both.
    fn ends(&self, args: &[&str], code: i32) -> (String, String) {
        let Output { status, stdout, stderr } = self.lab(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert_eq!(status.code(), Some(code), "{args:?}: {stdout}{stderr}");
        (stdout, stderr)
    }

    /// Refused with this code, saying all of this.
    fn refused(&self, args: &[&str], code: i32, says: &[&str]) {
        let (_, stderr) = self.ends(args, code);
        for part in says {
            assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
        }
    }

    fn comparison(&self, run: &str) -> Comparison {
        Folder::open(&self.path("results").join(run)).unwrap().comparison().unwrap().unwrap()
    }
}

fn metric(cost: f64) -> Metric {
    Metric {
        name: METRIC.into(),
        untraced: Some(7.0),
        estimate: cost,
        low: Some(cost - 0.1),
        high: Some(cost + 0.1),
        samples: 20,
        mde: Some(0.15),
        mean: None,
        lives: None,
        limit: None,
        adequate: None,
        word: None,
    }
}

#[test]
fn each_word_of_a_stored_comparison_has_its_exit_code() {
    let site = Site::with_baseline();
    site.run("fresh", 1.5);
    for (cost, args, code, word) in [
        (1.1, &["compare"][..], 0, Word::Pass),
        (0.8, &["compare"], 0, Word::Improved),
        (1.3, &["compare"], 4, Word::Inconclusive),
        (1.5, &["compare"], 4, Word::Inconclusive),
        (1.5, &["compare", "--confirmed-by", "results/fresh"], 99, Word::Regressed),
    ] {
        site.run("run", cost);
        let mut lab = site.lab(args);
        let output = lab.current_dir(site.0.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(site.comparison("run").word, word);
    }
}

#[test]
fn a_run_without_a_baseline_is_new_and_one_of_another_host_not_comparable() {
    let site = Site::new();
    site.run("run", 1.1);
    let (stdout, _) = site.ends(&["compare"], 4);
    assert!(
        stdout.contains("no-baseline") && stdout.contains("cargo xtask baseline good --reason"),
        "{stdout}"
    );
    let site = Site::with_baseline();
    let elsewhere = site.path("baselines/00000000/good.toml");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::rename(site.baseline(), &elsewhere).unwrap();
    let (stdout, _) = site.ends(&["compare"], 3);
    assert!(stdout.contains("other-host-class") && stdout.contains("00000000"), "{stdout}");
}

#[test]
fn a_damaged_baseline_is_told_with_its_line_and_gives_no_verdict() {
    let site = Site::with_baseline();
    let whole = fs::read_to_string(site.baseline()).unwrap();
    fs::write(site.baseline(), whole.replace("1.05", "1.06")).unwrap();
    site.refused(&["compare"], 2, &["good.toml:4", "damaged or was edited", "checksum", "git checkout"]);
    fs::write(site.baseline(), &whole[..whole.len() / 2]).unwrap();
    site.refused(&["compare"], 2, &["good.toml", "damaged or was edited"]);
    fs::write(site.baseline(), whole.replace("baseline/v1", "baseline/v2")).unwrap();
    site.ends(&["compare"], 3);
}

#[test]
fn an_explained_metric_shows_its_arithmetic_and_an_unknown_one_what_there_is() {
    let site = Site::with_baseline();
    site.run("run", 1.1);
    let (stdout, _) = site.ends(&["compare", "--explain", METRIC], 0);
    for part in
        ["1.05, 1.08, 1.1, 1.12, 1.15", "mean ", "1.1000", "factor", "2.3353", "change + reach <= tolerance"]
    {
        assert!(stdout.contains(part), "`{part}` is not in {stdout}");
    }
    site.refused(&["compare", "--explain", "other"], 2, &["`other` was not compared; what was: server_cpu"]);
}

#[test]
fn a_run_that_cannot_confirm_is_refused() {
    let site = Site::with_baseline();
    site.run("run", 1.5);
    let path = |name: &str| site.path("results").join(name).to_str().unwrap().to_owned();
    site.refused(&["compare", "--confirmed-by", &path("run")], 2, &["cannot confirm itself"]);
    site.run_of("other", 1.5, Some(true));
    site.run("run", 1.5);
    site.refused(&["compare", "--confirmed-by", &path("other")], 2, &["not of one revision"]);
    site.refused(&["compare", "--confirm", "--confirmed-by", &path("other")], 2, &["cannot be used with"]);
    site.refused(&["compare", &path("none")], 2, &["no folder of a run"]);
}

#[test]
fn a_run_without_a_verdict_or_a_tolerance_is_usage() {
    let site = Site::new();
    let folder = site.run("run", 1.1);
    let mut plan = folder.plan().unwrap();
    plan.scenarios[0].tolerance.server_cpu_us_per_request = None;
    folder.write_sealed("plan.json", &plan).unwrap();
    site.refused(&["compare"], 2, &["no scenario with a [tolerance]"]);
    fs::remove_file(folder.path().join("verdict.json")).unwrap();
    site.refused(&["compare"], 2, &["has no verdict"]);
}

#[test]
fn what_may_not_be_accepted_is_refused_and_leaves_no_file() {
    let site = Site::new();
    let accept = ["baseline", "--accept", "--reason", "first"];
    site.refused(&accept, 2, &["holds no recording"]);
    site.recording_of(&COSTS[..3], 5, Some(false));
    site.refused(&accept, 2, &["was interrupted after 3 of 5 sessions"]);
    site.recording_of(&COSTS, 5, Some(true));
    site.refused(&accept, 2, &["dirty-tree"]);
    site.recording_of(&COSTS, 5, None);
    site.refused(&accept, 2, &["unknown-revision"]);
    site.recording(&[1.0, 1.1, 1.2, 1.3, 1.4]);
    site.refused(&accept, 3, &["reach-above-tolerance"]);
    site.recording(&COSTS);
    site.refused(&["baseline", "--accept"], 2, &["--reason"]);
    site.refused(&["baseline", "--accept", "--reason", " "], 2, &["empty-reason"]);
    site.refused(&["baseline", "other", "--accept", "--reason", "x"], 2, &["holds no `other`, only good"]);
    assert!(!site.baseline().exists());
    site.ends(&accept, 0);
    assert!(site.baseline().is_file());
}

#[test]
fn a_worse_level_needs_to_be_accepted_knowingly() {
    let site = Site::with_baseline();
    site.recording(&COSTS.map(|cost| cost + 0.5));
    site.refused(&["baseline", "--accept", "--reason", "x"], 2, &["worse-level", "--accept-worse"]);
    let (stdout, _) = site.ends(&["baseline", "--accept", "--reason", "it does more", "--accept-worse"], 0);
    assert!(stdout.contains("good.toml (it does more): commit it"), "{stdout}");
    site.run("run", 1.6);
    site.ends(&["compare"], 0);
}

#[test]
fn sessions_that_do_not_gate_are_accepted_with_a_warning() {
    let site = Site::new();
    site.recording(&COSTS[..2]);
    let (_, stderr) = site.ends(&["baseline", "--accept", "--reason", "first"], 0);
    assert!(stderr.contains("2 sessions do not gate, 5 do"), "{stderr}");
    site.run("run", 1.1);
    let (stdout, _) = site.ends(&["compare"], 4);
    assert!(stdout.contains("too-few-sessions"), "{stdout}");
}

#[test]
fn what_can_be_known_before_measuring_is_refused_before() {
    let site = Site::new();
    site.refused(&["baseline", "--reason", "first"], 2, &["unknown-revision"]);
    site.refused(&["baseline", "other"], 2, &["there is no scenario `other`"]);
    site.scenario(SCENARIO.split("[tolerance]").next().unwrap());
    site.refused(&["baseline", "good"], 2, &["`good` has no [tolerance]"]);
    site.refused(&["baseline"], 2, &["no scenario in", "has a [tolerance]"]);
    assert!(!site.path("results").exists());
}

#[test]
fn the_check_of_the_folder_has_a_line_a_file() {
    let site = Site::new();
    let (stdout, _) = site.ends(&["baseline", "--check"], 0);
    assert!(stdout.contains("no baseline yet"), "{stdout}");
    let site = Site::with_baseline();
    let (stdout, _) = site.ends(&["baseline", "--check"], 0);
    assert!(stdout.starts_with("ok    baselines/") && stdout.contains("5 sessions, accepted "), "{stdout}");
    // Gates that hold everywhere are somebody else's.
    fs::create_dir(site.path("baselines/exact")).unwrap();
    fs::write(site.path("baselines/exact/any.toml"), "").unwrap();
    site.ends(&["baseline", "--check"], 0);

    site.scenario(&SCENARIO.replace("connections = 4", "connections = 5"));
    let (stdout, _) = site.ends(&["baseline", "--check"], 3);
    assert!(stdout.contains("old ") && stdout.contains("measures something else now (hash "), "{stdout}");
    site.scenario(&SCENARIO.replace("0.25", "0.5"));
    let (stdout, _) = site.ends(&["baseline", "--check"], 3);
    assert!(stdout.contains("with a tolerance of 0.25, now it has 0.5"), "{stdout}");
    fs::remove_file(site.path("scenarios/good.toml")).unwrap();
    let (stdout, _) = site.ends(&["baseline", "--check"], 3);
    assert!(stdout.contains("no scenarios/good.toml any more"), "{stdout}");
}

#[test]
fn the_check_finds_files_that_are_wrong() {
    let site = Site::with_baseline();
    let whole = fs::read_to_string(site.baseline()).unwrap();
    let wrong = |says: &str| {
        let (stdout, stderr) = site.ends(&["baseline", "--check"], 2);
        assert!(stdout.contains("wrong ") && stdout.contains(says), "{stdout}");
        assert!(stderr.contains("are wrong"), "{stderr}");
    };
    let put = |path: &Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (file, text, says) in [
        (site.baseline().with_file_name("other.toml"), whole.as_str(), "it is of the scenario `good`"),
        (site.path("baselines/00000000/good.toml"), &whole, "it is of host class "),
        (site.baseline().with_file_name("notes.md"), "", "only <scenario>.toml files belong here"),
        (site.path("baselines/README"), "", "only folders of host classes"),
        (
            site.baseline().with_file_name("good2.toml"),
            &whole.replace("v1", "v2"),
            "schema tracetax/baseline/v2",
        ),
        (
            site.baseline().with_file_name("good3.toml"),
            &whole.replace("1.05", "1.06"),
            "damaged or was edited",
        ),
    ] {
        put(&file, text);
        wrong(says);
        fs::remove_file(&file).unwrap();
        let _ = fs::remove_dir(site.path("baselines/00000000"));
    }
    site.ends(&["baseline", "--check"], 0);
}
