//! Reads a file of a file system of the kernel that nobody has mounted.
//!
//! It is mounted nowhere: no process sees it, and it is gone with the last descriptor (fsmount(2), "detached"). So nothing of
//! the machine is changed.

use std::{fs::File, io, io::Read as _};

use rustix::{
    fs::{Mode, OFlags, openat},
    mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen},
};

/// The text of a file.
///
/// # Errors
/// With the kernel's reason: for any user but root, that it is not permitted.
pub(super) fn read(file_system: &str, file: &str) -> io::Result<String> {
    let context = fsopen(file_system, FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let mount = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_RDONLY)?;
    let file = openat(mount, file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut text = String::new();
    File::from(file).read_to_string(&mut text)?;
    Ok(text)
}
