//! Files that are never half there, wherever they are.

use std::path::Path;

use anyhow::{Context, Result};

use crate::{
    dir::{Dir, unwritable},
    owner,
};

/// Writes a file whole, and its folder where there is none: whatever happens, either the old or the new content is there.
///
/// # Errors
/// Names the file that cannot be written.
pub fn write(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    let name = path.file_name().and_then(|name| name.to_str()).context("a file has a name")?;
    owner::create_dir_all(folder)?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let resolved = folder.canonicalize().map_err(|error| unwritable(folder, error))?;
    Dir::open(&resolved)?.write(name, content.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write;

    #[test]
    fn a_file_is_written_and_its_folder_made() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("new/folder/file.toml");
        for content in ["one", "another"] {
            write(&path, content).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        std::os::unix::fs::symlink("new", place.path().join("link")).unwrap();
        write(&place.path().join("link/folder/file.toml"), "by a link").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "by a link");
    }
}
