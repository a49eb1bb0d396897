//! Follows one connection as `follow.rs` of the kernel side does, call by call and step by step.

use std::collections::{BTreeMap, HashMap};

use tracer_common::{
    connection::{Connection, Outcome},
    event::{ANSWER_HALF, Event, REQUEST_HALF, WHOLE},
    http::{CHUNK, Chunk, may_begin_request},
};
use zerocopy::FromZeros as _;

/// As in the kernel side.
const MAX_STEPS: u32 = 4096;

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
    clock_ns: u64,
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

    /// Does one move, each in one buffer.
    pub(crate) fn step(&mut self, step: &Move) {
        match step {
            Move::In(bytes) => self.read(&[bytes]),
            Move::Out(bytes) => self.write(&[bytes]),
            Move::File(bytes) => self.send_file(*bytes),
            Move::Close => self.close(),
        }
    }

    /// One call that has read into `buffers`.
    pub(crate) fn read(&mut self, buffers: &[&[u8]]) {
        self.clock_ns += 1;
        let Some(first) = buffers.concat().first().copied() else {
            return;
        };
        if self.connection.is_none() && may_begin_request(first) {
            self.connection = Some(Connection::NEW);
        }
        let Some(mut connection) = self.connection else {
            return;
        };
        if connection.begin_read() {
            let mut cursor = Cursor::new(buffers);
            while let Some(here) = cursor.piece() {
                self.read_step(&mut connection, &mut cursor, here);
            }
            if !self.close_visit(&cursor) {
                connection.requests.give_up();
            }
        }
        self.connection = Some(connection);
    }

    fn read_step(&mut self, connection: &mut Connection, cursor: &mut Cursor<'_>, here: u64) {
        let skippable = connection.requests.skippable();
        if skippable != 0 {
            let skipped = skippable.min(here);
            connection.skip_read(skipped);
            return cursor.pass(skipped);
        }
        if cursor.refill() {
            return;
        }
        if connection.must_spill() {
            self.send(connection, REQUEST_HALF);
            connection.spilled();
        }
        let now_ns = if connection.requests.at_start() { self.clock_ns } else { 0 };
        let (to, outcome) = connection.read(&cursor.chunk, cursor.taken, now_ns);
        cursor.took(to, outcome);
    }

    /// One call that has written `buffers`.
    pub(crate) fn write(&mut self, buffers: &[&[u8]]) {
        self.clock_ns += 1;
        let Some(mut connection) = self.connection.filter(|connection| !connection.answers.is_lost()) else {
            return;
        };
        if connection.in_flight() == 0 {
            connection.answers.give_up();
            self.except("answer_without_request", 1);
        } else {
            let mut cursor = Cursor::new(buffers);
            while let Some(here) = cursor.piece() {
                self.write_step(&mut connection, &mut cursor, here);
            }
            if !self.close_visit(&cursor) {
                connection.answers.give_up();
            }
        }
        self.connection = Some(connection);
    }

    fn write_step(&mut self, connection: &mut Connection, cursor: &mut Cursor<'_>, here: u64) {
        let skippable = connection.answers.skippable();
        let outcome = if skippable != 0 {
            let skipped = skippable.min(here);
            let outcome = connection.skip_written(skipped);
            cursor.pass(skipped);
            outcome
        } else if cursor.refill() {
            return;
        } else {
            let (to, outcome) = connection.write(&cursor.chunk, cursor.taken);
            cursor.took(to, outcome);
            outcome
        };
        if outcome == Outcome::AnswerEnd {
            self.send_answer(connection);
        }
    }

    fn send_file(&mut self, bytes: u64) {
        let Some(mut connection) = self.connection else {
            return;
        };
        if connection.answers.skippable() < bytes {
            connection.answers.give_up();
            self.except("not_http", 1);
        } else if connection.skip_written(bytes) == Outcome::AnswerEnd {
            self.send_answer(&mut connection);
        }
        self.connection = Some(connection);
    }

    fn close(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if connection.answers.ends_with_connection() {
            connection.end_with_connection();
            self.send_answer(&mut connection);
        }
        self.except("closed_before_answer", connection.in_flight());
    }

    fn close_visit(&mut self, cursor: &Cursor<'_>) -> bool {
        if cursor.lost {
            self.except("not_http", 1);
        } else if cursor.left != 0 {
            self.except("scan_limit", 1);
        }
        cursor.left == 0
    }

    fn send_answer(&mut self, connection: &mut Connection) {
        let kind = connection.answered();
        self.send(connection, kind);
    }

    fn send(&mut self, connection: &Connection, kind: u8) {
        let mut event = Event::new_zeroed();
        connection.fill(&mut event, kind);
        event.end_ns = self.clock_ns;
        self.events.push(event);
    }

    fn except(&mut self, reason: &'static str, count: u32) {
        if count != 0 {
            *self.exceptions.entry(reason).or_default() += count;
        }
    }

    /// The events with their halves joined, as lines `METHOD PATH STATUS REQUEST_BYTES>RESPONSE_BYTES`, in the order
    /// of the answers. A path that was cut ends with `...`.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut waiting = HashMap::new();
        let mut records = Vec::new();
        for event in &self.events {
            match event.kind {
                WHOLE => records.push(record(event, event)),
                REQUEST_HALF => assert_eq!(waiting.insert(event.sequence, event), None, "a number twice"),
                ANSWER_HALF => {
                    let request =
                        waiting.remove(&event.sequence).expect("an answer half has its request half");
                    records.push(record(request, event));
                }
                kind => panic!("an event of kind {kind}"),
            }
        }
        records
    }
}

fn record(request: &Event, answer: &Event) -> String {
    assert!(request.start_ns > 0 && request.start_ns <= answer.end_ns, "{request:?}");
    let method = request.method.to_be_bytes();
    format!(
        "{} {}{} {} {}>{}",
        String::from_utf8_lossy(&method).trim_start_matches('\0'),
        String::from_utf8_lossy(&request.path[..usize::from(request.path_len)]),
        if request.path_truncated == 0 { "" } else { "..." },
        answer.status,
        request.request_bytes,
        answer.response_bytes,
    )
}

/// How far one call has got.
struct Cursor<'a> {
    buffers: &'a [&'a [u8]],
    /// Position in the first of `buffers`.
    at: usize,
    left: usize,
    steps: u32,
    chunk: Chunk,
    taken: usize,
    lost: bool,
}

impl<'a> Cursor<'a> {
    fn new(buffers: &'a [&'a [u8]]) -> Self {
        let left = buffers.iter().map(|buffer| buffer.len()).sum();
        Self { buffers, at: 0, left, steps: 0, chunk: Chunk::EMPTY, taken: 0, lost: false }
    }

    /// Bytes in one piece at this position; None at the end, after a loss, or when the steps are used up.
    fn piece(&mut self) -> Option<u64> {
        if self.left == 0 || self.lost || self.steps == MAX_STEPS {
            return None;
        }
        self.steps += 1;
        if self.at == self.buffers[0].len() {
            self.buffers = &self.buffers[1..];
            self.at = 0;
        }
        Some((self.buffers[0].len() - self.at) as u64)
    }

    /// Copies the next bytes into the chunk if it is used up.
    fn refill(&mut self) -> bool {
        let empty = self.taken >= self.chunk.len as usize;
        if empty {
            let rest = &self.buffers[0][self.at..];
            let len = rest.len().min(CHUNK);
            self.chunk.bytes[..len].copy_from_slice(&rest[..len]);
            self.chunk.len = len as u32;
            self.taken = 0;
        }
        empty
    }

    /// Goes on by bytes of a body, and past what was copied of them.
    fn pass(&mut self, bytes: u64) {
        self.advance(bytes as usize);
        self.taken = (self.taken + bytes as usize).min(self.chunk.len as usize);
    }

    /// Goes on to `to` in the chunk.
    fn took(&mut self, to: usize, outcome: Outcome) {
        self.advance(to - self.taken);
        self.taken = to;
        self.lost = outcome == Outcome::Lost;
    }

    fn advance(&mut self, bytes: usize) {
        self.at += bytes;
        self.left -= bytes;
    }
}
