//! Another revision of the workspace, built beside this one for `compare --against REV`.
//!
//! It is checked out into one work tree that is used again and again, so that only what differs is compiled anew, and is
//! built there by its own driver, into a target directory of its own. What a measurement needs of it is then copied aside:
//! the next comparison may build another revision while this one is still measured.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::{Cmd, Shell, cmd};

use crate::workspace::{Workspace, on_path, without_cargo_run};
use crate::{build, exit};

/// What the lab starts of another revision: its tracer, and the object that lies beside it.
const MEASURED: [&str; 2] = ["tracer", build::OBJECT];

/// Where the lab finds it, and which commit it is.
const BINARIES: &str = "TRACETAX_AGAINST_BINARIES";
const REVISION: &str = "TRACETAX_AGAINST_REVISION";

/// What would lead git elsewhere: it is set where git itself has started us, as a hook.
const GIT_SETTINGS: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// The tracer of another revision, ready to be measured.
#[derive(Debug)]
pub(crate) struct Against {
    commit: String,
    binaries: PathBuf,
}

impl Against {
    /// The variables by which the lab is told.
    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [(BINARIES, self.binaries.clone()), (REVISION, self.commit.clone().into())]
    }
}

/// A revision that is there, and not yet built.
pub(crate) struct Found {
    repository: Repository,
    name: String,
    commit: String,
}

/// Finds the revision that the user calls `name`.
///
/// # Errors
/// Exit code 2 where there is no such revision, 3 where there is no git or no repository.
pub(crate) fn find(workspace: &Workspace, name: &str) -> Result<Found> {
    let repository = Repository::at(&workspace.root)?;
    let commit = repository.resolve(name)?;
    Ok(Found { repository, name: name.to_owned(), commit })
}

impl Found {
    /// Builds it.
    ///
    /// # Errors
    /// When it cannot be checked out, or does not build.
    pub(crate) fn build(self, workspace: &Workspace) -> Result<Against> {
        let Self { repository, name, commit } = self;
        let place = Place { folder: workspace.target.join("against") };
        fs::create_dir_all(&place.folder)?;
        let _locked = place.lock()?;
        place.check_out(&repository, &commit)?;
        let root = place.work_tree().join(&repository.prefix);
        bring_tools(workspace, &root)?;
        eprintln!("building {name} ({commit}) in {}", place.folder.display());
        build_there(&root, &place).with_context(|| format!("{name} ({commit}) does not build"))?;
        Ok(Against { binaries: place.keep(&commit)?, commit })
    }
}

/// Where the workspace is under version control.
struct Repository {
    sh: Shell,
    /// Path from the top of the work tree to the workspace.
    prefix: PathBuf,
}

impl Repository {
    fn at(root: &Path) -> Result<Self> {
        if on_path("git").is_none() {
            return Err(exit::unfit(
                "another revision is found by git, which is not here: install git".into(),
            ));
        }
        let sh = Shell::new()?;
        sh.change_dir(root);
        let asked = git(&sh, &["rev-parse", "--show-prefix"]).quiet().ignore_status().output()?;
        if !asked.status.success() {
            let text = format!(
                "{} is in no repository of git, so it has no other revision ({}): measure in a clone, or compare stored \
                 runs by `cargo xtask compare`",
                root.display(),
                String::from_utf8_lossy(&asked.stderr).trim()
            );
            return Err(exit::unfit(text));
        }
        Ok(Self { sh, prefix: String::from_utf8(asked.stdout)?.trim().into() })
    }

    fn git(&self, args: &[&str]) -> Cmd<'_> {
        git(&self.sh, args)
    }

    /// The full name of a commit.
    fn resolve(&self, name: &str) -> Result<String> {
        let commit = format!("{name}^{{commit}}");
        let asked = self.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]).quiet();
        asked.ignore_stderr().read().map_err(|_| {
            exit::usage(format!(
                "git knows no revision `{name}` here; a clone of one branch or of few commits may lack it: `git fetch \
                 --unshallow`, or `git fetch origin {name}`"
            ))
        })
    }
}

fn git<'a>(sh: &'a Shell, args: &[&str]) -> Cmd<'a> {
    // Hooks are for the user's own work tree.
    let mut cmd = cmd!(sh, "git -c core.hooksPath=/dev/null {args...}");
    for name in GIT_SETTINGS {
        cmd = cmd.env_remove(name);
    }
    cmd
}

/// Where other revisions are built: `target/against`. All of it may be deleted at any time.
struct Place {
    folder: PathBuf,
}

impl Place {
    fn work_tree(&self) -> PathBuf {
        self.folder.join("worktree")
    }

    /// The target directory of other revisions.
    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Held until dropped, by one build at a time; the kernel lets go of it however this process ends (flock(2)).
    fn lock(&self) -> Result<File> {
        let file = File::create(self.folder.join("lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                eprintln!("another comparison builds in {}: waiting for it", self.folder.display());
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", self.folder.display()));
            }
        }
        Ok(file)
    }

    /// Makes the work tree that of `commit`, whatever state it was left in.
    fn check_out(&self, repository: &Repository, commit: &str) -> Result<()> {
        if self.is_work_tree() && self.switch(commit).is_ok() {
            return Ok(());
        }
        let tree = self.work_tree();
        if tree.exists() {
            fs::remove_dir_all(&tree).with_context(|| format!("cannot remove {}", tree.display()))?;
        }
        // Git may still know of one that was deleted.
        repository.git(&["worktree", "prune"]).quiet().run()?;
        // Twice, since git locks one that it was making when it was killed.
        let add = repository.git(&["worktree", "add", "--quiet", "--force", "--force", "--detach"]);
        Ok(add.arg(&tree).arg(commit).quiet().run()?)
    }

    /// Whether git takes it for a work tree of its own. Asked in a folder that is none, git answers for the one around.
    fn is_work_tree(&self) -> bool {
        let tree = self.work_tree();
        let top = || {
            let sh = Shell::new().ok()?;
            sh.change_dir(&tree);
            let top = git(&sh, &["rev-parse", "--show-toplevel"]).quiet().ignore_stderr().read().ok()?;
            Some(Path::new(&top).canonicalize().ok()? == tree.canonicalize().ok()?)
        };
        tree.join(".git").is_file() && top() == Some(true)
    }

    /// Only files that differ are written, so that only these are compiled again. What git ignores stays.
    fn switch(&self, commit: &str) -> Result<()> {
        let sh = Shell::new()?;
        sh.change_dir(self.work_tree());
        git(&sh, &["checkout", "--quiet", "--detach", "--force", commit]).quiet().ignore_stderr().run()?;
        Ok(git(&sh, &["clean", "--quiet", "--force", "-d"]).quiet().run()?)
    }

    /// Copies aside what is measured; a folder is there whole or not at all.
    fn keep(&self, commit: &str) -> Result<PathBuf> {
        let (kept, new) = (self.folder.join(commit), self.folder.join("new"));
        let release = self.target().join("release");
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir(&new)?;
        for name in MEASURED {
            let from = release.join(name);
            fs::copy(&from, new.join(name))
                .with_context(|| format!("its build left no {}", from.display()))?;
        }
        if same(&kept, &new) {
            return Ok(kept);
        }
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        fs::rename(&new, &kept)?;
        Ok(kept)
    }
}

fn same(one: &Path, other: &Path) -> bool {
    MEASURED.iter().all(|name| match (fs::read(one.join(name)), fs::read(other.join(name))) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    })
}

/// Gives the other revision our linker, which takes a minute to build. A copy, as it may want another version.
fn bring_tools(workspace: &Workspace, root: &Path) -> Result<()> {
    let (ours, theirs) = (workspace.tools(), root.join("target/tools"));
    if theirs.exists() || !ours.exists() {
        return Ok(());
    }
    let new = root.join("target/tools.new");
    let sh = Shell::new()?;
    sh.remove_path(&new)?;
    fs::create_dir_all(root.join("target"))?;
    cmd!(sh, "cp -a {ours} {new}").quiet().run()?;
    Ok(fs::rename(new, theirs)?)
}

/// By its own driver: how an object is made belongs to the revision. A cost is never planted in it.
fn build_there(root: &Path, place: &Place) -> Result<()> {
    ensure!(
        root.join("xtask").is_dir(),
        "it has no driver that builds it: it is older than `cargo xtask`, so name a later one"
    );
    let sh = Shell::new()?;
    sh.change_dir(root);
    let mut build = without_cargo_run(cmd!(sh, "cargo xtask build"));
    for name in GIT_SETTINGS.into_iter().chain([build::PLANTED]) {
        build = build.env_remove(name);
    }
    Ok(build.env("CARGO_TARGET_DIR", place.target()).quiet().run()?)
}

#[cfg(test)]
mod tests;
