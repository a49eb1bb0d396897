//! `unit` from end to end, on benchmarks and a valgrind that are scripts: what each says is known.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use record::unit::{Estimate, SCHEMA, Unit};
use tempfile::TempDir;

/// One stage, ten operations a call; 2,000 operations that allocate 3 times; a median of 500 ns a call.
const BENCHMARKS: &str = r#"#!/bin/sh
case "$1" in
--stages) echo '{"name":"pair","operation":"one pair","operations_a_call":10}' ;;
--count) echo '{"operations":2000,"allocations":3,"allocated_bytes":96}' ;;
*)
    for kind in alone beside-another; do
        mkdir -p "$CRITERION_HOME/pair/$kind/new"
        echo '{"median":{"confidence_interval":{"lower_bound":490,"upper_bound":520},"point_estimate":500}}' \
            > "$CRITERION_HOME/pair/$kind/new/estimates.json"
    done ;;
esac
"#;

const VALGRIND: &str = r#"#!/bin/sh
case "$1" in
--version) echo valgrind-9.9 ;;
*) echo "==7== Collected : COUNT" >&2 ;;
esac
"#;

/// A folder that holds the lab and what it starts.
struct Site(TempDir);

impl Site {
    fn with(programs: &[(&str, &str)]) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::copy(env!("CARGO_BIN_EXE_tracetax"), site.path("tracetax")).unwrap();
        for (name, script) in programs {
            fs::write(site.path(name), script).unwrap();
            fs::set_permissions(site.path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Finds the scripts first, then what they need of the system, but no valgrind of the system's.
    fn unit(&self, args: &[&str]) -> Output {
        for tool in ["mkdir", "sh"] {
            let from = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(tool));
            let from = from.iter().find(|path| path.exists()).unwrap();
            let _ = std::os::unix::fs::symlink(from, self.path(tool));
        }
        let mut lab = Command::new(self.path("tracetax"));
        lab.arg("unit").args(args).env_clear().env("PATH", self.0.path());
        lab.env("TRACETAX_ROOT", self.0.path());
        lab.env("OUTPUT_DIR", self.path("results")).output().unwrap()
    }

    fn result(&self) -> Unit {
        let folder = fs::read_dir(self.path("results")).unwrap().next().unwrap().unwrap().path();
        assert!(folder.to_str().unwrap().ends_with("-unit") && folder.join("host.json").is_file());
        serde_json::from_str(&fs::read_to_string(folder.join("unit.json")).unwrap()).unwrap()
    }
}

#[test]
fn what_was_measured_is_stored_and_shown_by_operation() {
    let valgrind = VALGRIND.replace("COUNT", "1256000");
    let site = Site::with(&[("tracer-unit", BENCHMARKS), ("valgrind", &valgrind)]);
    let output = site.unit(&["--quick"]);
    assert!(output.status.success(), "{output:?}");
    let unit = site.result();
    assert_eq!((unit.schema.as_str(), unit.valgrind.as_str()), (SCHEMA, "valgrind-9.9"));
    let [stage] = &unit.stages[..] else { panic!("{unit:?}") };
    assert_eq!((stage.stage.name.as_str(), stage.instructions), ("pair", 1_256_000));
    assert_eq!((stage.counted.allocations, stage.counted.allocated_bytes), (3, 96));
    let estimate = Estimate { median: 50.0, lower: 49.0, upper: 52.0 };
    assert_eq!((stage.alone_ns, stage.beside_another_ns), (estimate, estimate));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("628.0") && shown.contains("50.0 [49.0, 52.0]"), "{shown}");
    let json = site.unit(&["--format", "json"]).stdout;
    assert_eq!(serde_json::from_slice::<Unit>(&json).unwrap(), unit);
}

#[track_caller]
fn fails(site: &Site, code: i32, says: &str) {
    let output = site.unit(&[]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(code) && errors.contains(says), "{:?} {errors}", output.status);
}

#[test]
fn what_cannot_be_measured_is_told() {
    let valgrind = VALGRIND.replace("COUNT", "0");
    fails(&Site::with(&[]), 2, "`cargo xtask unit` builds it");
    fails(&Site::with(&[("tracer-unit", BENCHMARKS)]), 3, "`cargo xtask setup`");
    let both = Site::with(&[("tracer-unit", BENCHMARKS), ("valgrind", &valgrind)]);
    fails(&both, 1, "has not found the function");
    let differs = VALGRIND.replace("COUNT", "$$");
    fails(&Site::with(&[("tracer-unit", BENCHMARKS), ("valgrind", &differs)]), 1, "the next time");
    let broken = Site::with(&[("tracer-unit", "#!/bin/sh\necho no >&2; exit 7\n"), ("valgrind", &valgrind)]);
    fails(&broken, 1, "exit status: 7");
}

/// A site where the micro benchmarks come from that compiler, and `count` instructions are counted.
fn counting(count: &str) -> Site {
    let valgrind = VALGRIND.replace("COUNT", count);
    let site = Site::with(&[("tracer-unit", BENCHMARKS), ("valgrind", &valgrind)]);
    fs::write(site.path("tracer-unit.toolchain"), "rustc 9.9\n").unwrap();
    site
}

#[track_caller]
fn ends(site: &Site, args: &[&str], code: i32, says: &str) {
    let output = site.unit(args);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(code) && said.contains(says), "{:?} {said}", output.status);
}

#[test]
fn counts_are_held_against_accepted_ones() {
    let site = counting("1000000");
    let accepted = site.path("baselines/exact/unit.toml");
    ends(&site, &["--check"], 4, "`cargo xtask unit --accept --reason TEXT`");
    ends(&site, &["--accept"], 2, "--reason");
    ends(&site, &["--accept", "--reason", " "], 2, "--reason is empty");
    assert!(!accepted.exists());
    ends(&site, &["--accept", "--reason", "first"], 0, "unit.toml is written anew");
    let text = fs::read_to_string(&accepted).unwrap();
    assert!(text.contains("reason = \"first\"") && text.contains("compiler = \"rustc 9.9\""), "{text}");
    assert!(text.contains("\"pair, 2000 operations: instructions\" = 1000000\n"), "{text}");
    ends(&site, &["--check"], 0, "unit: pass");

    let less_was_accepted = text.replace("1000000", "990000");
    fs::write(&accepted, &less_was_accepted).unwrap();
    ends(&site, &["--check"], 99, "+1.01 %");
    fs::write(&accepted, text.replace("1000000", "1010000")).unwrap();
    ends(&site, &["--check"], 0, "Less than accepted");
    fs::write(&accepted, less_was_accepted.replace("rustc 9.9", "rustc 9.8")).unwrap();
    ends(&site, &["--check"], 3, "compiler: accepted with rustc 9.8, now rustc 9.9");
    fs::write(&accepted, text.replace("= 1000000", "= -1")).unwrap();
    ends(&site, &["--check"], 2, "unit.toml cannot be read");
}

#[test]
fn counts_of_an_unknown_compiler_are_not_checked() {
    let site = counting("1000000");
    fs::remove_file(site.path("tracer-unit.toolchain")).unwrap();
    ends(&site, &["--check"], 2, "tracer-unit.toolchain");
}
