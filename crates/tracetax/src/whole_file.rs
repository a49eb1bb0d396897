//! Files that are never half there.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};

use crate::owner;

/// Writes a file whole, and its folder where there is none: whatever happens, either the old or the new content is there.
///
/// # Errors
/// Names the file that cannot be written.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    let mut name = OsString::from(".");
    name.push(path.file_name().context("a file has a name")?);
    name.push(".new");
    let next = folder.join(name);
    owner::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = || -> Result<()> {
        let mut file = owner::open(File::options().create(true).truncate(true), &next)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        Ok(fs::rename(&next, path)?)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new/folder/file.toml");
        for content in ["one", "another, which is longer", ""] {
            write(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(place.path().join("new/folder")).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("file/below")).unwrap();
        let error = write(&place.path().join("file"), "content").unwrap_err();
        assert!(format!("{error:#}").contains("/file: "), "{error:#}");
        assert!(place.path().join("file/below").is_dir());
    }
}
