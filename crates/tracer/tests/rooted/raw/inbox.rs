//! What was read of a connection. Requests are understood by `httparse`, so that what the server knows of them is not
//! what the tracer's parser knows.

use std::{net::TcpStream, sync::Arc};

use super::{Manner, answers::is_early, calls};
use crate::process::now_ns;

/// One request that was read, and whose answer is due.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) read_ns: u64,
    pub(super) request_bytes: u64,
    /// The connection goes on after it.
    pub(super) keep: bool,
}

/// What comes next on a connection.
pub(super) enum Next {
    Request(Asked),
    Garbage,
    End,
}

/// Bytes that are not used up.
pub(super) struct Inbox {
    stream: Arc<TcpStream>,
    manner: Manner,
    bytes: Vec<u8>,
    /// Bytes of the connection that are used up.
    used: u64,
    /// Up to where in the connection each read has come, and when it returned.
    arrivals: Vec<(u64, u64)>,
    /// Bytes of a body whose request is answered already.
    unread: usize,
}

struct Head {
    method: String,
    target: String,
    bytes: usize,
    length: usize,
    chunked: bool,
    expects: bool,
    keep: bool,
}

impl Inbox {
    pub(super) fn new(stream: Arc<TcpStream>, manner: Manner) -> Self {
        Self { stream, manner, bytes: vec![], used: 0, arrivals: vec![], unread: 0 }
    }

    /// Reads one more request.
    pub(super) fn next(&mut self) -> Next {
        loop {
            self.pass_unread();
            let empty = self.bytes.iter().take_while(|byte| matches!(**byte, b'\r' | b'\n')).count();
            self.use_up(empty);
            match head(&self.bytes) {
                Some(Ok(head)) => return self.rest_of(head).map_or(Next::End, Next::Request),
                Some(Err(_)) => return Next::Garbage,
                None if !self.read() => return Next::End,
                None => {}
            }
        }
    }

    /// Reads until the client ends, and hands on what comes.
    pub(super) fn each_read(&mut self, mut act: impl FnMut(&[u8])) {
        loop {
            act(&self.bytes);
            self.use_up(self.bytes.len());
            if !self.read() {
                return;
            }
        }
    }

    fn rest_of(&mut self, head: Head) -> Option<Asked> {
        let start = self.used;
        let read_ns = self.arrivals.iter().find(|(end, _)| *end > start).unwrap().1;
        if head.expects {
            calls::write(&self.stream, self.manner.writes, b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        let request_bytes = if is_early(&head.target) {
            let whole = head.bytes + head.length;
            let here = whole.min(self.bytes.len());
            self.unread = whole;
            here
        } else {
            let whole = loop {
                match head.message_bytes(&self.bytes) {
                    Some(bytes) => break bytes,
                    None if !self.read() => return None,
                    None => {}
                }
            };
            self.use_up(whole);
            whole
        };
        let Head { method, target, keep, .. } = head;
        Some(Asked { method, target, read_ns, request_bytes: request_bytes as u64, keep })
    }

    fn pass_unread(&mut self) {
        while self.unread > 0 {
            let here = self.unread.min(self.bytes.len());
            self.use_up(here);
            self.unread -= here;
            if self.unread > 0 && !self.read() {
                return;
            }
        }
    }

    /// Reads once; false at the end.
    fn read(&mut self) -> bool {
        let mut buffer = vec![0; self.manner.buffer];
        let got = calls::read(&self.stream, self.manner.reads, &mut buffer);
        let now_ns = now_ns();
        self.bytes.extend(&buffer[..got]);
        self.arrivals.push((self.used + self.bytes.len() as u64, now_ns));
        got != 0
    }

    fn use_up(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.used += bytes as u64;
        self.arrivals.retain(|(end, _)| *end > self.used);
    }
}

/// None while it is not complete.
fn head(bytes: &[u8]) -> Option<Result<Head, httparse::Error>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let bytes = match request.parse(bytes) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return None,
        Err(error) => return Some(Err(error)),
    };
    let value = |name: &str| {
        let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| str::from_utf8(header.value).unwrap())
    };
    let connection = value("connection");
    Some(Ok(Head {
        method: request.method.unwrap().into(),
        target: request.path.unwrap().into(),
        bytes,
        length: value("content-length").map_or(0, |length| length.parse().unwrap()),
        chunked: value("transfer-encoding").is_some(),
        expects: value("expect").is_some(),
        keep: if request.version == Some(1) {
            connection != Some("close")
        } else {
            connection == Some("keep-alive")
        },
    }))
}

impl Head {
    /// How long the message is; None while not all of it is there.
    fn message_bytes(&self, bytes: &[u8]) -> Option<usize> {
        if !self.chunked {
            let whole = self.bytes + self.length;
            return (whole <= bytes.len()).then_some(whole);
        }
        let mut at = self.bytes;
        loop {
            let httparse::Status::Complete((line, size)) = httparse::parse_chunk_size(&bytes[at..]).unwrap()
            else {
                return None;
            };
            at += line;
            if size == 0 {
                break;
            }
            at += size as usize + 2;
            bytes.get(at..)?;
        }
        // Trailers end as headers do; without any there is an empty line.
        let mut headers = [httparse::EMPTY_HEADER; 16];
        match httparse::parse_headers(&bytes[at..], &mut headers).unwrap() {
            httparse::Status::Complete((trailers, _)) => Some(at + trailers),
            httparse::Status::Partial => None,
        }
    }
}
