//! One HTTP/1.x answer, parsed as its bytes come: where it ends, its status, whether the connection lives on.
//!
//! Framing follows RFC 9112 section 6.3, for answers to GET. Nothing is allocated after [`Response::new`], memory is
//! bounded by one line, and bodies are counted, not kept. However the bytes are split, the outcome is the same.

use crate::head::{Head, Malformed, StatusLine, chunk_bytes};

/// The longest line of a head, and the most bytes of a head; what is longer is malformed.
const MAX_LINE_BYTES: usize = 8 * 1024;
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// A complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Whether the connection can take another request.
    pub reusable: bool,
}

/// What the bytes so far come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The answer is not complete.
    More,
    /// The answer is complete.
    Done(Answer),
}

/// What the next bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    StatusLine,
    HeaderLine,
    Body { left_bytes: u64 },
    BodyUntilClose,
    ChunkSizeLine,
    Chunk { left_bytes: u64 },
    ChunkEndLine,
    TrailerLine,
    Nothing,
}

/// The parser of one answer at a time.
#[derive(Debug)]
pub struct Response {
    expect: Expect,
    head: Head,
    head_bytes: usize,
    /// The part of a line that has come, when its end has not. Its capacity is never exceeded.
    line: Vec<u8>,
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

impl Response {
    /// A parser that expects an answer.
    #[must_use]
    pub fn new() -> Self {
        let line = Vec::with_capacity(MAX_LINE_BYTES);
        Self { expect: Expect::StatusLine, head: Head::default(), head_bytes: 0, line }
    }

    /// Expects the next answer, whatever came before.
    pub fn reset(&mut self) {
        self.expect = Expect::StatusLine;
        self.head = Head::default();
        self.head_bytes = 0;
        self.line.clear();
    }

    /// Takes the next bytes. Bytes after the end of the answer were not asked for: the connection is not reusable.
    ///
    /// # Errors
    /// [`Malformed`] when this is not an answer that can be understood; the parser is of no use until it is reset.
    pub fn feed(&mut self, mut input: &[u8]) -> Result<Progress, Malformed> {
        while self.expect != Expect::Nothing {
            if input.is_empty() {
                return Ok(Progress::More);
            }
            input = match self.expect {
                Expect::Body { left_bytes } => {
                    let (left_bytes, rest) = skip(left_bytes, input);
                    self.expect = body(left_bytes);
                    rest
                }
                Expect::Chunk { left_bytes } => {
                    let (left_bytes, rest) = skip(left_bytes, input);
                    self.expect = chunk(left_bytes);
                    rest
                }
                Expect::BodyUntilClose => &[],
                _ => self.take_line(input)?,
            };
        }
        Ok(Progress::Done(self.answer(input.is_empty())))
    }

    /// Says that the server has closed the connection: the answer it completes, if it completes one.
    #[must_use]
    pub fn close(&self) -> Option<Answer> {
        (self.expect == Expect::BodyUntilClose).then(|| self.answer(false))
    }

    fn answer(&self, clean_end: bool) -> Answer {
        Answer { status: self.head.status, reusable: self.head.keep_alive && clean_end }
    }

    /// Takes a line of `input`, or its part, and returns what is left.
    fn take_line<'input>(&mut self, input: &'input [u8]) -> Result<&'input [u8], Malformed> {
        let end = input.iter().position(|&byte| byte == b'\n');
        let (part, rest) = input.split_at(end.map_or(input.len(), |at| at + 1));
        self.head_bytes += part.len();
        if self.line.len() + part.len() > MAX_LINE_BYTES || self.head_bytes > MAX_HEAD_BYTES {
            return Err(Malformed);
        }
        match end {
            None => self.line.extend_from_slice(part),
            // The usual case: the line came whole, and is read where it is.
            Some(_) if self.line.is_empty() => self.line_came(part)?,
            Some(_) => {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(part);
                let outcome = self.line_came(&line);
                line.clear();
                self.line = line;
                outcome?;
            }
        }
        Ok(rest)
    }

    fn line_came(&mut self, line: &[u8]) -> Result<(), Malformed> {
        // A lone LF may end a line: RFC 9112 section 2.2.
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.expect = match self.expect {
            Expect::StatusLine => {
                self.head = Head::new(StatusLine::parse(line)?);
                Expect::HeaderLine
            }
            Expect::HeaderLine if line.is_empty() => self.after_head()?,
            Expect::HeaderLine => {
                self.head.add(line)?;
                Expect::HeaderLine
            }
            Expect::ChunkSizeLine => match chunk_bytes(line)? {
                0 => Expect::TrailerLine,
                left_bytes => Expect::Chunk { left_bytes },
            },
            Expect::ChunkEndLine if line.is_empty() => Expect::ChunkSizeLine,
            Expect::TrailerLine if line.is_empty() => Expect::Nothing,
            Expect::TrailerLine => Expect::TrailerLine,
            _ => return Err(Malformed),
        };
        if self.expect == Expect::ChunkSizeLine {
            // Only heads and trailers are bounded as a whole; the number of chunks is not.
            self.head_bytes = 0;
        }
        Ok(())
    }

    /// What follows the head: RFC 9112 section 6.3, in its order.
    fn after_head(&self) -> Result<Expect, Malformed> {
        let head = &self.head;
        Ok(match head.status {
            // No upgrade was asked for.
            101 => return Err(Malformed),
            100..200 => Expect::StatusLine,
            204 | 304 => Expect::Nothing,
            _ => match (head.transfer_encoding, head.content_bytes) {
                // Allowed to be tolerated, but it is how requests are smuggled: an error is what it ought to be.
                (Some(_), Some(_)) => return Err(Malformed),
                (Some(encoding), None) if encoding.is_chunked() => Expect::ChunkSizeLine,
                (None, Some(left_bytes)) => body(left_bytes),
                (_, None) => Expect::BodyUntilClose,
            },
        })
    }
}

fn body(left_bytes: u64) -> Expect {
    if left_bytes == 0 { Expect::Nothing } else { Expect::Body { left_bytes } }
}

fn chunk(left_bytes: u64) -> Expect {
    if left_bytes == 0 { Expect::ChunkEndLine } else { Expect::Chunk { left_bytes } }
}

/// Skips up to `bytes` of `input`: what is still to be skipped, and the rest of the input.
fn skip(bytes: u64, input: &[u8]) -> (u64, &[u8]) {
    let skipped = usize::try_from(bytes).map_or(input.len(), |bytes| bytes.min(input.len()));
    (bytes - skipped as u64, &input[skipped..])
}

#[cfg(test)]
mod tests;
