//! What tests of the report's pages need: a Chromium, and axe-core, which checks whether everybody can read them.
//!
//! Neither is needed to build or to measure, so what is absent is told and stops nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use xshell::cmd;

use crate::route::{Needs, Step};
use crate::setup::run_step;
use crate::workspace::{Workspace, is_root, on_path};

/// Names of a Chromium, as distributions call it; the first that is there is taken.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Whether pages can be tested here.
#[derive(Debug, PartialEq)]
pub(crate) enum Browser {
    Ready {
        program: PathBuf,
        /// `axe.min.js`.
        axe: PathBuf,
    },
    /// Why not, and what to do.
    Absent(String),
}

/// Completes what is missing, where that may be installed from here.
///
/// # Errors
/// When files under `target` cannot be written.
pub(crate) fn ensure(workspace: &Workspace) -> Result<Browser> {
    // In this order: a browser alone, which is large, would be of no use.
    let axe = match axe(workspace)? {
        Ok(axe) => axe,
        Err(why) => return Ok(Browser::Absent(why)),
    };
    Ok(match chromium(workspace) {
        Some(program) => Browser::Ready { program, axe },
        None => Browser::Absent(format!("no Chromium: {}", by_hand(is_debian()))),
    })
}

/// A Chromium; as root on Debian it is installed where there is none.
fn chromium(workspace: &Workspace) -> Option<PathBuf> {
    let here = || PROGRAMS.iter().find_map(|name| on_path(name));
    if here().is_none() && is_root() && is_debian() {
        for step in steps() {
            eprintln!("# {}", step.why);
            if let Err(error) = run_step(workspace, &step) {
                eprintln!("{error:#}");
                break;
            }
        }
    }
    here()
}

/// Only there the package is a browser: Ubuntu's fetches one by another way, which cannot read these pages.
fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn steps() -> [Step; 2] {
    let install = "apt-get install --yes --no-install-recommends chromium fonts-liberation";
    [
        Step::new(Needs::Root, "the list of packages, so that the newest is taken", "apt-get update"),
        Step::new(Needs::Root, "a browser, in which tests look at report.html (about 100 MB)", install),
    ]
}

fn by_hand(debian: bool) -> String {
    if debian {
        let [update, install] = steps();
        format!("install it by `{update}` and `{install}`")
    } else {
        format!("install one with this system's package manager, as {} on PATH", PROGRAMS[0])
    }
}

/// `axe.min.js` in `target/tools`, in the version and with the checksum of `xtask/axe/package-lock.json`, which npm holds it
/// to. Else why not.
fn axe(workspace: &Workspace) -> Result<Result<PathBuf, String>> {
    let (wanted, here) = (workspace.root.join("xtask/axe"), workspace.tools().join("axe"));
    let axe = here.join("node_modules/axe-core/axe.min.js");
    if axe.is_file() && same(&wanted, &here) {
        return Ok(Ok(axe));
    }
    if on_path("npm").is_none() {
        return Ok(Err("no npm to fetch axe-core with: install Node.js with its npm".into()));
    }
    eprintln!("# axe-core checks whether everybody can read report.html");
    let sh = &workspace.sh;
    sh.create_dir(&here)?;
    for file in ["package.json", LOCK] {
        sh.copy_file(wanted.join(file), here.join(file))?;
    }
    let fetched = cmd!(sh, "npm ci --prefix {here} --ignore-scripts --no-audit --no-fund --silent").run();
    Ok(match fetched {
        Ok(()) => Ok(axe),
        Err(error) => {
            // So that the next time tries again.
            sh.remove_path(here.join(LOCK))?;
            Err(format!("npm could not fetch axe-core: {error}"))
        }
    })
}

const LOCK: &str = "package-lock.json";

fn same(wanted: &Path, here: &Path) -> bool {
    let lock = |folder: &Path| fs::read(folder.join(LOCK)).ok();
    lock(wanted).is_some_and(|wanted| lock(here) == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::by_hand;

    #[test]
    fn who_may_not_install_is_told_how() {
        let text = by_hand(true);
        assert!(text.contains("`sudo apt-get install") && text.contains(" chromium "), "{text}");
        assert!(by_hand(false).contains("package manager"));
    }
}
