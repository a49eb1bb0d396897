//! A workspace of its own, and the real binary in it.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;
use tracetax::{
    host,
    plan::{Profile, Wanted, plan},
    results::Folder,
    scenario::parse,
};

pub const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

pub const GOOD: &str = closed_loop!(
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
pub struct Site(pub TempDir);

impl Site {
    pub fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.0.path().join("scenarios")).unwrap();
        site.scenario("good", GOOD);
        site
    }

    pub fn scenario(&self, name: &str, text: &str) {
        fs::write(self.0.path().join("scenarios").join(name).with_extension("toml"), text).unwrap();
    }

    pub fn results(&self) -> PathBuf {
        self.0.path().join("results")
    }

    /// The lab, with nothing of this process's environment.
    pub fn lab(&self, args: &[&str]) -> Command {
        let mut lab = Command::new(env!("CARGO_BIN_EXE_tracetax"));
        lab.args(args).env_clear().env("TRACETAX_ROOT", self.0.path()).env("OUTPUT_DIR", self.results());
        lab
    }

    /// The folder of a run that has not measured anything yet.
    pub fn stored_run(&self) -> Folder {
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

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Ends with this code and says all of this on standard error, and nothing on standard output.
pub fn refused(lab: &mut Command, code: i32, says: &[&str]) {
    let Output { status, stdout, stderr } = lab.output().unwrap();
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(code), "{stderr}");
    assert_eq!(stdout, "");
    for part in says {
        assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
    }
}

/// As [`refused`], before anything was started: a run begins with its folder.
pub fn refused_at_once(site: &Site, lab: &mut Command, code: i32, says: &[&str]) {
    refused(lab, code, says);
    assert!(!site.results().exists(), "a folder for results was made");
}
