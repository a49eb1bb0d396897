//! What comes after a head: a body of known length, chunks and trailers (RFC 9112, 7.1), or nothing.

use super::{Pause, Phase, Progress};

impl Progress {
    /// The head of a request or a final answer is complete, and its body is not chunked. Without a length a request
    /// has none, and an answer ends with the connection.
    #[inline(always)]
    pub(super) fn begin_body(&mut self, length: Option<u64>, request: bool) -> Pause {
        self.heads += 1;
        self.remaining = match length {
            Some(length) => length,
            None if request => 0,
            None => u64::MAX,
        };
        if self.remaining == 0 {
            return self.end_message();
        }
        self.phase = Phase::Body;
        Pause::Skip
    }

    #[inline(always)]
    pub(super) fn end_message(&mut self) -> Pause {
        self.messages += 1;
        self.restart();
        Pause::MessageEnd
    }

    #[inline(always)]
    pub(super) fn chunk_size(&mut self, byte: u8) -> Pause {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\n' => return self.chunk_line_end(),
            b';' | b'\r' | b' ' | b'\t' => return self.go_on(Phase::ChunkExtension),
            _ => return self.lose(),
        };
        if self.count >= 15 {
            return self.lose();
        }
        self.words[0] = (self.words[0] << 4) | u64::from(digit);
        self.count += 1;
        Pause::NeedMore
    }

    #[inline(always)]
    pub(super) fn chunk_line_end(&mut self) -> Pause {
        if self.count == 0 {
            return self.lose();
        }
        self.remaining = self.words[0];
        self.clear();
        if self.remaining == 0 {
            return self.go_on(Phase::TrailerStart);
        }
        self.phase = Phase::ChunkData;
        Pause::Skip
    }

    #[inline(always)]
    pub(super) fn chunk_end(&mut self, byte: u8) -> Pause {
        match byte {
            b'\r' => Pause::NeedMore,
            b'\n' => self.go_on(Phase::ChunkSize),
            _ => self.lose(),
        }
    }

    #[inline(always)]
    pub(super) fn trailer_start(&mut self, byte: u8) -> Pause {
        match byte {
            b'\n' => self.end_message(),
            b'\r' => Pause::NeedMore,
            _ => self.go_on(Phase::TrailerRest),
        }
    }

    #[inline(always)]
    pub(super) fn trailer_rest(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.go_on(Phase::TrailerStart) } else { Pause::NeedMore }
    }

    #[inline(always)]
    pub(super) fn chunk_extension(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.chunk_line_end() } else { Pause::NeedMore }
    }
}
