//! One request and its answer on a connection that stays open, followed as the kernel side does: by `visit`.

use std::cell::{Cell, RefCell};

use tracer_common::{
    connection::Connection,
    counter::Counter,
    event::{Event, WHOLE},
    http::chunk::{CHUNK, Chunk},
    visit::{Bytes, Cursor, Outlet},
};
use zerocopy::{FromZeros, IntoBytes};

const REQUEST: &[u8] =
    b"GET /api/orders/4711?page=2 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: load/0.1\r\n\
    Accept: application/json\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n";
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1024\r\n\
    date: Tue, 24 Nov 2026 14:00:00 GMT\r\n\r\n";
const BODY_BYTES: usize = 1024;

/// A connection, and what has come of it.
pub struct Exchange {
    connection: Connection,
    answer: Vec<u8>,
    kept: Kept,
}

/// Keeps the last event, as the ring buffer would.
struct Kept {
    event: RefCell<Event>,
    sent: Cell<u64>,
}

/// The bytes of one call, in one buffer.
struct Buffer<'a>(&'a [u8]);

impl Exchange {
    pub fn new() -> Self {
        let answer = [HEAD, &[b'x'; BODY_BYTES]].concat();
        let kept = Kept { event: RefCell::new(Event::new_zeroed()), sent: Cell::new(0) };
        Self { connection: Connection::NEW, answer, kept }
    }

    /// Follows one request to the end of its answer.
    pub fn follow(&mut self) -> &Event {
        let Self { connection, answer, kept } = self;
        assert!(connection.begin_read());
        let (mut cursor, mut chunk) = (Cursor::new(Buffer(REQUEST)), Chunk::EMPTY);
        cursor.begin_read(connection, &mut chunk, kept);
        while cursor.goes_on() && cursor.read_step(connection, &mut chunk, kept) {}
        assert!(cursor.close(kept));
        let (mut cursor, mut chunk) = (Cursor::new(Buffer(answer)), Chunk::EMPTY);
        cursor.begin_written(connection, &mut chunk, kept);
        while cursor.goes_on() && cursor.write_step(connection, &mut chunk, kept) {}
        assert!(cursor.close(kept) && kept.sent.replace(0) == 1);
        kept.event.get_mut()
    }
}

impl Outlet for Kept {
    fn now_ns(&self) -> u64 {
        1
    }

    fn send(&self, connection: &Connection, kind: u8) {
        assert_eq!(kind, WHOLE);
        let mut event = self.event.borrow_mut();
        connection.fill(&mut event.head, kind);
        event.path.copy_from_slice(connection.line.path.as_bytes());
        self.sent.set(self.sent.get() + 1);
    }

    fn add(&self, _: Counter, _: u64) {}
}

impl Bytes for Buffer<'_> {
    fn left(&self) -> u64 {
        self.0.len() as u64
    }

    fn piece(&mut self) -> Option<u64> {
        Some(self.left())
    }

    fn advance(&mut self, bytes: u64) {
        self.0 = &self.0[bytes as usize..];
    }

    fn finish(&mut self) {
        self.0 = &[];
    }

    fn peek(&self, chunk: &mut Chunk) -> Option<()> {
        let len = self.0.len().min(CHUNK);
        chunk.bytes_mut()[..len].copy_from_slice(&self.0[..len]);
        chunk.len = len as u32;
        Some(())
    }
}
