//! The lines of an answer's head, as far as they decide where the answer ends.

/// The answer is not HTTP/1.x that this client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The first line of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusLine {
    status: u16,
    /// HTTP/1.1 keeps the connection unless it says otherwise, HTTP/1.0 the other way round.
    keep_alive: bool,
}

impl StatusLine {
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let (minor, rest) = line.strip_prefix(b"HTTP/1.").and_then(<[u8]>::split_first).ok_or(Malformed)?;
        let (code, reason) =
            rest.strip_prefix(b" ").and_then(<[u8]>::split_first_chunk::<3>).ok_or(Malformed)?;
        let ended = reason.is_empty() || reason.starts_with(b" ");
        if !minor.is_ascii_digit() || !ended || !code.iter().all(u8::is_ascii_digit) || code[0] == b'0' {
            return Err(Malformed);
        }
        let status = code.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
        Ok(Self { status, keep_alive: *minor != b'0' })
    }
}

/// How the body is encoded for transfer, when the head says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransferEncoding {
    /// `chunked` is the last encoding.
    Chunked,
    /// Something else is: only the end of the connection ends the body.
    Other,
}

impl TransferEncoding {
    pub(crate) fn is_chunked(self) -> bool {
        self == Self::Chunked
    }
}

/// What the head has said so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) keep_alive: bool,
    pub(crate) content_bytes: Option<u64>,
    pub(crate) transfer_encoding: Option<TransferEncoding>,
}

impl Head {
    pub(crate) fn new(line: StatusLine) -> Self {
        Self { status: line.status, keep_alive: line.keep_alive, ..Self::default() }
    }

    /// Adds a header line.
    pub(crate) fn add(&mut self, line: &[u8]) -> Result<(), Malformed> {
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Malformed)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            return Err(Malformed);
        }
        // Their lengths tell these names apart from most others at once.
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => self.add_connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.add_content_length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.add_transfer_encoding(value),
            _ => {}
        }
        Ok(())
    }

    fn add_connection(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                self.keep_alive = false;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            }
        }
    }

    /// The same length twice is allowed, two lengths are not: RFC 9112 section 6.3, item 5.
    fn add_content_length(&mut self, value: &[u8]) -> Result<(), Malformed> {
        let bytes = number(value, 10)?;
        match self.content_bytes.replace(bytes) {
            Some(before) if before != bytes => Err(Malformed),
            _ => Ok(()),
        }
    }

    fn add_transfer_encoding(&mut self, value: &[u8]) {
        let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
        let chunked = last.eq_ignore_ascii_case(b"chunked");
        self.transfer_encoding =
            Some(if chunked { TransferEncoding::Chunked } else { TransferEncoding::Other });
    }
}

/// The size that a chunk's first line gives; extensions after `;` are ignored.
pub(crate) fn chunk_bytes(line: &[u8]) -> Result<u64, Malformed> {
    let size = line.split(|&byte| byte == b';').next().unwrap_or_default();
    number(size.trim_ascii_end(), 16)
}

/// Digits only: no sign, no space, no overflow.
fn number(text: &[u8], radix: u32) -> Result<u64, Malformed> {
    if text.is_empty() {
        return Err(Malformed);
    }
    text.iter()
        .try_fold(0_u64, |number, &byte| {
            let digit = char::from(byte).to_digit(radix)?;
            number.checked_mul(u64::from(radix))?.checked_add(u64::from(digit))
        })
        .ok_or(Malformed)
}

/// A character of a header's name: RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
