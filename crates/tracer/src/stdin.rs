//! Lines of standard input, as far as they have come.

use anyhow::Result;
use rustix::io::Errno;

/// No command is longer.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Standard input.
#[derive(Debug, Default)]
pub struct Stdin {
    pending: Vec<u8>,
}

impl Stdin {
    /// Reads once. False at the end of input.
    ///
    /// # Errors
    /// When standard input cannot be read, or sends a line beyond all measure.
    pub fn read(&mut self) -> Result<bool> {
        let mut bytes = [0; 4096];
        let count = match rustix::io::read(std::io::stdin(), &mut bytes) {
            Err(Errno::INTR | Errno::AGAIN) => return Ok(true),
            count => count?,
        };
        self.pending.extend_from_slice(&bytes[..count]);
        anyhow::ensure!(
            self.pending.len() <= MAX_LINE_BYTES,
            "a command of more than {MAX_LINE_BYTES} bytes"
        );
        Ok(count > 0)
    }

    /// The next line that is there, without its end.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let rest = self.pending.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.pending, rest);
        line.pop();
        Some(line)
    }
}
