//! A folder that is written into by its descriptor, and without following a link on any part of a path.
//!
//! A run writes as root, maybe where another user owns the folder. Whoever could put a link there could have root write
//! elsewhere; so a path is resolved once, when the folder is named, and from then on no link is followed.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::Result;
use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, renameat, symlinkat, unlinkat},
    io::Errno,
};

use crate::{exit::Unfit, owner};

/// What a new folder allows, as far as the umask does: to be written by its owner alone.
const FOLDER: Mode = Mode::from_raw_mode(0o755);

/// What a new file allows.
const FILE: Mode = Mode::from_raw_mode(0o644);

/// The folder.
#[derive(Debug)]
pub struct Dir {
    descriptor: OwnedFd,
    path: PathBuf,
}

impl Dir {
    /// Opens the folder at a path that has no link in it.
    ///
    /// # Errors
    /// When it is not there, no folder, or a part of the path is a link.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_in(CWD, path, path)
    }

    fn open_in(base: BorrowedFd<'_>, name: &Path, path: &Path) -> Result<Self> {
        let opened = without_links(base, name, OFlags::DIRECTORY, Mode::empty());
        let descriptor = opened.map_err(|error| unwritable(path, error))?;
        Ok(Self { descriptor, path: path.to_owned() })
    }

    /// Makes the folder `name` in it, for whoever had this process raised.
    ///
    /// # Errors
    /// When there is anything of that name, or it cannot be made or given away.
    pub fn make(&self, name: &str) -> Result<Self> {
        let path = self.path.join(name);
        mkdirat(&self.descriptor, name, FOLDER).map_err(|error| unwritable(&path, error))?;
        let made = Self::open_in(self.descriptor.as_fd(), Path::new(name), &path)?;
        owner::give(&made.descriptor, &path)?;
        Ok(made)
    }

    /// Writes the file `name` whole: whatever happens, either the old or the new content is there.
    ///
    /// # Errors
    /// Names the file that cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let (path, next) = (self.path.join(name), format!(".{name}.new"));
        let refused = |error: io::Error| unwritable(&path, error);
        // A run that was killed may have left one.
        let _ = unlinkat(&self.descriptor, &*next, AtFlags::empty());
        let mut file = self.file(&next, OFlags::WRONLY | OFlags::EXCL).map_err(refused)?;
        owner::give(&file, &path)?;
        let written = file
            .write_all(content)
            .and_then(|()| file.sync_all())
            .and_then(|()| Ok(renameat(&self.descriptor, &*next, &self.descriptor, name)?));
        written.map_err(|error| {
            let _ = unlinkat(&self.descriptor, &*next, AtFlags::empty());
            refused(error)
        })
    }

    /// Opens the file `name` for appending; makes it where there is none.
    ///
    /// # Errors
    /// When it cannot be opened, made or given away.
    pub fn append(&self, name: &str) -> Result<File> {
        let path = self.path.join(name);
        let file = self.file(name, OFlags::WRONLY | OFlags::APPEND);
        let file = file.map_err(|error| unwritable(&path, error))?;
        owner::give(&file, &path)?;
        Ok(file)
    }

    /// Has the link `name` in it lead to `to`, also where it led elsewhere.
    ///
    /// # Errors
    /// When it cannot be made or given away.
    pub fn point(&self, name: &str, to: &str) -> Result<()> {
        let (path, next) = (self.path.join(name), format!(".{name}-{to}"));
        let refused = |error: Errno| unwritable(&path, error);
        symlinkat(to, &self.descriptor, &*next).map_err(refused)?;
        owner::give_link(&self.descriptor, &next)?;
        renameat(&self.descriptor, &*next, &self.descriptor, name).map_err(refused)
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let opened = without_links(self.descriptor.as_fd(), Path::new(name), flags | OFlags::CREATE, FILE);
        Ok(File::from(opened?))
    }
}

/// Opens without following a link anywhere (openat2(2), `RESOLVE_NO_SYMLINKS`); where the kernel or a filter on system calls does
/// not know that call, not at the end of the path at least.
fn without_links(
    base: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    mode: Mode,
) -> rustix::io::Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match openat2(base, path, flags, mode, ResolveFlags::NO_SYMLINKS) {
        Err(Errno::NOSYS | Errno::PERM) => openat(base, path, flags, mode),
        opened => opened,
    }
}

/// Why something cannot be written, and what to do about it. A full disk, a limit or a permission is nothing that the tool
/// has failed at: this machine or user is unfit.
pub fn unwritable(path: &Path, error: impl Into<io::Error>) -> anyhow::Error {
    let error = error.into();
    let next_step = match Errno::from_io_error(&error) {
        Some(Errno::NOSPC | Errno::DQUOT) => {
            "make room there, or name another folder for results by OUTPUT_DIR"
        }
        Some(Errno::FBIG) => "raise the limit on the size of files (`ulimit -f unlimited`)",
        Some(Errno::ROFS | Errno::ACCESS | Errno::PERM | Errno::NOTDIR | Errno::EXIST | Errno::LOOP) => {
            "name a folder for results that this user may write, by OUTPUT_DIR"
        }
        _ => return anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
    };
    Unfit(format!("cannot write {}: {error}: {next_step}", path.display())).into()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::Dir;
    use crate::exit::Unfit;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::open(place.path()).unwrap();
        fs::write(place.path().join(".file.new"), "half of").unwrap();
        for content in ["one", "another, which is longer", ""] {
            dir.write("file", content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(place.path().join("file")).unwrap(), content);
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_link_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        for folder in ["elsewhere", "elsewhere/run", "results"] {
            fs::create_dir(path(folder)).unwrap();
        }
        fs::write(path("elsewhere/file"), "before").unwrap();
        symlink(path("elsewhere"), path("link")).unwrap();
        symlink(path("elsewhere"), path("results/run")).unwrap();
        symlink(path("elsewhere/file"), path("results/blocks.jsonl")).unwrap();
        symlink(path("elsewhere/file"), path("results/.plan.json.new")).unwrap();
        symlink(path("elsewhere/file"), path("results/plan.json")).unwrap();
        for linked in ["link", "link/run", "results/run"] {
            let error = Dir::open(&path(linked)).unwrap_err();
            assert!(error.is::<Unfit>(), "{error:#}");
        }
        let results = Dir::open(&path("results")).unwrap();
        assert!(results.append("blocks.jsonl").is_err());
        assert!(results.make("run").is_err());
        // A link in the place of a file is replaced, and leads nobody anywhere.
        results.write("plan.json", b"new").unwrap();
        assert!(!path("results/plan.json").is_symlink());
        assert_eq!(fs::read_to_string(path("elsewhere/file")).unwrap(), "before");
    }

    #[test]
    fn a_link_is_pointed_anew() {
        let place = tempfile::tempdir().unwrap();
        let dir = Dir::open(place.path()).unwrap();
        for to in ["one", "two"] {
            dir.make(to).unwrap();
            dir.point("latest", to).unwrap();
            assert_eq!(fs::read_link(place.path().join("latest")).unwrap().to_str(), Some(to));
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_cannot_be_written_is_named_and_says_what_to_do() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("file/below")).unwrap();
        let error = Dir::open(place.path()).unwrap().write("file", b"content").unwrap_err();
        assert!(format!("{error:#}").contains("/file: "), "{error:#}");
        assert!(place.path().join("file/below").is_dir());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
        let error = Dir::open(place.path()).unwrap().make("file").unwrap_err();
        assert!(error.is::<Unfit>() && error.to_string().ends_with("by OUTPUT_DIR"), "{error:#}");
    }
}
