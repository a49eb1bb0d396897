//! A workspace of its own for each case, and the real binary in it.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    os::unix::{ffi::OsStringExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tracetax::scenario::{Scenario, parse};

/// No bad input may take longer, on whatever machine.
const LONGEST: Duration = Duration::from_secs(5);

const SCENARIO: &str = closed_loop!(
    "What does it cost?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [6, 6, 6],
    per_life = 3,
    "[tolerance]\nserver_cpu_us_per_request = 0.25\n"
);

/// A workspace with the scenario `made-up`.
pub struct Site {
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write("scenarios/made-up.toml", SCENARIO.as_bytes());
        site
    }

    /// Its scenario.
    pub fn scenario() -> Scenario {
        parse("made-up", "made-up.toml", SCENARIO).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The binary, with nothing of this process's environment but the way to this workspace.
    pub fn lab(&self, args: &[Vec<u8>]) -> Command {
        let mut lab = Command::new(env!("CARGO_BIN_EXE_tracetax"));
        lab.args(args.iter().cloned().map(OsString::from_vec)).current_dir(self.folder.path()).env_clear();
        lab.env("TRACETAX_ROOT", self.folder.path()).env("OUTPUT_DIR", self.path("results"));
        lab
    }

    /// What it says, with its exit code, and this workspace called `SITE`. Files may change under `may_change` alone.
    pub fn said(&self, name: &str, lab: &mut Command, may_change: &str) -> String {
        let before = self.files(may_change);
        let begun = Instant::now();
        let Output { status, stdout, stderr } = lab.output().unwrap();
        assert!(begun.elapsed() < LONGEST, "{name}: {:?}", begun.elapsed());
        assert_eq!(self.files(may_change), before, "{name}: files outside of {may_change}");
        let shown = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        for text in &shown {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{name}: {text:?}");
        }
        let code = status.code().unwrap_or_else(|| panic!("{name}: signal {:?}", status.signal()));
        assert!(code != 101 && code != 1, "{name}: the tool has failed: {}", shown[1]);
        let said = format!("exit {code}\n{}{}", shown[0], shown[1]);
        let real = self.folder.path().canonicalize().unwrap();
        [real.as_path(), self.folder.path()]
            .iter()
            .fold(said, |said, path| said.replace(&path.display().to_string(), "SITE"))
    }

    fn files(&self, but: &str) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        list(self.folder.path(), &mut found);
        found.retain(|path| !path.starts_with(self.path(but)));
        found
    }
}

fn list(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            list(&path, found);
        }
        found.insert(path);
    }
}
