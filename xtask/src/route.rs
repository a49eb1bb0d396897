//! Which compiler builds the eBPF object, decided from what was found on this machine.
//!
//! No I/O here: [`choose_route`] is a function of [`Found`], so that every kind of machine can be a test.

use std::fmt;

/// The linker's release, and the release of LLVM that it is built for. The pair must fit `rustc-web`: LLVM
/// reads what an older LLVM wrote, never the other way round.
pub(crate) const LINKER_VERSION: &str = "0.13.0";
const LLVM: &str = "22";

/// What the debian route needs from apt.
pub(crate) const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev-bpf", "llvm-22-dev"];

/// A way to a compiler that knows the BPF target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Route {
    /// rustup's nightly compiles `core` itself (`-Z build-std`).
    Nightly,
    /// Debian's `rustc-web` comes with `core` compiled for BPF.
    Debian,
}

impl Route {
    /// The route of that name, as it is printed.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Nightly, Self::Debian].into_iter().find(|route| route.to_string() == name)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nightly => "nightly",
            Self::Debian => "debian",
        })
    }
}

/// What is there of rustup's nightly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Nightly {
    Absent,
    WithoutSource,
    WithSource,
}

/// What is there of a `bpf-linker` on `PATH`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathLinker {
    Absent,
    /// There is nothing to try it with.
    Untried,
    /// It cannot link what the nightly writes, most often because its LLVM is older.
    Unfit,
    Fit,
}

/// All that the choice depends on.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) nightly: Nightly,
    pub(crate) path_linker: PathLinker,
    pub(crate) apt: bool,
    pub(crate) missing_packages: Vec<&'static str>,
    /// Our own `bpf-linker`, in the right version, in `target/tools`.
    pub(crate) tools_linker: bool,
    /// A C compiler, with which cargo links.
    pub(crate) cc: bool,
}

/// The route to take, or what is missing on it.
#[derive(Debug, PartialEq)]
pub(crate) enum Choice {
    Ready { route: Route, why: String },
    Missing { route: Route, why: String, steps: Vec<Step> },
}

/// Whether a step needs root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Needs {
    Root,
    Nobody,
}

/// One command that brings a route nearer to being complete.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) why: &'static str,
    pub(crate) needs: Needs,
    pub(crate) env: Option<(&'static str, String)>,
    pub(crate) argv: Vec<String>,
}

impl Step {
    pub(crate) fn new(needs: Needs, why: &'static str, command: &str) -> Self {
        Self { why, needs, env: None, argv: command.split_whitespace().map(str::to_owned).collect() }
    }
}

/// The line to type, for somebody who is not root.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.needs == Needs::Root {
            f.write_str("sudo ")?;
        }
        if let Some((name, value)) = &self.env {
            write!(f, "{name}={value} ")?;
        }
        f.write_str(&self.argv.join(" "))
    }
}

/// Chooses a complete route, nightly first; where none is complete, the one that can be completed here.
///
/// `wanted` leaves no choice: only that route is looked at.
pub(crate) fn choose_route(found: &Found, wanted: Option<Route>) -> Choice {
    let nightly = nightly_gap(found);
    let debian = debian_gap(found);
    match (wanted, nightly, debian) {
        (Some(Route::Nightly) | None, None, _) => Choice::Ready {
            route: Route::Nightly,
            why: "it has rust-src, and a bpf-linker is on PATH".into(),
        },
        (Some(Route::Debian), _, None) => {
            Choice::Ready { route: Route::Debian, why: "all its parts are here; asked for by name".into() }
        }
        (None, Some(gap), None) => {
            Choice::Ready { route: Route::Debian, why: format!("all its parts are here; not nightly: {gap}") }
        }
        (Some(Route::Nightly), Some(gap), _) => missing(Route::Nightly, found, gap),
        (Some(Route::Debian), _, Some(gap)) => missing(Route::Debian, found, gap),
        (None, Some(nightly), Some(debian)) => {
            let route = if found.apt { Route::Debian } else { Route::Nightly };
            missing(route, found, format!("nightly: {nightly}; debian: {debian}"))
        }
    }
}

fn missing(route: Route, found: &Found, why: String) -> Choice {
    let steps = match route {
        Route::Nightly => nightly_steps(found),
        Route::Debian => debian_steps(found),
    };
    Choice::Missing { route, why, steps }
}

/// What keeps the nightly route from being complete.
fn nightly_gap(found: &Found) -> Option<String> {
    let gap = match (found.nightly, &found.path_linker) {
        (Nightly::Absent, _) => "rustup has no nightly toolchain",
        (Nightly::WithoutSource, _) => "its toolchain has no rust-src",
        (_, PathLinker::Absent) => "no bpf-linker on PATH",
        (_, PathLinker::Untried) => "the bpf-linker on PATH was not tried",
        (_, PathLinker::Unfit) => {
            "the bpf-linker on PATH cannot link its output (is its LLVM older? see target/tools/probe/log)"
        }
        (_, PathLinker::Fit) => return None,
    };
    Some(gap.into())
}

/// What keeps the debian route from being complete.
fn debian_gap(found: &Found) -> Option<String> {
    if !found.apt {
        Some("no apt-get here".into())
    } else if !found.missing_packages.is_empty() {
        Some(format!("not installed: {}", found.missing_packages.join(" ")))
    } else if !found.tools_linker {
        Some(format!("no bpf-linker {LINKER_VERSION} in target/tools"))
    } else {
        None
    }
}

/// The commands that complete the nightly route.
pub(crate) fn nightly_steps(found: &Found) -> Vec<Step> {
    let mut steps = Vec::new();
    if found.nightly != Nightly::WithSource {
        let command = "rustup toolchain install nightly --profile minimal --component rust-src";
        steps.push(Step::new(Needs::Nobody, "-Z build-std compiles core for BPF from its source", command));
    }
    if matches!(found.path_linker, PathLinker::Absent | PathLinker::Unfit) {
        // The linker's authors advise against building it: the finished one comes with the right LLVM inside.
        let why = "fetches finished programs; skip it if you have it";
        steps.push(Step::new(Needs::Nobody, why, "cargo install cargo-binstall --locked"));
        let why = "links BPF objects; its LLVM must not be older than nightly's";
        steps.push(Step::new(Needs::Nobody, why, "cargo binstall --force bpf-linker"));
    }
    steps
}

/// The commands that complete the debian route.
fn debian_steps(found: &Found) -> Vec<Step> {
    let mut packages = found.missing_packages.clone();
    if !found.tools_linker && !found.cc {
        packages.push("build-essential");
    }
    let mut steps = Vec::new();
    if !packages.is_empty() {
        steps.push(Step::new(Needs::Root, "the package lists may be absent or old", "apt-get update"));
        // rustc-web replaces Debian's own rustc: whoever has that one shall decide, not we.
        let install = "apt-get install --yes --no-install-recommends --no-remove";
        let command = format!("{install} {}", packages.join(" "));
        steps.push(Step::new(
            Needs::Root,
            "a rustc with core for BPF, and the LLVM for its linker",
            &command,
        ));
    }
    if !found.tools_linker {
        steps.push(linker_step());
    }
    steps
}

fn linker_step() -> Step {
    let command = format!(
        "cargo install bpf-linker --version {LINKER_VERSION} --locked --force --no-default-features \
         --features llvm-{LLVM} --root target/tools"
    );
    let why = "links BPF objects; must be built against the LLVM of rustc-web (about a minute, once)";
    // Without the prefix its build takes any LLVM that lies about.
    let env = Some(("LLVM_PREFIX", format!("/usr/lib/llvm-{LLVM}")));
    Step { env, ..Step::new(Needs::Nobody, why, &command) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> Found {
        Found {
            nightly: Nightly::Absent,
            path_linker: PathLinker::Absent,
            apt: false,
            missing_packages: PACKAGES.to_vec(),
            tools_linker: false,
            cc: true,
        }
    }

    fn nightly() -> Found {
        Found { nightly: Nightly::WithSource, path_linker: PathLinker::Fit, ..nothing() }
    }

    fn debian() -> Found {
        Found { apt: true, missing_packages: vec![], tools_linker: true, ..nothing() }
    }

    fn both() -> Found {
        Found { nightly: Nightly::WithSource, path_linker: PathLinker::Fit, ..debian() }
    }

    #[track_caller]
    fn check_ready(found: &Found, wanted: Option<Route>, expect: Route, reason: &str) {
        match choose_route(found, wanted) {
            Choice::Ready { route, why } => {
                assert_eq!(route, expect);
                assert!(why.contains(reason), "{why}");
            }
            missing => panic!("{missing:?}"),
        }
    }

    #[track_caller]
    fn check_missing(found: &Found, wanted: Option<Route>, expect: Route, reason: &str, commands: &[&str]) {
        match choose_route(found, wanted) {
            Choice::Missing { route, why, steps } => {
                assert_eq!(route, expect);
                assert!(why.contains(reason), "{why}");
                let found: Vec<String> = steps.iter().map(Step::to_string).collect();
                assert_eq!(found.len(), commands.len(), "{found:#?}");
                assert!(found.iter().zip(commands).all(|(f, c)| f.starts_with(c)), "{found:#?}");
            }
            ready => panic!("{ready:?}"),
        }
    }

    const RUSTUP: &str = "rustup toolchain install nightly --profile minimal --component rust-src";
    const FETCHER: &str = "cargo install cargo-binstall --locked";
    const BINSTALL: &str = "cargo binstall --force bpf-linker";
    const UPDATE: &str = "sudo apt-get update";
    const INSTALL: &str = "sudo apt-get install --yes --no-install-recommends --no-remove ";
    const LINKER: &str = "LLVM_PREFIX=/usr/lib/llvm-22 cargo install bpf-linker --version 0.13.0 --locked";

    #[test]
    fn a_complete_route_is_taken_nightly_first() {
        check_ready(&nightly(), None, Route::Nightly, "rust-src");
        check_ready(&debian(), None, Route::Debian, "not nightly: rustup has no nightly");
        check_ready(&both(), None, Route::Nightly, "rust-src");
    }

    #[test]
    fn a_gap_in_nightly_leaves_debian_and_is_named() {
        let source = Found { nightly: Nightly::WithoutSource, path_linker: PathLinker::Untried, ..both() };
        check_ready(&source, None, Route::Debian, "no rust-src");
        let absent = Found { path_linker: PathLinker::Absent, ..both() };
        check_ready(&absent, None, Route::Debian, "no bpf-linker on PATH");
        let unfit = Found { path_linker: PathLinker::Unfit, ..both() };
        check_ready(&unfit, None, Route::Debian, "cannot link");
    }

    #[test]
    fn a_wanted_route_leaves_no_choice() {
        check_ready(&both(), Some(Route::Debian), Route::Debian, "by name");
        check_ready(&both(), Some(Route::Nightly), Route::Nightly, "rust-src");
        check_missing(
            &debian(),
            Some(Route::Nightly),
            Route::Nightly,
            "no nightly",
            &[RUSTUP, FETCHER, BINSTALL],
        );
        let apt = Found { apt: true, ..nightly() };
        check_missing(&apt, Some(Route::Debian), Route::Debian, "rustc-web", &[UPDATE, INSTALL, LINKER]);
    }

    #[test]
    fn with_apt_the_debian_route_is_completed_by_what_it_lacks() {
        let fresh = Found { apt: true, ..nothing() };
        let all = format!("{INSTALL}rustc-web libstd-rust-web-dev-bpf llvm-22-dev");
        check_missing(&fresh, None, Route::Debian, "not installed", &[UPDATE, &all, LINKER]);
        let no_compiler = Found { cc: false, ..fresh };
        let more = format!("{all} build-essential");
        check_missing(&no_compiler, None, Route::Debian, "not installed", &[UPDATE, &more, LINKER]);
        let one = Found { missing_packages: vec!["llvm-22-dev"], ..debian() };
        let install = format!("{INSTALL}llvm-22-dev");
        check_missing(&one, None, Route::Debian, "not installed: llvm-22-dev", &[UPDATE, &install]);
        let no_linker = Found { tools_linker: false, ..debian() };
        check_missing(&no_linker, None, Route::Debian, "0.13.0 in target/tools", &[LINKER]);
    }

    #[test]
    fn without_apt_the_nightly_route_is_completed_by_what_it_lacks() {
        check_missing(&nothing(), None, Route::Nightly, "no apt-get", &[RUSTUP, FETCHER, BINSTALL]);
        let source = Found { nightly: Nightly::WithoutSource, path_linker: PathLinker::Untried, ..nothing() };
        check_missing(&source, None, Route::Nightly, "rust-src", &[RUSTUP]);
        let unfit = Found { path_linker: PathLinker::Unfit, ..nightly() };
        check_missing(&unfit, None, Route::Nightly, "cannot link", &[FETCHER, BINSTALL]);
    }

    #[test]
    fn a_route_is_known_by_the_name_it_prints() {
        assert_eq!(Route::parse("debian"), Some(Route::Debian));
        assert_eq!(Route::parse("nightly"), Some(Route::Nightly));
        assert_eq!(Route::parse("fedora"), None);
    }
}
