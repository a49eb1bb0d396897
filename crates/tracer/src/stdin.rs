//! Lines of standard input, waited for together with a time limit.

use std::time::Duration;

use anyhow::Result;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

/// No command is longer.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// What waiting has brought.
pub enum Heard {
    /// A line, without its end.
    Line(Vec<u8>),
    /// The time is over, or a signal came.
    Nothing,
    /// The end of input.
    End,
}

/// Standard input.
#[derive(Default)]
pub struct Stdin {
    pending: Vec<u8>,
}

impl Stdin {
    /// Waits for a line, at most for `limit`; without a limit, for as long as it takes.
    ///
    /// # Errors
    /// When standard input cannot be read, or sends a line beyond all measure.
    pub fn wait(&mut self, limit: Option<Duration>) -> Result<Heard> {
        if let Some(line) = self.line() {
            return Ok(Heard::Line(line));
        }
        let stdin = std::io::stdin();
        let limit = limit.map(|limit| Timespec::try_from(limit).expect("limits are short"));
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], limit.as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(Heard::Nothing),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 4096];
        let count = rustix::io::read(&stdin, &mut bytes)?;
        if count == 0 {
            return Ok(Heard::End);
        }
        self.pending.extend_from_slice(&bytes[..count]);
        anyhow::ensure!(
            self.pending.len() <= MAX_LINE_BYTES,
            "a command of more than {MAX_LINE_BYTES} bytes"
        );
        Ok(self.line().map_or(Heard::Nothing, Heard::Line))
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let rest = self.pending.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.pending, rest);
        line.pop();
        Some(line)
    }
}
