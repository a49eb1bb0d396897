//! A client that knows what it has sent and got, to the byte.

use std::{
    borrow::Cow,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use record::agent::RequestRecord;

use crate::process::FOREVER;

/// What a record must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Truth {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) path_truncated: bool,
    pub(crate) status: u16,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
}

impl From<&RequestRecord> for Truth {
    fn from(record: &RequestRecord) -> Self {
        Self {
            method: record.method.clone(),
            path: record.path.clone(),
            path_truncated: record.path_truncated,
            status: record.status,
            request_bytes: record.request_bytes,
            response_bytes: record.response_bytes,
        }
    }
}

/// How many bytes of an exchange were of bodies, as the service knows it: of the request's as its head announces, 0 where
/// it does not; of the answer's without heads and the sizes of chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bodies {
    request_bytes: u64,
    response_bytes: u64,
}

impl Truth {
    /// Makes it what the service itself would tell: a method is cut after 8 bytes, and a target that names a host is known
    /// by its path.
    pub(crate) fn tell(&mut self, bodies: &Bodies) {
        self.method.truncate(8);
        if let Some(rest) = self.path.strip_prefix("http://") {
            self.path = rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned();
        }
        if self.method == "CONNECT" {
            self.path.clear();
        }
        (self.request_bytes, self.response_bytes) = (bodies.request_bytes, bodies.response_bytes);
    }

    /// Was it answered by hyper alone, for its too many headers or its too long URL? The service does not hear of it.
    pub(crate) fn is_refused_by_hyper(&self) -> bool {
        matches!(self.status, 414 | 431)
    }
}

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer: its status, and how long it is with its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) body_bytes: u64,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(FOREVER)).unwrap();
        stream.set_write_timeout(Some(FOREVER)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes in one call.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends bytes, unless the server has ended the connection already.
    pub(crate) fn send_if_open(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.get_mut().write_all(bytes.as_ref());
    }

    /// Sends one request and reads its answer.
    pub(crate) fn exchange(&mut self, request: &str) -> Truth {
        self.send(request);
        self.truth(request)
    }

    /// Reads the answer to `request`, which was sent. Empty lines before it are not of the request.
    pub(crate) fn truth(&mut self, request: &str) -> Truth {
        self.truth_and_bodies(request).0
    }

    /// The same, and what of it were bodies.
    pub(crate) fn truth_and_bodies(&mut self, request: &str) -> (Truth, Bodies) {
        let request = request.trim_start_matches(['\r', '\n']);
        let mut words = request.split(' ');
        let method = words.next().unwrap().to_owned();
        let path = words.next().unwrap().split('?').next().unwrap();
        let answer = self.answer(method == "HEAD");
        let bodies = Bodies { request_bytes: announced_bytes(request), response_bytes: answer.body_bytes };
        let truth = Truth {
            method,
            path: kept(path).into(),
            path_truncated: path.len() > 128,
            status: answer.status,
            request_bytes: request.len() as u64,
            response_bytes: answer.bytes,
        };
        (truth, bodies)
    }

    /// Waits for the first byte of what the server sends, and takes none.
    pub(crate) fn await_answer(&mut self) {
        assert!(!self.stream.fill_buf().unwrap().is_empty(), "the server has ended the connection");
    }

    /// Sends nothing more, and still reads. The server may have ended the connection already.
    pub(crate) fn end_sending(&self) {
        let _ = self.stream.get_ref().shutdown(Shutdown::Write);
    }

    /// Ends the connection at once, by a reset.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(self.stream.get_ref(), Some(Duration::ZERO)).unwrap();
    }

    /// Reads one final answer.
    pub(crate) fn answer(&mut self, to_head: bool) -> Answer {
        let (head_bytes, head) = self.head();
        let status = head[9..12].parse().unwrap();
        if status < 200 {
            return self.answer(to_head);
        }
        let head = head.to_ascii_lowercase();
        if to_head || matches!(status, 204 | 304) {
            return Answer { status, bytes: head_bytes, body_bytes: 0 };
        }
        let (framing_bytes, body_bytes) = if head.contains("transfer-encoding: chunked") {
            self.chunks()
        } else if let Some((_, length)) = head.split_once("content-length: ") {
            (0, self.skip(length.split("\r\n").next().unwrap().parse().unwrap()))
        } else {
            (0, std::io::copy(&mut self.stream, &mut std::io::sink()).unwrap())
        };
        Answer { status, bytes: head_bytes + framing_bytes + body_bytes, body_bytes }
    }

    /// Reads exactly these bytes.
    pub(crate) fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let mut got = vec![0; bytes.as_ref().len()];
        self.stream.read_exact(&mut got).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(bytes.as_ref()));
    }

    /// Reads whatever comes, to the end.
    pub(crate) fn read_all(mut self) {
        // A reset is the server's right when the request was broken.
        let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
    }

    /// Reads to the end, which must come without a further byte.
    pub(crate) fn end(mut self) {
        let mut rest = Vec::new();
        // A reset is the server's right when the request was broken.
        let _ = self.stream.read_to_end(&mut rest);
        assert_eq!(rest, b"");
    }

    fn head(&mut self) -> (u64, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.stream.read_line(&mut head).unwrap(), 0, "closed after {head:?}");
        }
        (head.len() as u64, head)
    }

    /// Reads chunks to the last: how many bytes are about them, and how many in them.
    fn chunks(&mut self) -> (u64, u64) {
        let (mut framing_bytes, mut body_bytes) = (0, 0);
        loop {
            let mut line = String::new();
            framing_bytes += self.stream.read_line(&mut line).unwrap() as u64;
            let size = line.split(';').next().unwrap();
            let size = u64::from_str_radix(size.trim_end(), 16).unwrap();
            if size == 0 {
                return (framing_bytes + self.trailers(), body_bytes);
            }
            body_bytes += self.skip(size);
            framing_bytes += self.skip(2);
        }
    }

    fn trailers(&mut self) -> u64 {
        let mut bytes = 0;
        loop {
            let mut line = String::new();
            bytes += self.stream.read_line(&mut line).unwrap() as u64;
            if line.trim_end().is_empty() {
                return bytes;
            }
        }
    }

    fn skip(&mut self, bytes: u64) -> u64 {
        let skipped = std::io::copy(&mut self.stream.by_ref().take(bytes), &mut std::io::sink()).unwrap();
        assert_eq!(skipped, bytes);
        bytes
    }
}

/// How many bytes of body the head of `request` announces.
fn announced_bytes(request: &str) -> u64 {
    let head = request.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding: chunked") {
        return 0;
    }
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    lengths.next().map_or(0, |length| length.trim().parse().unwrap())
}

/// What a record keeps of a path.
pub(crate) fn kept(path: &str) -> Cow<'_, str> {
    String::from_utf8_lossy(&path.as_bytes()[..path.len().min(128)])
}
