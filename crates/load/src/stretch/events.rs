//! What a stretch does about what has happened to its sockets: opened, answered, closed.

use record::load::Failure;
use rustix::{event::epoll::EventFlags, io::Errno};

use super::{BUFFER_BYTES, Stretch};
use crate::{
    connection::{Connection, Planned, Request, State},
    response::{Answer, Progress},
};

impl Stretch<'_> {
    /// Handles one of the events of the last wait.
    pub(super) fn handle(&mut self, at: usize) {
        let (key, changes) = self.pool.poller.event(at);
        let index = Connection::index_of(key);
        let connection = &self.pool.connections[index];
        if !connection.has_key(key) {
            return;
        }
        match connection.state {
            State::Broken => {}
            State::Opening { request, .. } => self.opened(index, request),
            State::Idle => self.read(index, changes),
            State::Busy(request) => {
                if request.written_bytes < self.plan.request.len() {
                    self.write(index, request);
                }
                self.read(index, changes);
            }
        }
    }

    fn opened(&mut self, index: usize, request: Option<Planned>) {
        if self.pool.connections[index].opened().is_err() {
            self.pool.set_broken(index);
            return self.count_unopened(request);
        }
        self.pool.set(index, State::Idle);
        if let Some(planned) = request {
            self.send(index, planned);
        }
    }

    /// Reads all that has come. A read that does not fill the buffer was the last, unless the end comes after it.
    fn read(&mut self, index: usize, changes: EventFlags) {
        let may_end = changes.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        loop {
            let bytes = match self.pool.connections[index].read(&mut self.buffer) {
                Ok(0) => return self.closed(index),
                Ok(bytes) => bytes,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return,
                Err(_) => return self.unread(index, Failure::Read),
            };
            self.read_clock();
            let kept = self.take(index, bytes);
            if !kept || (bytes < BUFFER_BYTES && !may_end) {
                return;
            }
        }
    }

    /// Takes the bytes at the start of the buffer. Whether the connection is kept.
    fn take(&mut self, index: usize, bytes: usize) -> bool {
        self.tally.received(bytes);
        let connection = &mut self.pool.connections[index];
        let State::Busy(request) = &mut connection.state else {
            // Nothing was asked.
            self.open(index, None);
            return false;
        };
        request.first_byte_ns.get_or_insert(self.now_ns);
        let request = *request;
        match connection.response.feed(&self.buffer[..bytes]) {
            Ok(Progress::More) => true,
            Ok(Progress::Done(answer)) => {
                self.answered(index, &request, answer);
                answer.reusable
            }
            Err(_) => {
                self.fail(index, Failure::Malformed);
                false
            }
        }
    }

    fn answered(&mut self, index: usize, request: &Request, answer: Answer) {
        self.tally.answered(request, answer.status, self.now_ns);
        // An answer before the whole question was sent leaves the connection in disorder.
        if answer.reusable && request.written_bytes == self.plan.request.len() {
            self.pool.set(index, State::Idle);
        } else {
            self.open(index, None);
        }
    }

    /// The server has closed the connection.
    fn closed(&mut self, index: usize) {
        let connection = &self.pool.connections[index];
        match (connection.state, connection.response.close()) {
            (State::Busy(request), Some(answer)) => self.answered(index, &request, answer),
            _ => self.unread(index, Failure::Closed),
        }
    }

    /// The connection cannot be read any more.
    fn unread(&mut self, index: usize, failure: Failure) {
        match self.pool.connections[index].state {
            State::Busy(_) => self.fail(index, failure),
            _ => self.open(index, None),
        }
    }
}
