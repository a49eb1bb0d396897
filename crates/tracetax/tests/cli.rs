//! The command line, without root: what is asked wrongly ends at once, says where and what to do, and starts nothing.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use record::{
    baseline_files::{BaselineFiles, FileState},
    doctor::{Diagnosis, State},
    verdict::Verdict,
};
use tempfile::TempDir;
use tracetax::{
    exit, host,
    plan::{Profile, Wanted, plan},
    results::Folder,
    scenario::parse,
};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

const GOOD: &str = closed_loop!(
    "What does it cost?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [6, 6, 6],
    per_life = 3,
    r"[budget]
agent_memory_mb = 100
"
);

/// A place for scenarios and results.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.0.path().join("scenarios")).unwrap();
        site.scenario("good", GOOD);
        site
    }

    fn scenario(&self, name: &str, text: &str) {
        fs::write(self.0.path().join("scenarios").join(name).with_extension("toml"), text).unwrap();
    }

    fn results(&self) -> PathBuf {
        self.0.path().join("results")
    }

    /// The lab, with nothing of this process's environment.
    fn lab(&self, args: &[&str]) -> Command {
        let mut lab = Command::new(env!("CARGO_BIN_EXE_tracetax"));
        lab.args(args).env_clear().env("TRACETAX_ROOT", self.0.path()).env("OUTPUT_DIR", self.results());
        lab
    }

    /// The folder of a run that has not measured anything yet.
    fn stored_run(&self) -> Folder {
        let folder = Folder::create(&self.results(), "run").unwrap();
        let scenario = parse("good", "good.toml", GOOD).unwrap();
        let wanted =
            Wanted { profile: Profile::Quick, seed: 1, load_per_arm: None, strategies: &[], revision: None };
        folder.write_sealed("plan.json", &plan(&[scenario], &wanted)).unwrap();
        folder.write_sealed("host.json", &host::read().unwrap()).unwrap();
        folder.append_blocks().unwrap();
        folder
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Ends with this code and says all of this on standard error, and nothing on standard output.
fn refused(lab: &mut Command, code: i32, says: &[&str]) {
    let Output { status, stdout, stderr } = lab.output().unwrap();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(code), "{stderr}");
    assert_eq!(stdout, "");
    for part in says {
        assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
    }
}

/// As [`refused`], before anything was started: a run begins with its folder.
fn refused_at_once(site: &Site, lab: &mut Command, code: i32, says: &[&str]) {
    refused(lab, code, says);
    assert!(!site.results().exists(), "a folder for results was made");
}

#[test]
fn a_misspelt_key_is_told_with_its_place_and_the_nearest_key() {
    let site = Site::new();
    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms"));
    let says = ["scenarios/typo.toml:8:1", "warmpu_ms", "`warmup_ms`"];
    refused_at_once(&site, &mut site.lab(&["bench", "typo"]), 2, &says);
    refused_at_once(&site, &mut site.lab(&["bench", "good", "typo"]), 2, &says);
    let path = site.0.path().join("scenarios/typo.toml");
    refused_at_once(&site, &mut site.lab(&["bench", path.to_str().unwrap()]), 2, &says);
}

#[test]
fn every_wrong_scenario_is_told_at_once() {
    let site = Site::new();
    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms"));
    let says = ["`goood`", "warmpu_ms"];
    refused_at_once(&site, &mut site.lab(&["bench", "goood", "typo", "good"]), 2, &says);
}

#[test]
fn an_unknown_scenario_is_told_with_the_nearest() {
    let site = Site::new();
    site.scenario("other", GOOD);
    let says = ["there is no scenario `godo`", "did you mean `good`?", "good, other"];
    refused_at_once(&site, &mut site.lab(&["bench", "godo"]), 2, &says);
    refused_at_once(&site, &mut site.lab(&["bench", "nowhere.toml"]), 2, &["nowhere.toml", "cannot be read"]);
}

#[test]
fn a_command_line_that_asks_for_nothing_is_usage() {
    let site = Site::new();
    for (args, says) in [
        (&[][..], "Usage"),
        (&["bench"], "<SCENARIOS>"),
        (&["bnech"], "'bench'"),
        (&["bench", "good", "--all"], "cannot be used with"),
        (&["bench", "good", "--profile", "long"], "standard"),
        (&["bench", "good", "--seed", "x"], "--seed"),
        (&["bench", "good", "--duration", "5"], "is no duration: write for example 60s"),
        (&["bench", "good", "--duration", "169h"], "168h or less"),
    ] {
        refused_at_once(&site, &mut site.lab(args), 2, &[says]);
    }
}

#[test]
fn a_duration_that_is_none_is_usage() {
    let site = Site::new();
    for duration in ["abc", "", "0s", "-5s", "5"] {
        let mut lab = site.lab(&["bench", "good"]);
        let says = format!("BENCHMARK_DURATION={duration} is no duration");
        refused_at_once(&site, lab.env("BENCHMARK_DURATION", duration), 2, &[&says, "60s"]);
    }
}

#[test]
fn check_tells_good_files_and_all_mistakes_of_all_others() {
    let site = Site::new();
    let check = |args: &[&str]| site.lab(&[&["check"], args].concat()).output().unwrap();
    let good = check(&[]);
    assert_eq!((good.status.code(), text(&good.stderr).as_str()), (Some(0), ""));
    assert!(text(&good.stdout).starts_with("ok  ") && text(&good.stdout).ends_with("/scenarios/good.toml\n"));

    site.scenario("typo", &GOOD.replace("warmup_ms", "warmpu_ms").replace("100", "1"));
    site.scenario("zero", &GOOD.replace("per_life = 3", "per_life = 0"));
    let path = site.0.path().join("scenarios/zero.toml");
    for args in [&[][..], &["good", "typo", path.to_str().unwrap()]] {
        let Output { status, stdout, stderr } = check(args);
        let (stdout, stderr) = (text(&stdout), text(&stderr));
        assert_eq!((status.code(), stdout.lines().count()), (Some(2), 1), "{stdout}{stderr}");
        for part in ["warmpu_ms", "too small", "typo.toml:", "zero.toml:", "2 of 3 scenario files"] {
            assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
        }
    }
    refused(&mut site.lab(&["check", "godo"]), 2, &["error: there is no scenario `godo`", "`good`"]);
    assert!(!site.results().exists());
}

#[test]
fn a_folder_without_scenarios_has_nothing_to_check() {
    let site = Site::new();
    fs::remove_file(site.0.path().join("scenarios/good.toml")).unwrap();
    refused(&mut site.lab(&["check"]), 2, &["scenarios holds no scenario file", "write one"]);
}

fn dry_run(site: &Site, seed: &str, root: &Path) -> String {
    let mut lab = site.lab(&["bench", "--all", "--dry-run", "--seed", seed]);
    let Output { status, stdout, stderr } = lab.env("TRACETAX_ROOT", root).output().unwrap();
    assert_eq!((status.code(), text(&stderr).as_str()), (Some(0), ""));
    text(&stdout)
}

#[test]
fn a_dry_run_prints_the_plan_and_measures_nothing() {
    let site = Site::new();
    let plan = dry_run(&site, "7", Path::new(REPOSITORY));
    assert!(plan.starts_with("profile quick, seed 7\n"), "{plan}");
    for scenario in ["control-null", "light", "medium", "heavy", "stress", "saturation"] {
        assert!(plan.contains(&format!("\n{scenario}: ")), "no {scenario} in {plan}");
    }
    assert!(plan.trim_end().lines().last().unwrap().starts_with("all together about "), "{plan}");
    assert!(!site.results().exists());
}

#[test]
fn the_same_seed_prints_the_same_plan() {
    let site = Site::new();
    let plan = |seed| dry_run(&site, seed, Path::new(REPOSITORY));
    assert_eq!(plan("7"), plan("7"));
    assert_ne!(plan("7").replace("seed 7", ""), plan("8").replace("seed 8", ""));
}

#[test]
fn a_folder_that_is_none_of_a_run_is_told() {
    let site = Site::new();
    refused(&mut site.lab(&["report", "scenarios"]), 2, &["scenarios is no folder of a run", "plan.json"]);
    refused(&mut site.lab(&["report"]), 2, &["results/latest is no folder of a run"]);
}

#[test]
fn a_damaged_file_of_a_run_is_told_with_its_place() {
    let site = Site::new();
    let folder = site.stored_run();
    let mut report = site.lab(&["report"]);
    for damage in [&b"{\"schema\":1}\n"[..], b"\n", b"no JSON\n", b"\xff\xfe\n"] {
        fs::write(folder.path().join("blocks.jsonl"), damage).unwrap();
        refused(&mut report, 2, &["run/blocks.jsonl:1: it is damaged or was edited", "or measure anew"]);
    }
    let host = fs::read_to_string(folder.path().join("host.json")).unwrap();
    fs::write(folder.path().join("host.json"), host.replace("\"cores\": ", "\"cores\": 1")).unwrap();
    refused(&mut report, 2, &["host.json: it is damaged or was edited: its checksum is "]);
    fs::write(folder.path().join("host.json"), r#"{"schema":"tracetax/host/v1"}"#).unwrap();
    refused(
        &mut report,
        2,
        &["host.json: it was written by another version of tracetax, an older one as a rule"],
    );
}

#[test]
fn a_torn_last_line_is_left_out() {
    let site = Site::new();
    let folder = site.stored_run();
    let report = || site.lab(&["report"]).output().unwrap();
    let whole = report();
    assert!(!whole.stdout.is_empty() && whole.stderr.is_empty());
    let told = "blocks.jsonl:1: this last line has no end and is left out";
    for torn in [&b"{\"schema\":\"tracetax/bl"[..], b"\xff"] {
        fs::write(folder.path().join("blocks.jsonl"), torn).unwrap();
        let report = report();
        assert_eq!(report.status, whole.status);
        assert!(text(&report.stdout).contains(told), "{report:?}");
        assert!(
            text(&report.stderr).starts_with("warning: ") && text(&report.stderr).contains(told),
            "{report:?}"
        );
    }
}

/// For scripts: one document, whatever is in it, and the same exit code as for people.
#[test]
fn what_is_checked_under_baselines_is_one_document_for_scripts() {
    let site = Site::new();
    let checked = |code| {
        let Output { status, stdout, .. } =
            site.lab(&["baseline", "--check", "--format", "json"]).output().unwrap();
        assert_eq!(status.code(), Some(code));
        serde_json::from_slice::<BaselineFiles>(&stdout).unwrap().files
    };
    assert_eq!(checked(0), []);
    let class = site.0.path().join("baselines/0123abcd");
    fs::create_dir_all(&class).unwrap();
    fs::write(class.join("good.toml"), "reason = 1\n").unwrap();
    let files = checked(2);
    assert_eq!((files.len(), files[0].state), (1, FileState::Wrong));
    assert_eq!(files[0].file, "baselines/0123abcd/good.toml");
    assert!(files[0].what.contains("git checkout -- baselines/0123abcd/good.toml"), "{files:?}");
}

fn doctor(site: &Site, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = site.lab(&["doctor"]).args(args).output().unwrap();
    assert_eq!(text(&stderr), "");
    (status.code(), text(&stdout))
}

/// Whatever this machine is like: the code is that of what was told, every fact is in text and JSON, and nothing is written.
#[test]
fn doctor_ends_with_the_code_of_what_it_tells() {
    let site = Site::new();
    let (code, json) = doctor(&site, &["--json"]);
    let facts = serde_json::from_str::<Diagnosis>(&json).unwrap().facts;
    let fails = facts.iter().any(|fact| fact.state == State::Fail);
    assert_eq!(code, Some(if fails { 3 } else { 0 }), "{json}");
    assert!(facts.len() >= 25);
    let (_, shown) = doctor(&site, &[]);
    assert!(shown.contains(&format!("\n{} facts: ", facts.len())), "{shown}");
    assert!(facts.iter().all(|fact| shown.contains(&format!(" {} ", fact.id))), "{shown}");
    assert!(!shown.contains('\x1b'), "colours where no terminal is: {shown}");
    assert!(!site.results().exists());
}

/// `/proc` has no room for results: that is a failure, and the first thing to do.
#[test]
fn doctor_fails_where_results_have_no_room() {
    let site = Site::new();
    let output = site.lab(&["doctor"]).env("OUTPUT_DIR", "/proc/results").output().unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("fail     disk") && shown.contains("0 MB free for /proc/results"), "{shown}");
    let (_, verbose) = doctor(&site, &["--verbose"]);
    assert!(verbose.matches("why: ").count() >= 25, "{verbose}");
}

#[test]
fn a_file_that_is_no_object_is_told_and_leaves_nothing() {
    let site = Site::new();
    let path = site.0.path().join("object.o");
    let mut inspect = site.lab(&["inspect", "--object", path.to_str().unwrap()]);
    refused_at_once(
        &site,
        &mut inspect,
        2,
        &["cannot read", "object.o", "No such file", "cargo xtask build"],
    );
    fs::write(&path, "").unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is no ELF file, or cut off"]);
    let program = fs::read("/bin/sh").unwrap();
    fs::write(&path, &program[..program.len() / 2]).unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is no ELF file, or cut off"]);
    fs::write(&path, &program).unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is a file for"]);
}

/// What the lab prints where it must succeed.
fn said(lab: &mut Command) -> String {
    let Output { status, stdout, stderr } = lab.output().unwrap();
    assert!(status.success(), "{}", text(&stderr));
    text(&stdout)
}

#[test]
fn every_shell_gets_what_it_completes() {
    let site = Site::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&mut site.lab(&["completions", shell]));
        for word in ["tracetax", "bench", "dry-run"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
        assert!(!script.contains("bystander"), "{shell} completes what only a run starts");
    }
    refused_at_once(&site, &mut site.lab(&["completions", "tcsh"]), 2, &["bash", "zsh"]);
}

#[test]
fn bash_reads_its_completions() {
    let Ok(version) = Command::new("bash").arg("--version").output() else {
        eprintln!("not tried: there is no bash here");
        return;
    };
    assert!(version.status.success());
    let site = Site::new();
    let path = site.0.path().join("tracetax.bash");
    fs::write(&path, said(&mut site.lab(&["completions", "bash"]))).unwrap();
    let complete = "source \"$1\"; COMP_WORDS=(tracetax be); COMP_CWORD=1; _tracetax tracetax be tracetax; \
                    echo \"${COMPREPLY[@]}\"";
    let bash = Command::new("bash").args(["-c", complete, "bash", path.to_str().unwrap()]).output().unwrap();
    assert_eq!(text(&bash.stdout), "bench\n", "{}", text(&bash.stderr));
}

#[test]
fn each_command_has_its_manual_page() {
    let site = Site::new();
    let main = said(&mut site.lab(&["man"]));
    assert!(main.contains("\n.TH tracetax 1 ") && main.contains("Exit codes: 0"), "{main}");
    let folder = site.0.path().join("new/man1");
    assert_eq!(said(&mut site.lab(&["man", folder.to_str().unwrap()])), "");
    for page in ["tracetax.1", "tracetax-bench.1", "tracetax-compare.1", "tracetax-man.1"] {
        let written = fs::read_to_string(folder.join(page)).unwrap();
        assert!(written.contains(&format!("\n.TH {} 1 ", page.trim_end_matches(".1"))), "{written}");
    }
    assert!(!folder.join("tracetax-warm.1").exists());
    let file = site.0.path().join("scenarios/good.toml/man1");
    refused_at_once(&site, &mut site.lab(&["man", file.to_str().unwrap()]), 1, &["name another folder"]);
}

/// The help of `cargo xtask` lists what the lab has, in the lab's words.
#[test]
fn the_driver_lists_every_command() {
    let site = Site::new();
    let driver = fs::read_to_string(Path::new(REPOSITORY).join("xtask/src/handed.rs")).unwrap();
    let help = said(&mut site.lab(&["--help"]));
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.filter_map(|line| line.trim().split_once(' ')).collect();
    assert!(commands.len() > 10, "{help}");
    for (name, about) in commands.into_iter().filter(|(name, _)| *name != "help") {
        assert!(driver.contains(&format!("\"{name}\"")), "the driver does not hand `{name}` on");
        assert!(
            driver.contains(&format!("\"{}\"", about.trim())),
            "the driver says something else of `{name}`"
        );
    }
}

#[test]
fn scripts_get_one_document_and_nothing_else() {
    let site = Site::new();
    let folder = site.stored_run();
    let report = site.lab(&["report", "--format", "json"]).output().unwrap();
    let verdict: Verdict = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report.status.code(), Some(exit::of_word(verdict.word).into()));
    assert_eq!(verdict.schema, record::verdict::SCHEMA);
    // On GitHub too.
    let on_github = site.lab(&["report", "--format", "json"]).env("GITHUB_ACTIONS", "true").output().unwrap();
    assert_eq!(on_github.stdout, report.stdout);
    // What went wrong is text, on standard error.
    fs::write(folder.path().join("blocks.jsonl"), "no JSON\n").unwrap();
    refused(&mut site.lab(&["report", "--format", "json"]), 2, &["run/blocks.jsonl:1"]);
    refused(&mut site.lab(&["report", "--format", "xml"]), 2, &["text, json"]);
    refused(&mut site.lab(&["inspect", "--check", "--format", "json"]), 2, &["cannot be used with"]);
}

#[test]
fn colour_is_for_terminals_or_where_it_is_forced() {
    let site = Site::new();
    site.stored_run();
    let report = |variables: &[(&str, &str)]| {
        let mut lab = site.lab(&["report"]);
        text(&lab.envs(variables.iter().copied()).output().unwrap().stdout)
    };
    let plain = report(&[]);
    assert!(plain.starts_with("verdict: ") && !plain.contains('\u{1b}'), "{plain}");
    let coloured = report(&[("CLICOLOR_FORCE", "1")]);
    assert!(coloured.starts_with("verdict: \u{1b}["), "{coloured:?}");
    assert_eq!(report(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let site = Site::new();
    site.stored_run();
    let whole = site.lab(&["report"]).output().unwrap();
    for args in [&["report"][..], &["report", "--format", "json"], &["completions", "zsh"], &["man"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = site.lab(args).stdout(writer).output().unwrap();
        assert_eq!(text(&ended.stderr), "", "{args:?}");
        let expect = if args[0] == "report" { whole.status.code() } else { Some(0) };
        assert_eq!(ended.status.code(), expect, "{args:?}");
    }
}

/// What a user can run into without root: each says what to do next, with the right code.
#[test]
fn every_error_says_what_to_do() {
    let site = Site::new();
    let run = site.stored_run();
    let path = |path: &str| site.0.path().join(path).to_str().unwrap().to_owned();
    fs::write(path("no-object"), "x").unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["bench", "godo"], 2, "did you mean `good`?"),
        (&["report", "scenarios"], 2, "name another (`cargo xtask bench` makes them"),
        (&["compare", "a", "b"], 2, "name scenarios with --against REV"),
        (&["compare"], 2, "measure again, or see what there is"),
        (&["baseline", "good"], 2, "give it one, and say why"),
        (&["baseline"], 2, "give one to a scenario, and say why"),
        (&["baseline", "--accept", "--reason", "x"], 2, "`cargo xtask baseline` makes one"),
        (&["inspect", "--object", &path("no-object")], 2, "`cargo xtask build` makes one that is whole"),
    ];
    for (args, code, says) in cases {
        refused(&mut site.lab(args), code, &[says]);
    }
    fs::write(run.path().join("plan.json"), "{}").unwrap();
    let says = ["plan.json: it is damaged or was edited", "take it from a copy, or measure anew"];
    refused(&mut site.lab(&["report"]), 2, &says);
}

#[test]
fn a_report_names_its_folder_and_not_the_newest() {
    let site = Site::new();
    site.stored_run();
    let shown = text(&site.lab(&["report"]).output().unwrap().stdout);
    assert!(shown.contains("/results/run --details`") && !shown.contains("results/latest"), "{shown}");
}

#[test]
fn a_reader_who_has_gone_is_no_failure() {
    let site = Site::new();
    site.stored_run();
    let code = site.lab(&["report"]).output().unwrap().status.code();
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let both = site.lab(&["report"]).stdout(gone()).stderr(gone()).status().unwrap();
    assert_eq!(both.code(), code);
    // An error that nobody reads keeps its code.
    assert_eq!(site.lab(&["report", "nowhere"]).stderr(gone()).status().unwrap().code(), Some(2));
}

#[test]
fn standard_output_without_room_is_told_and_no_verdict() {
    let site = Site::new();
    site.stored_run();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let report = site.lab(&["report"]).stdout(full()).output().unwrap();
    assert_eq!(report.status.code(), Some(3));
    let said = text(&report.stderr);
    assert!(said.contains("cannot write standard output: No space left on device"), "{said}");
    assert!(said.contains("make room"), "{said}");
    assert_eq!(site.lab(&["report"]).stderr(full()).status().unwrap().code(), Some(4));
}

#[test]
fn results_are_not_made_where_others_can_write() {
    let site = Site::new();
    let results = site.0.path().canonicalize().unwrap().join("results");
    fs::create_dir(&results).unwrap();
    fs::set_permissions(&results, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Folder::create(&results, "run").unwrap_err();
    let says = format!("type `chmod o-w {}`", results.display());
    assert!(error.is::<exit::Unfit>() && error.to_string().contains(&says), "{error}");
    assert_eq!(fs::read_dir(&results).unwrap().count(), 0);
}
