//! The fields of a head: the few that say how long the body is (RFC 9112, 6), and the end of the head.

use super::{CHUNKED, CODED, Direction, HAS_LENGTH, Pause, Phase, Progress, window};

/// `ontent-length`: the name without the first letter that led here.
pub(super) const NAME_LENGTH: [u64; 2] = window(b"ontent-length");
/// `ransfer-encoding`, likewise.
pub(super) const NAME_CODING: [u64; 2] = window(b"ransfer-encoding");
const CODING_CHUNKED: u64 = window(b"chunked")[0];

impl Progress {
    #[inline(always)]
    pub(super) fn line_start(&mut self, direction: Direction, byte: u8) -> Pause {
        match byte {
            b'\n' => self.end_head(direction),
            b'\r' => Pause::NeedMore,
            b'c' | b'C' => {
                self.clear();
                self.go_on(Phase::NameContent)
            }
            b't' | b'T' => {
                self.clear();
                self.go_on(Phase::NameTransfer)
            }
            _ => self.go_on(Phase::LineRest),
        }
    }

    #[inline(always)]
    pub(super) fn line_rest(&mut self, byte: u8) -> Pause {
        if byte == b'\n' { self.go_on(Phase::LineStart) } else { Pause::NeedMore }
    }

    #[inline(always)]
    pub(super) fn name(&mut self, byte: u8, wanted: [u64; 2], value: Phase) -> Pause {
        match byte {
            b'\n' => self.go_on(Phase::LineStart),
            b':' => {
                let found = self.words[0] == wanted[0] && self.words[1] == wanted[1] && self.count <= 16;
                self.clear();
                self.go_on(if found { value } else { Phase::LineRest })
            }
            _ => {
                self.push(byte.to_ascii_lowercase());
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    pub(super) fn length_value(&mut self, byte: u8) -> Pause {
        if byte == b'\n' {
            let differs = self.framing & HAS_LENGTH != 0 && self.length != self.words[0];
            if self.count == 0 || differs {
                return self.lose();
            }
            self.length = self.words[0];
            self.framing |= HAS_LENGTH;
            return self.go_on(Phase::LineStart);
        } else if byte.is_ascii_digit() {
            // 17 digits are 88,000 TB: no body is longer, and the number cannot overflow.
            if self.count >= 17 {
                return self.lose();
            }
            self.words[0] = self.words[0] * 10 + u64::from(byte - b'0');
            self.count += 1;
        } else if byte != b' ' && byte != b'\t' && byte != b'\r' {
            return self.lose();
        } else if self.count != 0 {
            // Nothing but space may follow the number.
            self.count = 17;
        }
        Pause::NeedMore
    }

    #[inline(always)]
    pub(super) fn coding_value(&mut self, byte: u8) -> Pause {
        if byte == b'\n' {
            let before = self.words[0] >> 56;
            let chunked =
                self.words[0] << 8 == CODING_CHUNKED << 8 && (before == 0 || before == u64::from(b','));
            self.framing = (self.framing & !CHUNKED) | CODED | if chunked { CHUNKED } else { 0 };
            return self.go_on(Phase::LineStart);
        }
        if byte != b' ' && byte != b'\t' && byte != b'\r' {
            self.push(byte.to_ascii_lowercase());
        }
        Pause::NeedMore
    }

    /// The head is complete: how long is the body? (RFC 9112, 6.3.)
    #[inline(always)]
    pub(super) fn end_head(&mut self, direction: Direction) -> Pause {
        if let Direction::Answer { to_head } = direction {
            if self.status == 101 {
                return self.lose();
            }
            if self.status < 200 {
                self.restart();
                return Pause::NextPart;
            }
            if to_head || self.status == 204 || self.status == 304 {
                self.heads += 1;
                return self.end_message();
            }
        }
        if self.framing & CHUNKED != 0 {
            self.heads += 1;
            self.clear();
            return self.go_on(Phase::ChunkSize);
        }
        let request = matches!(direction, Direction::Request);
        if request && self.framing & CODED != 0 {
            self.heads += 1;
            return self.lose();
        }
        let sized = self.framing & (CODED | HAS_LENGTH) == HAS_LENGTH;
        self.begin_body(if sized { Some(self.length) } else { None }, request)
    }
}
