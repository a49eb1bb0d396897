//! Follows one connection as the kernel side does, call by call.

use std::collections::{BTreeMap, HashMap};

use std::cell::{Cell, RefCell};

use tracer_common::{
    connection::{Connection, Written},
    counter::{Counter, EXCEPTIONS},
    event::{ANSWER_HALF, Event, EventHead, REQUEST_HALF, WHOLE},
    http::{
        begins_interim,
        chunk::{CHUNK, Chunk},
        may_begin_request,
    },
    visit::{self, Bytes, Cursor, MAX_STEPS, Outlet},
};
use zerocopy::{FromZeros as _, IntoBytes as _};

/// What a process does with a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Move {
    /// It reads these bytes, by one call into one buffer.
    In(Vec<u8>),
    /// It writes these bytes, by one call from one buffer.
    Out(Vec<u8>),
    /// It writes this many bytes straight from a file.
    File(u64),
    /// It closes.
    Close,
}

/// One connection, and what came of it.
#[derive(Default)]
pub(crate) struct Watch {
    connection: Option<Connection>,
    /// Where true, every call goes step by step.
    long_way: bool,
    /// Where true, connections are joined midway.
    midway: bool,
    outlet: Kept,
    /// What has left, in order.
    pub(crate) events: Vec<Event>,
    /// What could not be followed, by why.
    pub(crate) exceptions: BTreeMap<&'static str, u32>,
}

impl Watch {
    /// What is known of the connection.
    pub(crate) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Does all of `moves`.
    pub(crate) fn follow(moves: &[Move]) -> Self {
        let mut watch = Self::default();
        for step in moves {
            watch.step(step);
        }
        watch
    }

    /// Does one move, each in one buffer. Calls that move nothing are none of ours.
    pub(crate) fn step(&mut self, step: &Move) {
        match step {
            Move::File(0) => {}
            Move::In(bytes) => self.read(&[bytes]),
            Move::Out(bytes) => self.write(&[bytes]),
            Move::File(bytes) => self.send_file(*bytes),
            Move::Close => self.close(),
        }
    }

    /// The same, but never by the short way.
    pub(crate) fn follow_the_long_way(moves: &[Move]) -> Self {
        let mut watch = Self { long_way: true, ..Self::default() };
        for step in moves {
            watch.step(step);
        }
        watch
    }

    /// The same, of a connection that was open before anything was seen of it.
    pub(crate) fn join(moves: &[Move]) -> Self {
        let mut watch = Self { midway: true, ..Self::default() };
        for step in moves {
            watch.step(step);
        }
        watch
    }

    /// One call that has read into `buffers`.
    pub(crate) fn read(&mut self, buffers: &[&[u8]]) {
        let Some(first) = buffers.concat().first().copied() else {
            return;
        };
        if self.connection.is_none() && may_begin_request(first) {
            self.connection = Some(Connection::NEW);
            if self.midway {
                self.connection.as_mut().unwrap().join_midway();
            }
        }
        let Some(mut connection) = self.connection else {
            return;
        };
        self.outlet.tick();
        if connection.begin_read() {
            let (mut cursor, mut chunk) = (Cursor::new(Buffers::new(buffers)), Chunk::EMPTY);
            if !self.long_way {
                cursor.begin_read(&mut connection, &mut chunk, &self.outlet);
            }
            for _ in 0..MAX_STEPS {
                if !cursor.goes_on() || !cursor.read_step(&mut connection, &mut chunk, &self.outlet) {
                    break;
                }
            }
            if !cursor.close(&self.outlet) {
                connection.give_up_requests();
            }
        }
        self.keep(Some(connection));
    }

    /// One call that has written `buffers`.
    pub(crate) fn write(&mut self, buffers: &[&[u8]]) {
        let Some(mut connection) = self.connection.filter(|_| !buffers.concat().is_empty()) else {
            return;
        };
        self.outlet.tick();
        let written = connection.begin_write();
        if written == Written::Unasked {
            if !buffers.concat().first_chunk().is_some_and(|bytes| begins_interim(*bytes)) {
                visit::answer_without_request(&mut connection, &self.outlet);
            }
        } else if written == Written::Answer {
            let (mut cursor, mut chunk) = (Cursor::new(Buffers::new(buffers)), Chunk::EMPTY);
            if !self.long_way {
                cursor.begin_written(&mut connection, &mut chunk, &self.outlet);
            }
            for _ in 0..MAX_STEPS {
                if !cursor.goes_on() || !cursor.write_step(&mut connection, &mut chunk, &self.outlet) {
                    break;
                }
            }
            if !cursor.close(&self.outlet) {
                connection.answers.give_up();
            }
        }
        self.keep(Some(connection));
    }

    fn send_file(&mut self, bytes: u64) {
        if let Some(mut connection) = self.connection {
            self.outlet.tick();
            visit::sent_file(&mut connection, bytes, &self.outlet);
            self.keep(Some(connection));
        }
    }

    fn close(&mut self) {
        if let Some(mut connection) = self.connection {
            self.outlet.tick();
            visit::closed(&mut connection, &self.outlet);
            self.keep(None);
        }
    }

    /// Keeps what a call has left behind.
    fn keep(&mut self, connection: Option<Connection>) {
        self.connection = connection;
        self.events.append(&mut self.outlet.events.borrow_mut());
        for (counter, count) in self.outlet.counts.take() {
            let named = EXCEPTIONS.iter().find(|(exception, _)| *exception as u32 == counter);
            if let Some((_, reason)) = named.filter(|_| count != 0) {
                *self.exceptions.entry(reason).or_default() += count as u32;
            }
        }
    }

    /// What the events say, without the bytes of them that mean nothing.
    pub(crate) fn said(&self) -> Vec<(EventHead, Option<&[u8]>)> {
        self.events.iter().map(|event| (event.head, event.path())).collect()
    }

    /// The events with their halves joined, as lines `METHOD PATH STATUS REQUEST_BYTES>RESPONSE_BYTES`, in the order
    /// of the answers. A path that was cut ends with `...`.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut waiting = HashMap::new();
        let mut records = Vec::new();
        for event in &self.events {
            match event.head.kind {
                WHOLE => records.push(record(event, event)),
                REQUEST_HALF => {
                    assert_eq!(waiting.insert(event.head.sequence, event), None, "a number twice");
                }
                ANSWER_HALF => {
                    let request =
                        waiting.remove(&event.head.sequence).expect("an answer half has its request half");
                    records.push(record(request, event));
                }
                kind => panic!("an event of kind {kind}"),
            }
        }
        records
    }
}

fn record(request: &Event, answer: &Event) -> String {
    assert!(request.head.start_ns > 0 && request.head.start_ns <= answer.head.end_ns, "{request:?}");
    let method = request.head.method.to_be_bytes();
    format!(
        "{} {}{} {} {}>{}",
        String::from_utf8_lossy(&method).trim_start_matches('\0'),
        String::from_utf8_lossy(request.path().expect("a path")),
        if request.head.path_truncated == 0 { "" } else { "..." },
        answer.head.status,
        request.head.request_bytes,
        answer.head.response_bytes,
    )
}

/// Keeps what a call sends and counts.
#[derive(Default)]
struct Kept {
    clock_ns: Cell<u64>,
    events: RefCell<Vec<Event>>,
    counts: RefCell<BTreeMap<u32, u64>>,
}

impl Kept {
    fn tick(&self) {
        self.clock_ns.set(self.clock_ns.get() + 1);
    }
}

impl Outlet for Kept {
    fn now_ns(&self) -> u64 {
        self.clock_ns.get()
    }

    fn send(&self, connection: &Connection, kind: u8) {
        let mut event = Event::new_zeroed();
        connection.fill(&mut event.head, kind);
        event.head.end_ns = self.now_ns();
        event.path.copy_from_slice(connection.line.path.as_bytes());
        self.events.borrow_mut().push(event);
    }

    fn add(&self, counter: Counter, amount: u64) {
        *self.counts.borrow_mut().entry(counter as u32).or_default() += amount;
    }
}

/// The buffers of one call.
struct Buffers<'a> {
    buffers: &'a [&'a [u8]],
    /// Position in the first of `buffers`.
    at: usize,
    left: usize,
}

impl<'a> Buffers<'a> {
    fn new(buffers: &'a [&'a [u8]]) -> Self {
        Self { buffers, at: 0, left: buffers.iter().map(|buffer| buffer.len()).sum() }
    }
}

impl Bytes for Buffers<'_> {
    fn left(&self) -> u64 {
        self.left as u64
    }

    fn piece(&mut self) -> Option<u64> {
        if self.at == self.buffers[0].len() {
            self.buffers = &self.buffers[1..];
            self.at = 0;
        }
        Some((self.buffers[0].len() - self.at) as u64)
    }

    fn advance(&mut self, bytes: u64) {
        self.at += bytes as usize;
        self.left -= bytes as usize;
    }

    fn finish(&mut self) {
        self.left = 0;
    }

    fn peek(&self, chunk: &mut Chunk) -> Option<()> {
        let rest = &self.buffers[0][self.at..];
        let len = rest.len().min(CHUNK);
        chunk.bytes_mut()[..len].copy_from_slice(&rest[..len]);
        chunk.len = len as u32;
        Some(())
    }
}
