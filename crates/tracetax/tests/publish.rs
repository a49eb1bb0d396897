//! What a judged run leaves in its folder, and on GitHub.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use record::{
    bencher::Bencher,
    comparison::{Against, Comparison, SCHEMA, ScenarioComparison},
    host::{Host, HostClass},
    plan::Plan,
    verdict::{Reason, Word},
};
use tracetax::{publish, results::Folder};

/// Which process this test is: it starts itself, since what is on GitHub is told by the environment.
const INSIDE: &str = "TRACETAX_TEST_RESULTS";

fn comparison() -> Comparison {
    let reason = Reason {
        code: "no-baseline".into(),
        message: "there is none".into(),
        next_step: "record one".into(),
    };
    let scenario = ScenarioComparison {
        name: "saturation".into(),
        word: Word::New,
        reasons: vec![reason],
        baseline: None,
        metrics: vec![],
    };
    Comparison {
        schema: SCHEMA.into(),
        word: Word::New,
        run: "run".into(),
        host_class: "c0ffee".into(),
        revision: None,
        against: Against::Baselines,
        interrupted: None,
        notes: vec![],
        scenarios: vec![scenario],
    }
}

fn host() -> Host {
    let class = HostClass {
        cpu_model: "made-up".into(),
        cores: 2,
        kernel: "6.18".into(),
        hz: None,
        accounting: "tick".into(),
        cgroup_mode: "v2".into(),
        clock: "tsc".into(),
        virtualisation: "none".into(),
    };
    Host {
        schema: record::host::SCHEMA.into(),
        class_id: "c0ffee".into(),
        class,
        kernel: "6.18.1".into(),
        memory_bytes: 4_000_000_000,
        distribution: "made-up".into(),
        strategies: vec![],
        facts: vec![],
    }
}

/// Does nothing but where another test has started it.
#[test]
fn inside() {
    let Some(results) = std::env::var_os(INSIDE) else { return };
    let folder = Folder::create_aside(Path::new(&results), "run").unwrap();
    let plan = Plan {
        schema: String::new(),
        seed: 0,
        profile: String::new(),
        revision: None,
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios: vec![],
    };
    let verdict = tracetax::judge::judge(&plan, &[]);
    let run = publish::Measured { folder: &folder, plan: &plan, host: &host(), blocks: &[] };
    publish::comparison(&run, &verdict, &comparison()).unwrap();
}

/// What is left, and what was said on standard output and on standard error.
fn publish(env: &[(&str, &str)]) -> (tempfile::TempDir, [String; 2]) {
    let site = tempfile::tempdir().unwrap();
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "inside", "--nocapture"]).env_clear().env(INSIDE, site.path());
    test.envs(env.iter().copied()).env("GITHUB_STEP_SUMMARY", site.path().join("step.md"));
    let output = test.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    (site, [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()))
}

#[test]
fn a_comparison_leaves_all_its_files() {
    let (site, [out, err]) = publish(&[]);
    let read = |name: &str| fs::read_to_string(site.path().join("run").join(name)).unwrap();
    assert_eq!(Folder::aside(site.path(), "run").comparison().unwrap(), Some(comparison()));
    assert!(read("summary.md").starts_with("## tracetax: new"));
    assert!(read("comment.md").starts_with("<!-- tracetax-comparison -->\n"));
    assert!(read("report.html").contains("An unknown revision against the stored baselines"));
    assert!(read("junit.xml").contains("<skipped "));
    assert_eq!(serde_json::from_str::<Bencher>(&read("bmf.json")).unwrap(), Bencher::new());
    assert!(read("annotations.txt").starts_with("::notice file=scenarios/saturation.toml,"));
    assert!(!out.contains("::notice") && !err.contains("::notice") && !site.path().join("step.md").exists());
}

#[test]
fn github_is_told_and_its_summary_is_added_to() {
    let (site, [out, err]) = publish(&[("GITHUB_ACTIONS", "true")]);
    let read = |name: &str| fs::read_to_string(site.path().join(name)).unwrap();
    assert!(err.contains(&read("run/annotations.txt")) && !out.contains("::notice"), "{out}");
    assert_eq!(read("step.md"), read("run/summary.md"));
}
