//! `setup`: finds what the eBPF build needs, and installs what is missing where it may.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use xshell::cmd;

use crate::browser::{self, Browser};
use crate::route::{self, Choice, Found, LINKER_VERSION, Needs, Nightly, PACKAGES, PathLinker, Route, Step};
use crate::workspace::{Workspace, is_root, on_path};
use crate::{ebpf, exit, valgrind};

/// Leaves one route alone in the choice, to test it on a machine that has both.
const WANTED: &str = "TRACETAX_EBPF_ROUTE";

/// Completes the toolchain, and says what is used and why.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let (route, why) = ensure(workspace)?;
    println!("eBPF toolchain: {route}: {why}");
    if !has_nextest(workspace) {
        println!("tests: cargo-nextest is absent, so `cargo test` runs them");
    }
    for component in ["fmt", "clippy"] {
        require_component(workspace, component)?;
    }
    if let Browser::Absent(why) = browser::ensure(workspace)? {
        println!("pages: not tested here, {why}");
    }
    valgrind::ensure(workspace)
}

/// The route to build with; installs what it lacks.
///
/// # Errors
/// Exit code 3, with the commands to type, where something is missing that may not be installed from here.
pub(crate) fn ensure(workspace: &Workspace) -> Result<(Route, String)> {
    match look(workspace, Trial::Allowed)? {
        Choice::Ready { route, why } => Ok((route, why)),
        Choice::Missing { route, why, steps } => {
            eprintln!("eBPF toolchain is incomplete: {why}");
            install(workspace, route, &steps)?;
            confirm(look(workspace, Trial::Allowed)?)
        }
    }
}

fn confirm(choice: Choice) -> Result<(Route, String)> {
    match choice {
        Choice::Ready { route, why } => Ok((route, why)),
        Choice::Missing { why, .. } => Err(exit::unfit(format!(
            "installed, and still incomplete: {why}; `{WANTED}` chooses another route, `nightly` or `debian`"
        ))),
    }
}

/// Whether a linker that nobody has tried yet may be tried: that takes seconds, and leaves its files in `target/tools`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Trial {
    Allowed,
    /// What an earlier trial has shown counts; without one the linker is untried.
    Remembered,
}

/// Looks at this machine, and installs nothing.
pub(crate) fn look(workspace: &Workspace, trial: Trial) -> Result<Choice> {
    Ok(route::choose_route(&find(workspace, trial)?, wanted()?))
}

fn wanted() -> Result<Option<Route>> {
    let Ok(name) = env::var(WANTED) else { return Ok(None) };
    let route = Route::parse(&name);
    route.map(Some).ok_or_else(|| {
        exit::usage(format!("{WANTED}={name}: set it to `nightly` or `debian`, or leave it out"))
    })
}

fn find(workspace: &Workspace, trial: Trial) -> Result<Found> {
    let apt = on_path("apt-get").is_some() && on_path("dpkg-query").is_some();
    let nightly = find_nightly();
    Ok(Found {
        nightly,
        path_linker: find_path_linker(workspace, nightly, trial)?,
        apt,
        missing_packages: if apt { find_missing_packages(workspace)? } else { PACKAGES.to_vec() },
        tools_linker: find_tools_linker(workspace),
        cc: on_path("cc").is_some(),
    })
}

/// Looks at rustup's files, since asking rustup takes longer than all the rest together.
fn find_nightly() -> Nightly {
    let Some(toolchain) = nightly_directory() else { return Nightly::Absent };
    if toolchain.join("lib/rustlib/src/rust/library/core/Cargo.toml").exists() {
        Nightly::WithSource
    } else {
        Nightly::WithoutSource
    }
}

fn nightly_directory() -> Option<PathBuf> {
    let home =
        env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".rustup")))?;
    let prefix = format!("nightly-{}-", env::consts::ARCH);
    let mut toolchains = fs::read_dir(home.join("toolchains")).ok()?.flatten();
    toolchains.find(|dir| dir.file_name().to_string_lossy().starts_with(&prefix)).map(|dir| dir.path())
}

/// Whether the linker on `PATH` is any good can only be told by linking, so it is tried where that matters.
fn find_path_linker(workspace: &Workspace, nightly: Nightly, trial: Trial) -> Result<PathLinker> {
    let Some(linker) = on_path("bpf-linker") else { return Ok(PathLinker::Absent) };
    if nightly != Nightly::WithSource {
        return Ok(PathLinker::Untried);
    }
    probe(workspace, &linker, trial)
}

/// Builds an empty program by the nightly route; remembers success for these very tools.
fn probe(workspace: &Workspace, linker: &Path, trial: Trial) -> Result<PathLinker> {
    let sh = &workspace.sh;
    let directory = workspace.tools().join("probe");
    let stamp = directory.join("linked-with");
    let tools = format!("{:?}", [Some(linker.to_owned()), nightly_directory()].map(identity));
    if fs::read_to_string(&stamp).is_ok_and(|known| known == tools) {
        return Ok(PathLinker::Fit);
    }
    if trial == Trial::Remembered {
        return Ok(PathLinker::Untried);
    }
    eprintln!("trying whether {} can link what nightly compiles", linker.display());
    sh.write_file(directory.join("Cargo.toml"), PROBE_MANIFEST)?;
    sh.write_file(directory.join("src/main.rs"), PROBE_PROGRAM)?;
    let manifest = directory.join("Cargo.toml");
    let build = ebpf::build(workspace, Route::Nightly)?.arg("--manifest-path").arg(manifest);
    let output = build.quiet().ignore_status().output()?;
    sh.write_file(directory.join("log"), output.stderr)?;
    if !output.status.success() {
        return Ok(PathLinker::Unfit);
    }
    sh.write_file(stamp, tools)?;
    Ok(PathLinker::Fit)
}

const PROBE_MANIFEST: &str = r#"
[package]
name = "probe"
edition = "2024"
[workspace]
"#;

const PROBE_PROGRAM: &str = r"
#![no_std]
#![no_main]
#[unsafe(no_mangle)]
fn probe() -> u32 { 0 }
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
";

/// What changes when a file or a toolchain is replaced.
fn identity(path: Option<PathBuf>) -> Option<(PathBuf, u64, std::time::SystemTime)> {
    let path = path?;
    let metadata = fs::metadata(&path).ok()?;
    Some((path, metadata.len(), metadata.modified().ok()?))
}

fn find_missing_packages(workspace: &Workspace) -> Result<Vec<&'static str>> {
    let format = "${db:Status-Status} ${Package}\\n";
    let query = cmd!(workspace.sh, "dpkg-query --show --showformat {format}").args(PACKAGES);
    // It fails when it does not know one of them, and still tells of the others.
    let known = query.quiet().ignore_status().ignore_stderr().read()?;
    Ok(missing_of(&known))
}

/// The packages that no line calls installed; a line is `<status> <package>`.
fn missing_of(known: &str) -> Vec<&'static str> {
    let installed: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix("installed ")).collect();
    PACKAGES.into_iter().filter(|package| !installed.contains(package)).collect()
}

/// Cargo's own record of what it installed there tells the version without starting the linker.
fn find_tools_linker(workspace: &Workspace) -> bool {
    let tools = workspace.tools();
    let entry = format!("\"bpf-linker {LINKER_VERSION} ");
    let record = fs::read_to_string(tools.join(".crates.toml"));
    tools.join("bin/bpf-linker").exists() && record.is_ok_and(|record| record.contains(&entry))
}

/// Runs the steps where they may be run; else prints them all.
fn install(workspace: &Workspace, route: Route, steps: &[Step]) -> Result<()> {
    // A toolchain of the user's is the user's business; packages as root, and our own tools, are ours.
    let may_run =
        route == Route::Debian && (is_root() || steps.iter().all(|step| step.needs == Needs::Nobody));
    if !may_run {
        return Err(exit::unfit(by_hand(route, steps)));
    }
    for step in steps {
        eprintln!("# {}", step.why);
        run_step(workspace, step).map_err(|error| exit::unfit(otherwise(&error)))?;
    }
    Ok(())
}

pub(crate) fn run_step(workspace: &Workspace, step: &Step) -> Result<()> {
    let (program, args) = step.argv.split_first().context("a step without a command")?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let cmd = match program.as_str() {
        "cargo" => workspace.cargo(&args),
        _ => cmd!(workspace.sh, "{program} {args...}"),
    };
    let env = step.env.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(cmd.envs(env).env("DEBIAN_FRONTEND", "noninteractive").run()?)
}

fn by_hand(route: Route, steps: &[Step]) -> String {
    let lines: String = steps.iter().map(|step| format!("\n  {step}    # {}", step.why)).collect();
    format!("the {route} route is completed by these commands, run at the root of the workspace:{lines}")
}

fn otherwise(error: &anyhow::Error) -> String {
    let nothing = Found {
        nightly: Nightly::Absent,
        path_linker: PathLinker::Absent,
        apt: false,
        missing_packages: vec![],
        tools_linker: false,
        cc: true,
    };
    let nightly = by_hand(Route::Nightly, &route::nightly_steps(&nothing));
    format!("cannot install by the debian route: {error:#}\nThe other way: {nightly}")
}

/// Whether tests can be run in parallel, each in its own process.
pub(crate) fn has_nextest(workspace: &Workspace) -> bool {
    answers(workspace, &["nextest", "--version"])
}

/// # Errors
/// Exit code 3, with the command that adds it, where `cargo <component>` does not start.
pub(crate) fn require_component(workspace: &Workspace, component: &str) -> Result<()> {
    if answers(workspace, &[component, "--version"]) {
        return Ok(());
    }
    let name = if component == "fmt" { "rustfmt" } else { component };
    Err(exit::unfit(format!("`cargo {component}` is absent; add it with: rustup component add {name}")))
}

/// Whether this command of cargo is there, and works.
pub(crate) fn answers(workspace: &Workspace, args: &[&str]) -> bool {
    workspace.cargo(args).quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_are_there() {
        assert_eq!(missing_of(""), PACKAGES);
        let all = "installed rustc-web\ninstalled libstd-rust-web-dev-bpf\ninstalled llvm-22-dev\n";
        assert_eq!(missing_of(all), [""; 0]);
        let removed = all.replace("installed rustc-web", "config-files rustc-web");
        assert_eq!(missing_of(&removed), ["rustc-web"]);
    }

    #[test]
    fn a_failed_installation_names_the_other_way() {
        let text = otherwise(&anyhow::anyhow!("no network"));
        assert!(text.contains("no network") && text.contains("rustup toolchain install nightly"), "{text}");
    }
}
