//! The folder in which the folders of runs are made, and who else may write there.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Result;

use crate::{
    dir::{Dir, unwritable},
    exit::Unfit,
    owner,
};

/// Bits of a folder's mode (inode(7)).
const STICKY: u32 = 0o1000;
const BY_GROUP: u32 = 0o020;
const BY_ALL: u32 = 0o002;

/// Opens the folder for results, and makes it where there is none. It may be reached by a link, which is resolved here, once:
/// the path that comes with it has none.
///
/// # Errors
/// When it cannot be made, and when others can write to it or to a folder on the way.
pub fn open(results: &Path) -> Result<(Dir, PathBuf)> {
    owner::check()?;
    owner::create_dir_all(results)?;
    let path = results.canonicalize().map_err(|error| unwritable(results, error))?;
    if let Some(refusal) = path.ancestors().find_map(|folder| refusal(folder, folder == path).transpose()) {
        return Err(Unfit(refusal.map_err(|error| unwritable(&path, error))?).into());
    }
    Ok((Dir::open(&path)?, path))
}

/// Why nothing is made in or below a folder: what others can put in place of ours, root would write to.
fn refusal(folder: &Path, is_last: bool) -> io::Result<Option<String>> {
    let about = fs::metadata(folder)?;
    let facts = Facts { mode: about.mode(), owner: about.uid(), group: about.gid() };
    Ok(facts.written_by(is_last, &owner::groups()).map(|(whose, change)| {
        let path = folder.display();
        format!(
            "{path} can be written by {whose}, who could have this run write elsewhere, or change what it measures: \
             type `chmod {change} {path}`, or name another folder for results by OUTPUT_DIR"
        )
    }))
}

/// What says who may write to a folder.
struct Facts {
    mode: u32,
    owner: u32,
    group: u32,
}

impl Facts {
    /// Who else may write there, and what takes that away. On the way to the last folder it is enough that nobody may rename what is
    /// another's, which is what the sticky bit is for: so it is in /tmp. `ours` are the groups that are trusted.
    fn written_by(&self, is_last: bool, ours: &[u32]) -> Option<(&'static str, &'static str)> {
        let has = |bit: u32| self.mode & bit != 0;
        if has(STICKY) && !is_last {
            return None;
        }
        // By convention the group of the same number has its user alone.
        let is_private = self.group == self.owner || ours.contains(&self.group);
        match (has(BY_ALL), has(BY_GROUP) && !is_private) {
            (true, true) => Some(("everybody", "go-w")),
            (true, false) => Some(("everybody", "o-w")),
            (false, true) => Some(("a group", "g-w")),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::{Facts, open};
    use crate::exit::Unfit;

    #[test]
    fn who_may_write_is_read_off_mode_and_groups() {
        let cases = [
            (0o755, 1000, 1000, None),
            (0o775, 1000, 1000, None),
            (0o775, 1000, 0, None),
            (0o775, 1000, 50, Some("g-w")),
            (0o777, 1000, 50, Some("go-w")),
            (0o757, 1000, 50, Some("o-w")),
            (0o777, 0, 0, Some("o-w")),
        ];
        for (mode, owner, group, change) in cases {
            for is_last in [true, false] {
                let facts = Facts { mode, owner, group };
                let found = facts.written_by(is_last, &[0]).map(|(_, change)| change);
                assert_eq!(found, change, "{mode:o} {owner}:{group}");
                let sticky = Facts { mode: mode | 0o1000, ..facts };
                let found = sticky.written_by(is_last, &[0]).map(|(_, change)| change);
                assert_eq!(found, change.filter(|_| is_last), "sticky {mode:o} {owner}:{group}");
            }
        }
    }

    #[test]
    fn what_others_can_write_is_refused_with_the_command_that_helps() {
        let place = tempfile::tempdir().unwrap();
        let results = place.path().join("way/results");
        let mode = |path: &str, mode| {
            fs::set_permissions(place.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
        };
        open(&results).unwrap();
        for (path, bits, change) in [
            ("way/results", 0o777, Some("o-w")),
            ("way/results", 0o1777, Some("o-w")),
            ("way", 0o777, Some("o-w")),
            ("way", 0o1777, None),
        ] {
            mode(path, bits);
            let told = open(&results).map(drop).map_err(|error| {
                assert!(error.is::<Unfit>(), "{error:#}");
                error.to_string()
            });
            match change {
                None => told.unwrap(),
                Some(change) => {
                    let folder = place.path().canonicalize().unwrap().join(path);
                    let command = format!("type `chmod {change} {}`", folder.display());
                    assert!(told.as_ref().is_err_and(|told| told.contains(&command)), "{told:?}");
                }
            }
            mode(path, 0o755);
        }
    }

    #[test]
    fn a_link_to_the_folder_is_resolved_once() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("real")).unwrap();
        symlink("real", place.path().join("link")).unwrap();
        let (_, path) = open(&place.path().join("link/results")).unwrap();
        assert_eq!(path, place.path().canonicalize().unwrap().join("real/results"));
        fs::write(place.path().join("file"), "").unwrap();
        for refused in ["file", "file/below"] {
            let error = open(&place.path().join(refused)).unwrap_err();
            assert!(error.is::<Unfit>() && format!("{error}").ends_with("by OUTPUT_DIR"), "{error:#}");
        }
    }
}
