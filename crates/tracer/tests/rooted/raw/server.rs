//! The process of the raw server: a thread a connection, and a line for each request that it has answered.

use std::{
    io::Write as _,
    net::{Shutdown, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    sync::{Arc, mpsc::channel},
    thread,
    time::Duration,
};

use rustix::io::fcntl_dupfd_cloexec;

use super::{
    Descriptors, Done, Manner, Threads,
    answers::{Act, acts},
    calls,
    inbox::{Asked, Inbox, Next},
};
use crate::process::now_ns;

/// Descriptors for connections, taken in turns: all below the usual limit, and many more than are open at once.
const FRESH: std::ops::Range<i32> = 100..900;

/// Serves until standard input ends.
pub(super) fn serve(manner: Manner) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    say(&format!("listening on {}", listener.local_addr().unwrap()));
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            if manner.descriptors == Descriptors::Fresh {
                let least = FRESH.start + number as i32 % FRESH.len() as i32;
                stream = fcntl_dupfd_cloexec(&stream, least).unwrap().into();
            }
            thread::spawn(move || Connection::serve(stream, manner));
        }
    });
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // In one call, since the test harness writes there as well.
    output.write_all(format!("raw: {line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// What an answer has left of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Keep,
    Close,
    /// Closing it ends the answer.
    EndByClosing,
    Tunnel,
}

struct Connection {
    stream: Arc<TcpStream>,
    manner: Manner,
}

impl Connection {
    fn serve(stream: TcpStream, manner: Manner) {
        stream.set_nodelay(true).unwrap();
        let stream = Arc::new(stream);
        let mut inbox = Inbox::new(Arc::clone(&stream), manner);
        let connection = Self { stream, manner };
        let last = match manner.threads {
            Threads::One => connection.one_thread(&mut inbox),
            Threads::Two => connection.two_threads(&mut inbox),
            Threads::Duplex => connection.duplex(&mut inbox),
        };
        drop(inbox);
        drop(connection);
        // An answer that ends with the connection is over only now.
        if let Some(last) = last {
            say(&Done { end_ns: now_ns(), tid: 0, ..last }.to_text());
        }
    }

    /// Reads and answers by turns. Returns the answer that the closing ends.
    fn one_thread(&self, inbox: &mut Inbox) -> Option<Done> {
        self.each(inbox, |asked| self.answer(asked))
    }

    /// The same, but another thread answers.
    fn two_threads(&self, inbox: &mut Inbox) -> Option<Done> {
        let (ask, asked) = channel::<Asked>();
        let (tell, told) = channel();
        let writer = Self { stream: Arc::clone(&self.stream), manner: self.manner };
        let thread = thread::spawn(move || {
            for asked in asked {
                tell.send(writer.answer(asked)).unwrap();
            }
        });
        let last = self.each(inbox, |request| {
            ask.send(request).unwrap();
            told.recv().unwrap()
        });
        drop(ask);
        thread.join().unwrap();
        last
    }

    /// One thread reads on while another answers. No answer ends the connection here.
    fn duplex(&self, inbox: &mut Inbox) -> Option<Done> {
        let (ask, asked) = channel::<Asked>();
        let writer = Self { stream: Arc::clone(&self.stream), manner: self.manner };
        let thread = thread::spawn(move || {
            for asked in asked {
                let (done, after) = writer.answer(asked);
                assert_eq!(after, After::Keep);
                say(&done.to_text());
            }
        });
        while let Next::Request(asked) = inbox.next() {
            ask.send(asked).unwrap();
        }
        drop(ask);
        thread.join().unwrap();
        None
    }

    fn each(&self, inbox: &mut Inbox, mut answer: impl FnMut(Asked) -> (Done, After)) -> Option<Done> {
        loop {
            let asked = match inbox.next() {
                Next::Request(asked) => asked,
                Next::Garbage => return self.refuse(inbox),
                Next::End => return None,
            };
            let (done, after) = answer(asked);
            if after == After::EndByClosing {
                return Some(done);
            }
            if done.response_bytes != 0 {
                say(&done.to_text());
            }
            match after {
                After::Tunnel => inbox.each_read(|bytes| self.write(bytes)),
                After::Keep => continue,
                _ => {}
            }
            return None;
        }
    }

    /// Answers what is no request, and waits until the client has seen it.
    fn refuse(&self, inbox: &mut Inbox) -> Option<Done> {
        self.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = self.stream.shutdown(Shutdown::Write);
        inbox.each_read(|_| ());
        None
    }

    fn answer(&self, asked: Asked) -> (Done, After) {
        let acts = acts(&asked.method, &asked.target);
        let mut done = Done {
            method: asked.method,
            target: asked.target,
            fd: self.stream.as_raw_fd(),
            tid: rustix::thread::gettid().as_raw_nonzero().get() as u32,
            request_bytes: asked.request_bytes,
            response_bytes: 0,
            read_ns: asked.read_ns,
            write_ns: 0,
            end_ns: 0,
        };
        let mut after = if asked.keep { After::Keep } else { After::Close };
        for act in acts {
            match act {
                Act::Tunnel => after = After::Tunnel,
                Act::Close => after = After::Close,
                Act::EndByClosing => after = After::EndByClosing,
                act => self.act(&act, &mut done),
            }
        }
        (done, after)
    }

    fn act(&self, act: &Act, done: &mut Done) {
        match act {
            Act::Interim(bytes) | Act::Unasked(bytes) => self.write(bytes),
            Act::Write(bytes) => self.last(done, bytes, |bytes| self.write(bytes)),
            Act::InterimAndWrite(interim, bytes) => {
                self.last(done, bytes, |bytes| self.write(&[interim, bytes].concat()));
            }
            Act::Bytewise(bytes) => {
                bytes.chunks(1).for_each(|byte| self.last(done, byte, |byte| self.write(byte)));
            }
            Act::SendFile(bytes) => self.last(done, bytes, |bytes| calls::send_file(&self.stream, bytes)),
            Act::Splice(bytes) => self.last(done, bytes, |bytes| calls::splice_to(&self.stream, bytes)),
            Act::PositionalWrite(bytes) => {
                self.last(done, bytes, |bytes| calls::positional_write(&self.stream, bytes));
            }
            Act::Messages(bytes) => self.last(done, bytes, |bytes| calls::messages(&self.stream, bytes)),
            Act::Duplicate(bytes) => {
                self.last(done, bytes, |bytes| calls::write_duplicate(&self.stream, bytes));
            }
            Act::Pause(ms) => thread::sleep(Duration::from_millis(*ms)),
            Act::Tunnel | Act::Close | Act::EndByClosing => {}
        }
    }

    fn write(&self, bytes: &[u8]) {
        calls::write(&self.stream, self.manner.writes, bytes);
    }

    /// Writes what may be the last of the answer.
    fn last(&self, done: &mut Done, bytes: &[u8], write: impl FnOnce(&[u8])) {
        if bytes.is_empty() {
            return;
        }
        done.write_ns = now_ns();
        write(bytes);
        done.end_ns = now_ns();
        done.response_bytes += bytes.len() as u64;
    }
}
