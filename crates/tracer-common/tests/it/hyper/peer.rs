//! A hyper server connection over memory, whose every read and write is noted as a system call would be seen.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use http_body_util::BodyExt as _;
use hyper::{
    Response,
    body::{Body, Bytes, Frame, SizeHint},
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::watch::Move;

/// How a request is to be answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The frames of its body.
    pub(crate) frames: Vec<usize>,
    /// Its length is announced, so that it is not chunked.
    pub(crate) sized: bool,
}

/// A request as the service saw it, and the status it gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body_bytes: usize,
    pub(crate) status: u16,
}

/// All that has happened on a connection.
pub(crate) struct Exchange {
    pub(crate) moves: Vec<Move>,
    pub(crate) answered: Vec<Answered>,
    written: Vec<u8>,
}

impl Exchange {
    /// Sends `bytes` in the pieces that `cuts` tells, over a pipe that holds `pipe_bytes`.
    pub(crate) fn run(bytes: &[u8], cuts: &[usize], answers: &[Answer], pipe_bytes: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        tokio::task::LocalSet::new().block_on(&runtime, talk(bytes, cuts, answers, pipe_bytes))
    }

    /// Is the method and the path of `record` part of something that was read?
    pub(crate) fn has_read_line(&self, record: &str) -> bool {
        let (line, _status) = record.rsplit_once(' ').expect("a status");
        String::from_utf8_lossy(&self.read()).contains(line.trim_end_matches("..."))
    }

    fn read(&self) -> Vec<u8> {
        let bytes = self.moves.iter().filter_map(|step| match step {
            Move::In(bytes) => Some(&bytes[..]),
            _ => None,
        });
        bytes.collect::<Vec<_>>().concat()
    }

    pub(crate) fn written_bytes(&self) -> u64 {
        self.written.len() as u64
    }

    /// Bytes of answers that say to go on.
    pub(crate) fn interim_bytes(&self) -> u64 {
        const GO_ON: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        // No body of an answer holds anything like it.
        let count = self.written.windows(GO_ON.len()).filter(|window| *window == GO_ON).count();
        (count * GO_ON.len()) as u64
    }

    /// The status that hyper gave without asking the service: the last thing it wrote, if there is one more answer
    /// than the service gave.
    pub(crate) fn refusal(&self) -> Option<u16> {
        let text = String::from_utf8_lossy(&self.written);
        let statuses = text
            .match_indices("HTTP/1.")
            .filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse::<u16>().ok());
        let finals: Vec<u16> = statuses.filter(|status| *status >= 200).collect();
        assert!(finals.len() <= self.answered.len() + 1, "{text}");
        finals.get(self.answered.len()).copied()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let read = self.read();
        let [read, written] = [&read, &self.written].map(|bytes| String::from_utf8_lossy(bytes));
        write!(f, "answered {:?}, read {read:?}, written {written:?}", self.answered)
    }
}

impl Answered {
    /// Is its method one that records have room for?
    pub(crate) fn is_kept(&self) -> bool {
        let method = self.method.as_bytes();
        method.len() <= 8
            && method[0].is_ascii_uppercase()
            && method.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-')
    }
}

async fn talk(bytes: &[u8], cuts: &[usize], answers: &[Answer], pipe_bytes: usize) -> Exchange {
    let (client, server) = tokio::io::duplex(pipe_bytes);
    let moves = Rc::new(RefCell::new(Vec::new()));
    let answered = Rc::new(RefCell::new(Vec::new()));
    let io = Noted { io: TokioIo::new(server), moves: Rc::clone(&moves) };
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let answered = Rc::clone(&answered);
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            // A body that breaks off ends the connection, and nothing is answered.
            let body = request.into_body().collect().await.map_err(|_| "a broken body")?;
            let answer = answers[answered.borrow().len() % answers.len()].clone();
            let status = answer.status;
            answered.borrow_mut().push(Answered {
                method,
                target,
                body_bytes: body.to_bytes().len(),
                status,
            });
            let mut response = Response::new(answer);
            *response.status_mut() = hyper::StatusCode::from_u16(status).map_err(|_| "no status")?;
            Ok::<_, &str>(response)
        }
    });
    let connection = http1::Builder::new().half_close(true).serve_connection(io, service);
    let (reader, writer) = tokio::io::split(client);
    let (_, (), written) = tokio::join!(
        async {
            let ended = connection.await;
            moves.borrow_mut().push(Move::Close);
            ended
        },
        send(writer, bytes, cuts),
        receive(reader)
    );
    let (moves, answered) = (moves.take(), answered.take());
    Exchange { moves, answered, written }
}

async fn send(mut writer: tokio::io::WriteHalf<DuplexStream>, bytes: &[u8], cuts: &[usize]) {
    let mut rest = bytes;
    for cut in cuts.iter().cycle() {
        let (now, later) = rest.split_at(rest.len().min(*cut));
        // hyper may have ended the connection.
        if writer.write_all(now).await.is_err() || later.is_empty() {
            break;
        }
        tokio::task::yield_now().await;
        rest = later;
    }
    let _ = writer.shutdown().await;
}

async fn receive(mut reader: tokio::io::ReadHalf<DuplexStream>) -> Vec<u8> {
    let mut written = Vec::new();
    reader.read_to_end(&mut written).await.expect("memory");
    written
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frames = &mut self.get_mut().frames;
        let next = (!frames.is_empty()).then(|| Ok(Frame::data(vec![b'x'; frames.remove(0)].into())));
        Poll::Ready(next)
    }

    fn size_hint(&self) -> SizeHint {
        let bytes = self.frames.iter().sum::<usize>() as u64;
        if self.sized { SizeHint::with_exact(bytes) } else { SizeHint::new() }
    }
}

/// Notes what is read and written.
struct Noted {
    io: TokioIo<DuplexStream>,
    moves: Rc<RefCell<Vec<Move>>>,
}

impl Read for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut bytes = [0; 8192];
        let room = cursor.remaining().min(bytes.len());
        let mut buffer = hyper::rt::ReadBuf::new(&mut bytes[..room]);
        let polled = Pin::new(&mut self.io).poll_read(context, buffer.unfilled());
        let filled = buffer.filled();
        if polled.is_ready() && !filled.is_empty() {
            self.moves.borrow_mut().push(Move::In(filled.to_vec()));
            cursor.put_slice(filled);
        }
        polled
    }
}

impl Write for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.moves.borrow_mut().push(Move::Out(bytes[..written].to_vec()));
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
