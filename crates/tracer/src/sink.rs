//! Where records go: nowhere, or as JSON lines to standard output or a file. Written in batches, one a drain.

use std::{fs::File, io::Write};

use anyhow::{Context, Result};
use tracer_common::event::Event;

use crate::line::{self, Scratch};

/// Written out early once it has grown to this many bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// Longer than any line: the path and the method at their longest, each byte escaped as `\u0000`, and the numbers.
const LINE_BYTES: usize = 2 * 1024;

/// A sink of records.
pub enum Sink {
    /// Takes records and does nothing with them.
    Null,
    /// Writes them.
    Lines(Lines),
}

/// Lines that wait to be written together.
pub struct Lines {
    out: Box<dyn Write>,
    batch: Vec<u8>,
    scratch: Scratch,
}

impl Sink {
    /// Opens `null`, `-` (standard output) or a file to append to.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(output: &str) -> Result<Self> {
        Ok(match output {
            "null" => Self::Null,
            "-" => Self::into(Box::new(std::io::stdout())),
            path => {
                let file = File::options().append(true).create(true).open(path);
                Self::into(Box::new(file.with_context(|| format!("cannot write records to {path}"))?))
            }
        })
    }

    /// Writes into `out`.
    #[must_use]
    pub fn into(out: Box<dyn Write>) -> Self {
        let batch = Vec::with_capacity(BATCH_BYTES + LINE_BYTES);
        Self::Lines(Lines { out, batch, scratch: Scratch::default() })
    }

    /// Takes one whole request.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, event: &Event) -> Result<()> {
        let Self::Lines(lines) = self else {
            return Ok(());
        };
        line::append(event, &mut lines.scratch, &mut lines.batch)?;
        if lines.batch.len() >= BATCH_BYTES { lines.flush() } else { Ok(()) }
    }

    /// Writes what was taken.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        let Self::Lines(lines) = self else {
            return Ok(());
        };
        lines.flush()
    }
}

impl Lines {
    fn flush(&mut self) -> Result<()> {
        if !self.batch.is_empty() {
            self.out
                .write_all(&self.batch)
                .and_then(|()| self.out.flush())
                .context("cannot write records")?;
            self.batch.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::event::{Event, PATH_CAPACITY, WHOLE};
    use zerocopy::FromZeros;

    use super::LINE_BYTES;
    use crate::line::{Scratch, append};

    #[test]
    fn no_line_is_longer_than_the_room_for_one() {
        for byte in [0, 0xff] {
            let mut event = Event::new_zeroed();
            (event.head.kind, event.head.method, event.head.end_ns) =
                (WHOLE, u64::from_be_bytes([byte; 8]), u64::MAX);
            (event.head.tgid, event.head.tid, event.head.fd) = (u32::MAX, u32::MAX, i32::MIN);
            (event.head.request_bytes, event.head.response_bytes, event.head.status) =
                (u64::MAX, u64::MAX, u16::MAX);
            (event.path, event.head.path_len) = ([byte; PATH_CAPACITY], PATH_CAPACITY as u8);
            let mut batch = Vec::new();
            append(&event, &mut Scratch::default(), &mut batch).unwrap();
            assert!(batch.len() <= LINE_BYTES, "{}", batch.len());
        }
    }
}
