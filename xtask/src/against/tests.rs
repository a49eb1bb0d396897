//! Revisions, work trees and what is kept of them, in repositories made here.

use xshell::TempDir;

use super::*;

/// A repository with two commits of a file, the second called `HEAD`, and the place for other revisions in it.
struct Made {
    folder: TempDir,
    sh: Shell,
    first: String,
    second: String,
}

impl Made {
    fn new() -> Self {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        let mut made = Self { folder, sh, first: String::new(), second: String::new() };
        made.git("init --quiet");
        made.first = made.commit("one");
        made.second = made.commit("two");
        made
    }

    fn git(&self, args: &str) -> String {
        let identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"];
        let args = identity.into_iter().chain(args.split(' '));
        git(&self.sh, &args.collect::<Vec<_>>()).quiet().read().unwrap()
    }

    fn commit(&self, text: &str) -> String {
        self.sh.write_file("file", text).unwrap();
        self.sh.write_file(".gitignore", "target\n").unwrap();
        self.git("add .");
        self.git(&format!("commit --quiet --message {text}"));
        self.git("rev-parse HEAD")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn repository(&self) -> Repository {
        Repository::at(&self.root()).unwrap()
    }

    fn place(&self) -> Place {
        let folder = self.root().join("target/against");
        fs::create_dir_all(&folder).unwrap();
        Place { folder }
    }

    /// Checks `commit` out, and sees that the user's own work tree is left alone.
    #[track_caller]
    fn check_out(&self, commit: &str, text: &str) {
        let place = self.place();
        place.check_out(&self.repository(), commit).unwrap();
        assert_eq!(fs::read_to_string(place.work_tree().join("file")).unwrap(), text);
        assert_eq!(fs::read_to_string(self.root().join("file")).unwrap(), "mine");
        assert_eq!(self.git("rev-parse HEAD"), self.second);
        assert!(self.git("branch --show-current").starts_with('m'), "the user's branch is still checked out");
    }
}

#[test]
fn a_revision_is_resolved_or_is_usage() {
    let made = Made::new();
    let repository = made.repository();
    assert_eq!(repository.resolve("HEAD").unwrap(), made.second);
    assert_eq!(repository.resolve("HEAD~1").unwrap(), made.first);
    assert_eq!(repository.resolve(&made.first[..8]).unwrap(), made.first);
    for unknown in ["no-such-branch", "HEAD~9", "--help", ""] {
        let error = repository.resolve(unknown).unwrap_err();
        assert_eq!(exit::number(&error), 2, "{unknown}");
        assert!(error.to_string().contains(&format!("`{unknown}`")), "{error}");
    }
}

#[test]
fn without_a_repository_this_machine_is_unfit() {
    let sh = Shell::new().unwrap();
    let folder = sh.create_temp_dir().unwrap();
    let error = Repository::at(folder.path()).err().unwrap();
    assert_eq!(exit::number(&error), 3);
    assert!(error.to_string().contains("no repository of git"), "{error}");
}

#[test]
fn one_work_tree_is_used_again_and_keeps_what_was_built() {
    let made = Made::new();
    made.sh.write_file("file", "mine").unwrap();
    made.check_out(&made.first, "one");
    let tree = made.place().work_tree();
    made.sh.write_file(tree.join("target/built"), "slow").unwrap();
    made.sh.write_file(tree.join("left-over"), "").unwrap();
    made.sh.write_file(tree.join("file"), "changed").unwrap();
    made.check_out(&made.second, "two");
    assert!(tree.join("target/built").exists() && !tree.join("left-over").exists());
    made.check_out(&made.first, "one");
    assert_eq!(made.git("worktree list").lines().count(), 2);
}

#[test]
fn a_work_tree_that_was_deleted_or_damaged_is_made_anew() {
    let made = Made::new();
    made.sh.write_file("file", "mine").unwrap();
    made.check_out(&made.first, "one");
    let tree = made.place().work_tree();
    // As `cargo clean` does.
    fs::remove_dir_all(made.root().join("target")).unwrap();
    made.check_out(&made.second, "two");
    // Without its file, git would take the tree for part of the user's own.
    fs::remove_file(tree.join(".git")).unwrap();
    made.check_out(&made.first, "one");
    // Git has forgotten it.
    fs::remove_dir_all(made.root().join(".git/worktrees")).unwrap();
    made.check_out(&made.second, "two");
    // A checkout was killed.
    let lock = fs::read_dir(made.root().join(".git/worktrees")).unwrap().next().unwrap().unwrap();
    fs::write(lock.path().join("index.lock"), "").unwrap();
    made.check_out(&made.first, "one");
    // So was its making.
    fs::write(lock.path().join("locked"), "initializing").unwrap();
    fs::remove_dir_all(&tree).unwrap();
    made.check_out(&made.second, "two");
    // Something else lies there.
    fs::remove_dir_all(&tree).unwrap();
    made.sh.write_file(tree.join("file"), "other").unwrap();
    made.check_out(&made.second, "two");
    assert_eq!(made.git("worktree list").lines().count(), 2);
}

#[test]
fn a_workspace_below_the_top_is_found_in_the_work_tree() {
    let made = Made::new();
    let below = made.root().join("below/here");
    fs::create_dir_all(&below).unwrap();
    assert_eq!(Repository::at(&below).unwrap().prefix, Path::new("below/here/"));
    assert_eq!(made.repository().prefix, Path::new(""));
}

#[test]
fn two_builds_take_turns() {
    let made = Made::new();
    let place = made.place();
    let held = place.lock().unwrap();
    let other = File::open(place.folder.join("lock")).unwrap();
    assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
    drop(held);
    other.try_lock().unwrap();
}

#[test]
fn what_is_measured_is_kept_whole_by_its_commit() {
    let made = Made::new();
    let place = made.place();
    let release = place.target().join("release");
    let build = |text: &str| MEASURED.map(|name| made.sh.write_file(release.join(name), text).unwrap());
    let read =
        |commit: &str| MEASURED.map(|name| fs::read_to_string(place.folder.join(commit).join(name)).unwrap());
    build("a");
    let kept = place.keep("aaaa").unwrap();
    let time = || fs::metadata(kept.join("tracer")).unwrap().modified().unwrap();
    let before = time();
    assert_eq!(place.keep("aaaa").unwrap(), kept);
    assert_eq!(time(), before, "an unchanged build leaves what is being measured alone");
    build("b");
    place.keep("bbbb").unwrap();
    assert_eq!((read("aaaa"), read("bbbb")), (["a", "a"].map(String::from), ["b", "b"].map(String::from)));
    place.keep("aaaa").unwrap();
    assert_eq!(read("aaaa"), ["b", "b"].map(String::from), "another compiler");
    fs::remove_file(release.join("tracer")).unwrap();
    assert!(place.keep("cccc").unwrap_err().to_string().contains("its build left no"));
    assert!(!place.folder.join("cccc").exists());
}
