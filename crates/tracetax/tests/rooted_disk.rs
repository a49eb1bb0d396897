//! Runs whose results cannot be written: no room, a limit, a folder that is not to be written, nobody who listens. Each ends with
//! what to do about it and the right code, keeps what was measured, and leaves nothing else behind. Needs root.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use site::{Ended, SOUND, Site};
use tracetax::judge::judge;

const LONG: &str = closed_loop!(
    "What is left of a run whose disk is full?",
    block_ms = 50,
    warmup_ms = 0,
    pairs = [200, 200, 200],
    per_life = 200,
    ""
);

const SHORT: &str = closed_loop!(
    "What does the tracer cost in a short run?",
    block_ms = 50,
    warmup_ms = 0,
    pairs = [5, 5, 5],
    per_life = 5,
    ""
);

/// A file system in memory, until dropped.
struct Mounted(PathBuf);

impl Mounted {
    fn at(path: &Path, options: &str) -> Self {
        fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).status();
        assert!(mounted.unwrap().success());
        Self(path.to_owned())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// The same command, which may write no file of more than so many KiB.
fn limited(command: &Command, most_kib: u32) -> Command {
    let mut limited = Command::new("bash");
    limited.args(["-c", &format!("ulimit -f {most_kib} && exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args()).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

/// Unfit, with these parts of what it says, nothing on standard output.
fn assert_unfit(ended: &Ended, says: &[&str]) {
    assert_eq!(ended.code(), 3, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    for part in says {
        assert!(ended.stderr.contains(part), "`{part}` is not in: {}", ended.stderr);
    }
}

/// What was measured is there and judged so far, and no verdict was left.
fn assert_kept(site: &Site) {
    let blocks = site.latest().blocks().unwrap();
    assert!((1..401).contains(&blocks.len()), "{} blocks", blocks.len());
    assert!(!site.latest().path().join("verdict.json").exists());
    let report = site.run(&["report"]);
    assert!([4, 5, 99].contains(&report.code()), "{}", report.stderr);
    let part = judge(&site.latest().plan().unwrap(), &blocks).interrupted.unwrap();
    // What was discarded is measured again, and counts once.
    let discarded = blocks.iter().filter(|block| block.discarded.is_some()).count();
    let measured = part.measured_blocks as usize;
    assert!(
        (blocks.len().saturating_sub(2 * discarded)..=blocks.len()).contains(&measured),
        "{measured} of {}",
        blocks.len()
    );
    let said = format!("interrupted after {measured} of 401 blocks: ");
    assert!(report.stdout.contains(&said), "`{said}` is not in {}", report.stdout);
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_ends_a_run_and_keeps_what_was_measured() {
    let site = Site::new("long", LONG);
    let _disk = Mounted::at(&site.results(), "size=1m,mode=755");
    let mut run = site.start(&["bench", "long"]);
    let (lab, seen) = (run.pid(), run.watch());
    assert_unfit(
        &run.end(),
        &[
            "blocks before are kept, and judged by `cargo xtask report`",
            "blocks.jsonl: No space left on device",
            "make room there",
        ],
    );
    site.assert_nothing_left(lab, &seen);
    assert_kept(&site);
}

#[test]
#[ignore = "needs root"]
fn a_limit_on_the_size_of_files_ends_a_run_as_a_full_disk_does() {
    let site = Site::new("long", LONG);
    let mut run = site.spawn(limited(&site.lab(&["bench", "long"]), 600));
    let (lab, seen) = (run.pid(), run.watch());
    assert_unfit(&run.end(), &["blocks.jsonl: File too large", "`ulimit -f unlimited`"]);
    site.assert_nothing_left(lab, &seen);
    assert_kept(&site);
}

#[test]
#[ignore = "needs root"]
fn a_folder_that_cannot_be_written_is_told_before_anything_is_measured() {
    let site = Site::new("short", SHORT);
    fs::write(site.results(), "a file").unwrap();
    assert_unfit(&site.run(&["bench", "short"]), &["/results: ", "by OUTPUT_DIR"]);
    assert_eq!(fs::read_to_string(site.results()).unwrap(), "a file");
    fs::remove_file(site.results()).unwrap();
    let _disk = Mounted::at(&site.results(), "ro,mode=755");
    assert_unfit(&site.run(&["bench", "short"]), &["/results/", "Read-only file system", "by OUTPUT_DIR"]);
}

#[test]
#[ignore = "needs root"]
fn a_folder_that_others_can_write_is_refused_with_the_command_that_helps() {
    let site = Site::new("short", SHORT);
    fs::create_dir(site.results()).unwrap();
    fs::set_permissions(site.results(), fs::Permissions::from_mode(0o1777)).unwrap();
    let command = format!("chmod o-w {}", site.results().display());
    assert_unfit(&site.run(&["bench", "short"]), &["can be written by everybody", &command]);
    assert_eq!(fs::read_dir(site.results()).unwrap().count(), 0);
    let words: Vec<&str> = command.split(' ').collect();
    assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success());
    let code = site.run(&["bench", "short"]).code();
    assert!(SOUND.contains(&code) || code == 5);
}

#[test]
#[ignore = "needs root"]
fn results_that_a_link_leads_to_are_where_it_leads() {
    let site = Site::new("short", SHORT);
    let real = site.results().with_file_name("real");
    fs::create_dir(&real).unwrap();
    symlink("real", site.results()).unwrap();
    let code = site.run(&["bench", "short"]).code();
    assert!(SOUND.contains(&code) || code == 5);
    assert!(real.join("latest/verdict.json").is_file());
}

#[test]
#[ignore = "needs root"]
fn a_run_to_which_nobody_listens_goes_to_its_end() {
    let site = Site::new("short", SHORT);
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let mut lab = site.lab(&["bench", "short", "--verbose"]);
    let ended = lab.stdout(gone()).stderr(gone()).status().unwrap();
    let verdict = site.latest().verdict().unwrap();
    assert_eq!(ended.code(), Some(tracetax::exit::of_word(verdict.word).into()));
    assert_eq!(verdict.interrupted, None);
}
