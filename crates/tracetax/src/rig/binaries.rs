//! What a run starts must be the same from its first life to its last: a build amid a run replaces it.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};

/// Beside the lab.
const OWN: [&str; 5] = ["target", "load", "tracer", "tracer.bpf.o", "tracetax"];
/// Of another revision.
const BASE: [&str; 2] = ["tracer", "tracer.bpf.o"];

/// The files as they were when the run began.
#[derive(Debug)]
pub struct Binaries(Vec<(PathBuf, Option<Identity>)>);

/// What tells a file from another of the same name: device, inode, length and when it was last written, in nanoseconds.
type Identity = (u64, u64, u64, i64, i64);

impl Binaries {
    /// Looks at the files in the lab's folder, and in that of another revision where there is one.
    #[must_use]
    pub fn look(own: &Path, base: Option<&Path>) -> Self {
        let own = OWN.iter().map(|name| own.join(name));
        let base = base.into_iter().flat_map(|base| BASE.iter().map(|name| base.join(name)));
        Self(own.chain(base).map(|path| (path.clone(), identity(&path))).collect())
    }

    /// Whether they are the same still.
    ///
    /// # Errors
    /// Names the file that is not.
    pub fn ensure_unchanged(&self) -> Result<()> {
        for (path, before) in &self.0 {
            ensure!(
                identity(path) == *before,
                "{} was replaced while the run measured: what was measured before is kept, and what comes would be of another \
                 program; build first, then measure anew",
                path.display()
            );
        }
        Ok(())
    }
}

/// `None` where there is no such file: who starts it says so.
fn identity(path: &Path) -> Option<Identity> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::Binaries;

    #[test]
    fn a_file_that_was_replaced_written_or_taken_away_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (target, other) = (folder.path().join("target"), folder.path().join("other"));
        let changes: [fn(&Path, &Path); 3] = [
            |target, other| fs::rename(other, target).unwrap(),
            |target, _| fs::write(target, "longer").unwrap(),
            |target, _| fs::remove_file(target).unwrap(),
        ];
        for change in changes {
            fs::write(&target, "old").unwrap();
            fs::write(&other, "new").unwrap();
            let before = Binaries::look(folder.path(), None);
            before.ensure_unchanged().unwrap();
            change(&target, &other);
            let error = before.ensure_unchanged().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{} was replaced", target.display())), "{error}");
        }
    }
}
