//! Everything that facts are judged from. Reading is thin, so that any machine can be made up.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
};

use procfs::ConfigSetting;
use record::agent::Probe;

use super::{Finding, clock, detached, space, tools};
use crate::bench::results_folder;

/// A machine, to be looked at.
#[derive(Debug)]
pub struct Machine {
    /// Where `/proc` and `/sys` are.
    pub(super) root: PathBuf,
    /// How the kernel was configured; empty where it does not tell.
    pub(super) config: HashMap<String, ConfigSetting>,
    /// What the clock costs.
    pub(super) clock: clock::Readings,
    /// Where results go, and what is free there.
    pub(super) disk: space::Disk,
    /// What has been built, and by what.
    pub(super) tools: tools::Built,
    /// What the tracer has found out.
    pub(super) probe: Result<Probe, Unasked>,
}

/// Why the tracer was not asked.
#[derive(Debug, Clone)]
pub struct Unasked {
    /// The reason.
    pub reason: String,
    /// What to do about it.
    pub next_step: String,
}

impl Machine {
    /// Reads the machine that this process runs on.
    #[must_use]
    pub fn read(probe: Result<Probe, Unasked>) -> Self {
        Self {
            root: "/".into(),
            config: procfs::kernel_config().unwrap_or_default(),
            clock: clock::Readings::take(),
            disk: space::Disk::of(&results_folder()),
            tools: tools::Built::find(),
            probe,
        }
    }

    /// The text of a file, without the space around it.
    pub(super) fn text(&self, path: &str) -> io::Result<String> {
        std::fs::read_to_string(self.at(path)).map(|text| text.trim().to_owned())
    }

    /// The same of a file in a file system that may not be mounted at its `place`; then it is looked into all the same, where
    /// this user may.
    pub(super) fn text_in(&self, file_system: &str, place: &str, file: &str) -> io::Result<String> {
        match self.text(&format!("{place}/{file}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.root == Path::new("/") => {
                detached::read(file_system, file).map(|text| text.trim().to_owned())
            }
            text => text,
        }
    }

    /// The number in a file.
    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.text(path).ok()?.parse().ok()
    }

    /// The text of a file in each folder of `folder`, sorted by the folder's name.
    pub(super) fn texts(&self, folder: &str, file: &str) -> Vec<(String, String)> {
        let entries = std::fs::read_dir(self.at(folder)).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let text = std::fs::read_to_string(entry.path().join(file)).ok()?;
                Some((name, text.trim().to_owned()))
            })
            .collect();
        found.sort();
        found
    }

    /// Is there such a file?
    pub(super) fn has(&self, path: &str) -> bool {
        self.at(path).exists()
    }

    /// Where a file is, whatever the root.
    pub(super) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Is an option of the kernel's configuration built in? `None` where the configuration is not to be read.
    pub(super) fn is_configured(&self, option: &str) -> Option<bool> {
        let setting = self.config.get(option);
        (!self.config.is_empty()).then_some(matches!(setting, Some(ConfigSetting::Yes)))
    }

    /// A line `name: value` of `/proc/self/status` (proc_pid_status(5)).
    pub(super) fn own_status(&self, name: &str) -> Option<String> {
        let text = self.text("/proc/self/status").ok()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.trim().to_owned())
    }

    /// Is the effective user root? `Uid` holds the real, effective, saved and file system user.
    pub(super) fn is_root(&self) -> bool {
        self.own_status("Uid").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
    }
}

/// To be asked again as root. The driver does not raise `doctor`: as anybody else it tells nearly all, and should ask for nothing.
pub(super) const AS_ROOT: &str = "sudo target/release/tracetax doctor";

/// A file that should be there is not to be read.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Finding {
    let next_step = match error.kind() {
        io::ErrorKind::PermissionDenied => AS_ROOT.to_owned(),
        _ => format!("ls -l {path}"),
    };
    Finding::unknown(format!("{path}: {error}"), next_step)
}

/// The kernel's configuration is not to be read.
pub(super) fn unconfigured() -> Finding {
    Finding::unknown(
        "neither /proc/config.gz nor a file of /boot tells how this kernel was configured",
        "sudo modprobe configs",
    )
}
