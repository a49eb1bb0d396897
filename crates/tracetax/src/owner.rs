//! To whom results belong: to the user who had the lab raised by sudo, and not to root.
//!
//! Each file and folder is given away as it is made, so that a run that is killed leaves nothing which its user cannot
//! remove. A link is given away itself, and not what it leads to.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::DirBuilder,
    io,
    os::{
        fd::AsFd,
        unix::fs::{self as unix, DirBuilderExt as _},
    },
    path::Path,
};

use anyhow::{Context as _, Result};
use rustix::fs::{AtFlags, FileType, Gid, Uid, chownat, fstat};

use crate::{dir::unwritable, exit::Usage};

/// The variables by which sudo names its caller (sudo(8)).
const UID: &str = "SUDO_UID";
const GID: &str = "SUDO_GID";

/// A user and a group, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    uid: u32,
    gid: u32,
}

/// Whether it can be known to whom results belong: before any are made.
///
/// # Errors
/// When sudo's variables hold no numbers.
pub fn check() -> Result<()> {
    caller().map(drop)
}

/// Makes a folder and all that it lies in, where they are not there. Those that are keep their owner.
///
/// # Errors
/// When one cannot be made or given away, and when sudo's variables hold no numbers.
pub fn create_dir_all(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), create_dir_all)?;
    match DirBuilder::new().mode(0o755).create(path) {
        // Another run was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(unwritable(path, error)),
        Ok(()) => {
            let Some(owner) = caller()? else { return Ok(()) };
            unix::lchown(path, Some(owner.uid), Some(owner.gid)).with_context(|| cannot_give(path, owner))
        }
    }
}

/// Gives a file or folder that was just made to the caller.
///
/// # Errors
/// When it cannot be given away, and when sudo's variables hold no numbers.
pub fn give(made: impl AsFd, path: &Path) -> Result<()> {
    let Some(owner) = caller()? else { return Ok(()) };
    let kind = FileType::from_raw_mode(fstat(&made)?.st_mode);
    // Nobody is given a device.
    if !matches!(kind, FileType::RegularFile | FileType::Directory) {
        return Ok(());
    }
    unix::fchown(made, Some(owner.uid), Some(owner.gid)).with_context(|| cannot_give(path, owner))
}

/// Gives the link `name` in a folder to the caller: the link itself, not what it leads to.
///
/// # Errors
/// Those of [`give`].
pub fn give_link(folder: impl AsFd, name: &str) -> Result<()> {
    let Some(Owner { uid, gid }) = caller()? else { return Ok(()) };
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    Ok(chownat(folder, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn cannot_give(path: &Path, owner: Owner) -> String {
    format!("cannot give {} to user {}", path.display(), owner.uid)
}

/// Groups that may write where results are: root's, this user's, and that of the caller.
#[must_use]
pub fn groups() -> Vec<u32> {
    let of_caller = caller().ok().flatten().map(|owner| owner.gid);
    [0, rustix::process::getegid().as_raw()].into_iter().chain(of_caller).collect()
}

/// Who had this process raised; None where nobody did.
fn caller() -> Result<Option<Owner>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    read(env::var_os(UID), env::var_os(GID))
}

/// The caller, by sudo's variables.
fn read(uid: Option<OsString>, gid: Option<OsString>) -> Result<Option<Owner>> {
    match (uid, gid) {
        (None, None) => Ok(None),
        (uid, gid) => {
            let owner = Owner { uid: number(UID, uid.as_deref())?, gid: number(GID, gid.as_deref())? };
            Ok((owner.uid != 0).then_some(owner))
        }
    }
}

/// The greatest number means "leave it" to chown(2), and is nobody's.
fn number(name: &str, text: Option<&OsStr>) -> Result<u32> {
    let number = text.and_then(OsStr::to_str).and_then(|text| text.parse().ok());
    number.filter(|number| *number != u32::MAX).ok_or_else(|| {
        let held = text.map_or("not set".into(), OsStr::to_string_lossy);
        let wants = "sudo sets both SUDO_UID and SUDO_GID to numbers, and what is measured belongs to them";
        Usage(format!("{name} is {held}: {wants}; unset both, or call `cargo xtask` as yourself")).into()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_caller_is_told_by_both_variables() {
        let of = |uid: Option<&str>, gid: Option<&str>| read(uid.map(Into::into), gid.map(Into::into));
        assert_eq!(of(None, None).unwrap(), None);
        assert_eq!(of(Some("0"), Some("0")).unwrap(), None);
        assert_eq!(of(Some("1000"), Some("100")).unwrap(), Some(Owner { uid: 1000, gid: 100 }));
        for (uid, gid) in [
            (Some("1000"), None),
            (None, Some("100")),
            (Some("me"), Some("100")),
            (Some(""), Some("100")),
            (Some("-1"), Some("100")),
            (Some("4294967295"), Some("100")),
            (Some("1000"), Some("4294967296")),
        ] {
            let error = of(uid, gid).unwrap_err();
            assert!(error.is::<Usage>() && error.to_string().contains("unset both"), "{error}");
        }
    }

    #[test]
    fn folders_are_made_as_far_as_they_lack() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b/c");
        create_dir_all(&path).unwrap();
        create_dir_all(&path).unwrap();
        assert!(path.is_dir());
        fs::write(place.path().join("file"), "").unwrap();
        assert!(create_dir_all(&place.path().join("file/below")).is_err());
        assert!(create_dir_all(&place.path().join("file")).is_err());
    }
}
