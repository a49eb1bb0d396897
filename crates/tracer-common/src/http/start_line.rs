//! The first line of a message: method and path of a request, version and status of an answer.

use super::{Direction, Pause, Phase, Progress, request_line::RequestLine, window};

const VERSION_1_0: u64 = window(b"HTTP/1.0")[0];
const VERSION_1_1: u64 = window(b"HTTP/1.1")[0];

impl Progress {
    /// First byte of a message. Empty lines before a request are passed over (RFC 9112, 2.2).
    #[inline(always)]
    pub(super) fn start(&mut self, direction: Direction, byte: u8) -> Pause {
        let request = matches!(direction, Direction::Request);
        if request && (byte == b'\r' || byte == b'\n') {
            return Pause::NextPart;
        }
        if !byte.is_ascii_uppercase() {
            return self.lose();
        }
        self.restart();
        self.push(byte);
        self.phase = if request { Phase::Method } else { Phase::Version };
        Pause::NextPart
    }

    #[inline(always)]
    pub(super) fn method(&mut self, line: &mut RequestLine, byte: u8) -> Pause {
        if byte == b' ' {
            line.begin(self.words[0]);
            self.clear();
            self.phase = Phase::Path;
            return Pause::NextPart;
        }
        if !(byte.is_ascii_uppercase() || byte == b'-') || self.count >= 8 {
            return self.lose();
        }
        self.push(byte);
        Pause::NeedMore
    }

    #[inline(always)]
    pub(super) fn path(&mut self, line: &mut RequestLine, byte: u8) -> Pause {
        match byte {
            b' ' => self.go_on(Phase::RequestVersion),
            b'?' => self.go_on(Phase::Query),
            b'\r' | b'\n' => self.lose(),
            _ => {
                line.push(byte);
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    pub(super) fn query(&mut self, byte: u8) -> Pause {
        match byte {
            b' ' => self.go_on(Phase::RequestVersion),
            b'\r' | b'\n' => self.lose(),
            _ => Pause::NeedMore,
        }
    }

    /// What ends a request line. Checked, so that no text of another kind is taken for a request: its words would
    /// leave as method and path.
    #[inline(always)]
    pub(super) fn request_version(&mut self, byte: u8) -> Pause {
        match byte {
            b'\n' if self.words[0] == VERSION_1_1 || self.words[0] == VERSION_1_0 => {
                self.go_on(Phase::LineStart)
            }
            b'\r' => Pause::NeedMore,
            _ if byte == b'\n' || self.count >= 8 => self.lose(),
            _ => {
                self.push(byte);
                Pause::NeedMore
            }
        }
    }

    #[inline(always)]
    pub(super) fn version(&mut self, byte: u8) -> Pause {
        if byte != b' ' {
            if self.count >= 8 {
                return self.lose();
            }
            self.push(byte);
            return Pause::NeedMore;
        }
        if self.words[0] != VERSION_1_1 && self.words[0] != VERSION_1_0 {
            return self.lose();
        }
        self.clear();
        self.status = 0;
        self.go_on(Phase::Status)
    }

    #[inline(always)]
    pub(super) fn status(&mut self, byte: u8) -> Pause {
        if !byte.is_ascii_digit() {
            return self.lose();
        }
        self.status = self.status * 10 + u16::from(byte - b'0');
        self.count += 1;
        if self.count == 3 { self.go_on(Phase::LineRest) } else { Pause::NeedMore }
    }
}
