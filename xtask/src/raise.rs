//! Raises the lab to root by sudo: the driver and all that is built stay with the user, and only what measures is raised.
//!
//! sudo drops the environment, so what the lab needs of it is handed over as arguments of `env`, which every sudoers file
//! allows that allows commands at all; `sudo --preserve-env` and `sudo NAME=value` want a tag of their own (sudoers(5), SETENV).

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::{fs, iter};

use anyhow::{Context, Result};

use crate::exit;
use crate::workspace::{is_root, on_path};

/// What the lab reads of the user's environment, besides what is named `TRACETAX_...`.
const READ_BY_THE_LAB: [&str; 11] = [
    "BENCHMARK_DURATION",
    "OUTPUT_DIR",
    "VERBOSE",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "TERM",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
];

/// What is told to the lab by its environment.
pub(crate) type Told = Vec<(OsString, OsString)>;

/// The command that starts `program` as root, with `told` and what it reads of the user's environment.
///
/// # Errors
/// Exit code 3, with the command to type as root, where there is no sudo.
pub(crate) fn by_sudo(program: &Path, args: &[OsString], told: Told) -> Result<Command> {
    let told: Told = env::vars_os().filter(|(name, _)| is_read(name)).chain(told).collect();
    if on_path("sudo").is_none() {
        return Err(exit::unfit(without_sudo(program, args, &told)?));
    }
    eprintln!(
        "measuring needs root, for BPF and control groups: sudo starts {}, and nothing else; what it writes is yours",
        program.display()
    );
    let mut command = Command::new("sudo");
    command.arg("--").args(with_environment(program, args, &told));
    Ok(command)
}

/// A driver that was itself called by sudo builds as root, in a folder of somebody else's.
pub(crate) fn remark_on_sudo(root: &Path) {
    let of_another = fs::metadata(root).is_ok_and(|folder| folder.uid() != 0);
    if is_root() && of_another && env::var_os("SUDO_UID").is_some() {
        eprintln!(
            "called by sudo: what is built in {} will be root's. `cargo xtask` as yourself raises what needs root",
            root.display()
        );
    }
}

fn is_read(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("TRACETAX_") || READ_BY_THE_LAB.contains(&&*name)
}

/// `env NAME=value ... program args`; of a name that comes twice, the last value counts.
fn with_environment(program: &Path, args: &[OsString], told: &Told) -> Vec<OsString> {
    let pair = |(name, value): &(OsString, OsString)| [name, OsStr::new("="), value].into_iter().collect();
    let words = iter::once("env".into()).chain(told.iter().map(pair)).chain([program.into()]);
    words.chain(args.iter().cloned()).collect()
}

/// With the variables by which sudo would name its caller, so that results are the user's that way too.
fn without_sudo(program: &Path, args: &[OsString], told: &Told) -> Result<String> {
    let user = fs::metadata("/proc/self").context("who is this user?")?;
    let caller = [("SUDO_UID", user.uid()), ("SUDO_GID", user.gid())];
    let caller = caller.map(|(name, number)| (name.into(), number.to_string().into()));
    let told = told.iter().cloned().chain(caller).collect();
    let words = with_environment(program, args, &told);
    let words: Vec<_> = words.iter().map(|word| quoted(&word.to_string_lossy())).collect();
    Ok(format!(
        "measuring needs root, for BPF and control groups, and there is no sudo here. All is built; as root, for example \
         after `su`, type this, and what it writes is yours:\n  {}",
        words.join(" ")
    ))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> Told {
        vec![("TRACETAX_ROOT".into(), "it's here".into()), ("VERBOSE".into(), "true".into())]
    }

    #[test]
    fn the_environment_goes_along_as_arguments() {
        let args = ["bench".into(), "light".into()];
        let words = with_environment(Path::new("/t/tracetax"), &args, &told());
        assert_eq!(
            words,
            ["env", "TRACETAX_ROOT=it's here", "VERBOSE=true", "/t/tracetax", "bench", "light"]
        );
    }

    #[test]
    fn what_the_lab_reads_is_handed_over_and_nothing_else() {
        for name in ["TRACETAX_PLANTED", "OUTPUT_DIR", "BENCHMARK_DURATION", "VERBOSE", "GITHUB_STEP_SUMMARY"]
        {
            assert!(is_read(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "LD_PRELOAD", "GITHUB_TOKEN", "CARGO_HOME", "SUDO_UID"] {
            assert!(!is_read(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn without_sudo_the_whole_command_is_told() {
        let text = without_sudo(Path::new("/t/tracetax"), &["bench".into(), "a b".into()], &told()).unwrap();
        let command = text.lines().last().unwrap().trim();
        assert!(command.starts_with(r"env 'TRACETAX_ROOT=it'\''s here' VERBOSE=true SUDO_UID="), "{command}");
        assert!(command.ends_with(" /t/tracetax bench 'a b'"), "{command}");
    }
}
