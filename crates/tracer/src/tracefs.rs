//! The file system that names the tracepoints of the kernel.

use std::{fs, io};

use anyhow::{Context as _, Result};
use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount, mount_change},
    thread::{UnshareFlags, unshare_unsafe},
};

/// Where it belongs (Documentation/trace/ftrace.rst of the kernel).
const PLACE: &str = "/sys/kernel/tracing";
/// Where older systems have it. To look there mounts it.
const OLD_PLACE: &str = "/sys/kernel/debug/tracing";

/// Makes it readable. Where nobody has mounted it, it is mounted for this process alone: nobody else sees it, and it is
/// gone with the process.
///
/// # Errors
/// With the kernel's reason, and the remedy.
pub fn ensure() -> Result<()> {
    if place().is_some() {
        return Ok(());
    }
    mount_privately().with_context(|| {
        format!("no tracepoint has a name: mount them by `mount -t tracefs tracefs {PLACE}`")
    })
}

/// Sees whether the kernel has this tracepoint.
///
/// # Errors
/// With the kernel's reason.
pub fn find(category: &str, name: &str) -> Result<()> {
    let path = format!("{}/events/{category}/{name}/id", place().unwrap_or(PLACE));
    fs::metadata(&path).with_context(|| format!("`{path}`"))?;
    Ok(())
}

/// Where it is. To look twice is cheap; to look at the old place mounts it there, so that comes last.
#[must_use]
pub fn place() -> Option<&'static str> {
    [PLACE, OLD_PLACE].into_iter().find(|place| holds_something(place))
}

fn holds_something(place: &str) -> bool {
    fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some())
}

#[allow(unsafe_code, reason = "unshare(2) is unsafe only for a table of files that threads share")]
fn mount_privately() -> io::Result<()> {
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }?;
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    Ok(mount("tracefs", PLACE, "tracefs", MountFlags::empty(), None)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_tracepoint_that_is_not_there_is_named() {
        let error = format!("{:#}", super::find("syscalls", "sys_enter_nothing").unwrap_err());
        assert!(error.contains("events/syscalls/sys_enter_nothing/id"), "{error}");
    }
}
