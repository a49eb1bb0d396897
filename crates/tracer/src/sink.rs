//! Where records go: nowhere, or as JSON lines to standard output or a file. Written in batches, one a drain.

use std::{fs::File, io::Write};

use anyhow::{Context, Result};
use record::agent::RequestRecord;

/// Written out early once it has grown to this many bytes.
const BATCH_BYTES: usize = 64 * 1024;

/// A sink of records.
pub enum Sink {
    /// Takes records and does nothing with them.
    Null,
    /// Writes them.
    Lines {
        /// Where to.
        out: Box<dyn Write>,
        /// What was not written yet.
        batch: Vec<u8>,
    },
}

impl Sink {
    /// Opens `null`, `-` (standard output) or a file to append to.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(output: &str) -> Result<Self> {
        let out: Box<dyn Write> = match output {
            "null" => return Ok(Self::Null),
            "-" => Box::new(std::io::stdout()),
            path => {
                let file = File::options().append(true).create(true).open(path);
                Box::new(file.with_context(|| format!("cannot write records to {path}"))?)
            }
        };
        Ok(Self::Lines { out, batch: Vec::with_capacity(2 * BATCH_BYTES) })
    }

    /// Takes one record.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, record: &RequestRecord) -> Result<()> {
        let Self::Lines { batch, .. } = self else {
            return Ok(());
        };
        serde_json::to_writer(&mut *batch, record)?;
        batch.push(b'\n');
        if batch.len() >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what was taken.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        if let Self::Lines { out, batch } = self
            && !batch.is_empty()
        {
            out.write_all(batch).and_then(|()| out.flush()).context("cannot write records")?;
            batch.clear();
        }
        Ok(())
    }
}
