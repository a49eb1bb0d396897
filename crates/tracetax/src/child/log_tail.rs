//! The end of what a child has written to its log, for the error that tells of its end.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::lines::shown;

const BYTES: u64 = 4096;
const LINES: usize = 5;
const LINE_CHARS: usize = 300;

/// A log, from where this child began to write.
#[derive(Debug)]
pub(super) struct LogTail {
    path: PathBuf,
    begin: u64,
}

impl LogTail {
    pub(super) fn new(path: &Path, begin: u64) -> Self {
        Self { path: path.to_owned(), begin }
    }

    /// The last lines, as the end of an error message.
    pub(super) fn told(&self) -> String {
        let path = self.path.display();
        match self.last_lines() {
            Ok(lines) if lines.is_empty() => format!("; it has logged nothing to {path}"),
            Ok(lines) => format!("; the end of {path}:\n  {}", lines.join("\n  ")),
            Err(error) => format!("; its log {path} cannot be read: {error}"),
        }
    }

    fn last_lines(&self) -> io::Result<Vec<String>> {
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let from = self.begin.max(length.saturating_sub(BYTES));
        let mut bytes = vec![0; usize::try_from(length.saturating_sub(from)).unwrap_or(0)];
        let read = file.read_at(&mut bytes, from)?;
        let lines: Vec<&[u8]> =
            bytes[..read].split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
        let last = &lines[lines.len().saturating_sub(LINES)..];
        Ok(last.iter().map(|line| shown(line, LINE_CHARS)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::LogTail;

    #[test]
    fn only_the_last_lines_of_this_child_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        std::fs::write(&path, "of another\n1\n2\n3\n4\n5\n\x1b[2J6").unwrap();
        let told = LogTail::new(&path, 11).told();
        assert_eq!(told, format!("; the end of {}:\n  2\n  3\n  4\n  5\n  \\u{{1b}}[2J6", path.display()));
        let nothing = LogTail::new(&path, 1000).told();
        assert_eq!(nothing, format!("; it has logged nothing to {}", path.display()));
    }
}
