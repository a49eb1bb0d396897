//! `test`: format, lints, documentation, build, then every test that can run here.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::browser::{self, Browser};
use crate::ignored::Ignored;
use crate::route::Choice;
use crate::workspace::{Workspace, is_root};
use crate::{build, ignored, setup};

/// All that is compiled for the host. The kernel side is not: it has no operating system to run tests on.
const HOST: [&str; 3] = ["--workspace", "--exclude", "tracer-ebpf"];

/// Skips the tests that need root, also for root.
const SKIP: &str = "SKIP_ROOT_TESTS";

/// Whether tests that need root are run.
#[derive(Debug, PartialEq)]
enum Rooted {
    Run,
    Skip(&'static str),
}

/// Runs every check.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    setup::require_component(workspace, "fmt")?;
    setup::require_component(workspace, "clippy")?;
    workspace.cargo(&["fmt", "--all", "--check"]).run()?;
    lint(workspace)?;
    lint_ebpf(workspace)?;
    document(workspace)?;
    let rooted = rooted(env::var(SKIP).ok().as_deref(), is_root());
    build_for(workspace, &rooted)?;
    let browser = browser::ensure(workspace)?;
    let ignored = ignored::in_workspace(&workspace.root)?;
    let outcome = run_tests(workspace, &rooted, &browser, &ignored);
    // Also after a failure: a list of what did not run belongs to every result.
    for line in skipped(&rooted, &browser, &ignored) {
        println!("{line}");
    }
    outcome
}

fn lint(workspace: &Workspace) -> Result<()> {
    let clippy = workspace.compile(&["clippy", "--all-targets"]).args(HOST);
    Ok(clippy.args(["--", "--deny", "warnings"]).run()?)
}

/// Lints the kernel side as if it were compiled for the host: neither rustup's stable nor Debian's compiler has
/// both clippy and a `core` for BPF. Nothing is linked, so the host's target will do; without unwinding, which
/// a program without `std` cannot have.
fn lint_ebpf(workspace: &Workspace) -> Result<()> {
    let abort = r#"profile.dev.panic="abort""#;
    let clippy = workspace.compile(&["clippy", "--package", "tracer-ebpf", "--config", abort]);
    Ok(clippy.args(["--", "--deny", "warnings"]).run()?)
}

fn document(workspace: &Workspace) -> Result<()> {
    let doc = workspace.compile(&["doc", "--no-deps"]).args(HOST);
    Ok(doc.env("RUSTDOCFLAGS", "--deny warnings").run()?)
}

fn rooted(skip: Option<&str>, root: bool) -> Rooted {
    match (skip, root) {
        (Some("true" | "1"), _) => Rooted::Skip("SKIP_ROOT_TESTS is set"),
        (_, false) => Rooted::Skip("not run as root"),
        (_, true) => Rooted::Run,
    }
}

/// The tests that need root start the release binaries and load the eBPF object. The others need neither, so a
/// machine without eBPF toolchain can run them.
fn build_for(workspace: &Workspace, rooted: &Rooted) -> Result<()> {
    if *rooted == Rooted::Run {
        build::planted_object(workspace)?;
        return build::run(workspace);
    }
    match setup::look(workspace, setup::Trial::Allowed)? {
        Choice::Ready { .. } => build::run(workspace),
        Choice::Missing { why, .. } => {
            println!("not built: the eBPF object ({why}); `cargo xtask setup` tells what to do");
            Ok(())
        }
    }
}

fn run_tests(workspace: &Workspace, rooted: &Rooted, browser: &Browser, ignored: &[Ignored]) -> Result<()> {
    let nextest = setup::has_nextest(workspace);
    if !nextest {
        println!("cargo-nextest is absent: `cargo test` runs the same tests");
    }
    let runner = if nextest { &NEXTEST } else { &CARGO_TEST };
    let mut commands = runner.free.to_vec();
    // Without a file of that name, cargo takes the pattern for a mistake.
    if matches!(browser, Browser::Ready { .. }) && ignored.iter().any(Ignored::is_of_pages) {
        commands.push(runner.pages);
    }
    if *rooted == Rooted::Run && ignored.iter().any(Ignored::is_rooted) {
        commands.push(runner.serial);
    }
    // All of them, also after a failure: whoever waited for one wants to know of every one.
    let outcomes: Vec<_> = commands.iter().map(|command| run_one(workspace, browser, command)).collect();
    outcomes.into_iter().collect()
}

/// How tests are run.
struct Runner {
    /// Those that may run side by side.
    free: &'static [&'static str],
    /// Those that look at pages in a browser.
    pages: &'static str,
    /// Those that need root: they count what their eBPF programs see, so they run one at a time and with nothing else
    /// beside them.
    serial: &'static str,
}

const NEXTEST: Runner = Runner {
    // nextest knows no documentation tests.
    free: &["nextest run --no-fail-fast", "test --quiet --doc"],
    pages: "nextest run --no-fail-fast --test browser* --run-ignored only",
    serial: "nextest run --no-fail-fast --test rooted* --run-ignored only --test-threads 1",
};

const CARGO_TEST: Runner = Runner {
    free: &["test --no-fail-fast"],
    pages: "test --no-fail-fast --test browser* -- --ignored",
    serial: "test --no-fail-fast --test rooted* -- --ignored --test-threads 1",
};

fn run_one(workspace: &Workspace, browser: &Browser, command: &str) -> Result<()> {
    let (cargo, test) = command.split_once(" -- ").unwrap_or((command, ""));
    let cargo: Vec<&str> = cargo.split(' ').collect();
    let tests = workspace.compile(&cargo).args(HOST).arg("--").args(test.split_whitespace());
    Ok(tests.envs(found_by(workspace, browser)).run()?)
}

/// How tests of pages find what they need, and where they leave pictures.
fn found_by(workspace: &Workspace, browser: &Browser) -> Vec<(&'static str, PathBuf)> {
    let Browser::Ready { program, axe } = browser else { return Vec::new() };
    vec![
        ("TRACETAX_CHROMIUM", program.clone()),
        ("TRACETAX_AXE", axe.clone()),
        ("TRACETAX_PICTURES", workspace.root.join("target/report-pages")),
    ]
}

/// A line for each test that did not run.
fn skipped(rooted: &Rooted, browser: &Browser, ignored: &[Ignored]) -> Vec<String> {
    let line = |test: &Ignored| match (test.is_rooted(), test.is_of_pages()) {
        (true, _) => match rooted {
            Rooted::Run => None,
            Rooted::Skip(why) => Some(format!("skipped, {why}: {test}")),
        },
        (_, true) => match browser {
            Browser::Ready { .. } => None,
            Browser::Absent(why) => Some(format!("skipped, {why}: {test}")),
        },
        _ => Some(format!("skipped, always: {test}")),
    };
    ignored.iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooted_tests_run_for_root_unless_told_otherwise() {
        assert_eq!(rooted(None, true), Rooted::Run);
        assert_eq!(rooted(Some("false"), true), Rooted::Run);
        assert_eq!(rooted(Some("true"), true), Rooted::Skip("SKIP_ROOT_TESTS is set"));
        assert_eq!(rooted(Some("1"), false), Rooted::Skip("SKIP_ROOT_TESTS is set"));
        assert_eq!(rooted(None, false), Rooted::Skip("not run as root"));
    }

    #[test]
    fn what_did_not_run_is_named() {
        let ignored = |file: &str| Ignored { file: file.into(), test: "counts".into(), reason: "R".into() };
        let tests = [
            "crates/tracer/tests/rooted.rs",
            "crates/tracetax/tests/browser.rs",
            "crates/stats/src/power.rs",
        ];
        let tests = tests.map(ignored);
        let ready = Browser::Ready { program: "chromium".into(), axe: "axe.min.js".into() };
        let always = "skipped, always: crates/stats/src/power.rs: counts (R)";
        assert_eq!(skipped(&Rooted::Run, &ready, &tests), [always]);
        let rooted = "skipped, not run as root: crates/tracer/tests/rooted.rs: counts (R)";
        assert_eq!(skipped(&Rooted::Skip("not run as root"), &ready, &tests), [rooted, always]);
        let pages = "skipped, no Chromium: crates/tracetax/tests/browser.rs: counts (R)";
        let absent = Browser::Absent("no Chromium".into());
        assert_eq!(skipped(&Rooted::Run, &absent, &tests), [pages, always]);
    }
}
