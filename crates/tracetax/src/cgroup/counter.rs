//! One number that the kernel keeps in a file, read through a handle that stays open.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Enough for all lines of a `cpu.stat`; the wanted number stands in its first line.
const BUFFER_BYTES: usize = 1024;

/// An open counter file. A reading is one `pread` at offset 0, which makes the kernel render the file anew
/// (fs/seq_file.c, `seq_read_iter`), and allocates nothing.
#[derive(Debug)]
pub(crate) struct Counter {
    path: PathBuf,
    file: File,
    form: Form,
}

/// How the number is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// The file is the number.
    Plain,
    /// `usage_usec N` among other lines: microseconds, told as nanoseconds.
    UsageUsec,
}

impl Counter {
    /// Opens `path`.
    pub(crate) fn open(path: &Path, form: Form) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: File::open(path)?, form })
    }

    /// Opens a plain number.
    pub(crate) fn plain(path: &Path) -> io::Result<Self> {
        Self::open(path, Form::Plain)
    }

    /// Reads the number as it is now.
    pub(crate) fn read(&self) -> anyhow::Result<u64> {
        let mut buffer = [0; BUFFER_BYTES];
        let text = self
            .file
            .read_at(&mut buffer, 0)
            .map(|length| String::from_utf8_lossy(&buffer[..length]))
            .with_context(|| format!("cannot read {}", self.path.display()))?;
        parse(&text, self.form)
            .with_context(|| format!("{} holds no such number: {text:?}", self.path.display()))
    }
}

fn parse(text: &str, form: Form) -> Option<u64> {
    match form {
        Form::Plain => text.trim().parse().ok(),
        Form::UsageUsec => text
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "))
            .and_then(|usec| usec.parse::<u64>().ok())
            .and_then(|usec| usec.checked_mul(1000)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Form, parse};

    #[test]
    fn numbers_are_found_in_their_forms() {
        assert_eq!(parse("1234567\n", Form::Plain), Some(1_234_567));
        assert_eq!(parse("usage_usec 42\nuser_usec 40\nsystem_usec 2\n", Form::UsageUsec), Some(42_000));
        assert_eq!(parse("user_usec 40\n", Form::UsageUsec), None);
        assert_eq!(parse("max\n", Form::Plain), None);
    }

    #[test]
    fn an_open_counter_sees_the_file_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage");
        std::fs::write(&path, "1\n").unwrap();
        let counter = Counter::plain(&path).unwrap();
        assert_eq!(counter.read().unwrap(), 1);
        std::fs::write(&path, "23\n").unwrap();
        assert_eq!(counter.read().unwrap(), 23);
        std::fs::write(&path, "much\n").unwrap();
        assert!(format!("{:#}", counter.read().unwrap_err()).contains("usage holds no such number"));
    }
}
