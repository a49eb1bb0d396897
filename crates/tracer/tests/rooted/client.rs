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

/// One connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer: its status, and how long it is with its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: u64,
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
        let request = request.trim_start_matches(['\r', '\n']);
        let mut words = request.split(' ');
        let method = words.next().unwrap().to_owned();
        let path = words.next().unwrap().split('?').next().unwrap();
        let answer = self.answer(method == "HEAD");
        Truth {
            method,
            path: kept(path).into(),
            path_truncated: path.len() > 128,
            status: answer.status,
            request_bytes: request.len() as u64,
            response_bytes: answer.bytes,
        }
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
        let (mut bytes, head) = self.head();
        let status = head[9..12].parse().unwrap();
        if status < 200 {
            return self.answer(to_head);
        }
        let head = head.to_ascii_lowercase();
        if to_head || matches!(status, 204 | 304) {
            return Answer { status, bytes };
        }
        bytes += if head.contains("transfer-encoding: chunked") {
            self.chunks()
        } else if let Some((_, length)) = head.split_once("content-length: ") {
            self.skip(length.split("\r\n").next().unwrap().parse().unwrap())
        } else {
            std::io::copy(&mut self.stream, &mut std::io::sink()).unwrap()
        };
        Answer { status, bytes }
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

    fn chunks(&mut self) -> u64 {
        let mut bytes = 0;
        loop {
            let mut line = String::new();
            bytes += self.stream.read_line(&mut line).unwrap() as u64;
            let size = line.split(';').next().unwrap();
            let size = u64::from_str_radix(size.trim_end(), 16).unwrap();
            if size == 0 {
                return bytes + self.trailers();
            }
            bytes += self.skip(size + 2);
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

/// What a record keeps of a path.
pub(crate) fn kept(path: &str) -> Cow<'_, str> {
    String::from_utf8_lossy(&path.as_bytes()[..path.len().min(128)])
}
