//! A control group of the unified hierarchy, for programs that are attached to one. It is removed with the test.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use procfs::process::Process;

use crate::process::eventually;

/// The group.
pub(crate) struct Group {
    folder: PathBuf,
}

impl Group {
    /// Makes a group.
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let mounts = Process::myself().unwrap().mountinfo().unwrap();
        let unified = mounts.0.into_iter().find(|mount| mount.fs_type == "cgroup2").unwrap();
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = unified.mount_point.join(format!("tracetax-test-{}-{number}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self { folder }
    }

    /// What runs `program` within the group from its first instruction on, so that all its sockets belong there.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        let enter = "echo $$ > \"$0\" && exec \"$@\"";
        command.args(["-c".as_ref(), enter.as_ref(), self.folder.join("cgroup.procs").as_os_str()]);
        command.arg::<&OsStr>(program.as_ref());
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Processes that have just ended leave it a little later.
        eventually("the group can be removed", || fs::remove_dir(&self.folder).ok());
    }
}
