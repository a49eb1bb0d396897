//! One stretch of load: the loop that sends what is due, reads what has come, and sleeps or spins between.
//!
//! Nothing is allocated in it, and it asks the kernel for no more than it needs: a write and a read a request, and
//! one wait for all sockets that are ready.

mod events;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use record::load::{Failure, LoadResult};
use rustix::io::{self, Errno};

use crate::{
    connection::{Planned, Request, State},
    plan::Plan,
    poller::asked_ns,
    pool::Pool,
    schedule::Schedule,
    tally::Tally,
    time::{Ns, now_ns},
};

/// Between two polls of a closed loop that find nothing.
const PAUSE_NS: Ns = 2_000;

/// The longest sleep, so that a stop is seen soon.
const NAP_NS: Ns = 50_000_000;
/// Answers are read in parts of this size.
const BUFFER_BYTES: usize = 64 * 1024;

/// How a stretch has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// No request is in flight any more.
    Complete,
    /// It was told to stop; what it counted so far is not a result.
    Stopped,
}

/// One stretch of load over the connections of a pool.
pub struct Stretch<'pool> {
    pool: &'pool mut Pool,
    plan: Plan,
    guard_ns: Ns,
    buffer: Vec<u8>,
    tally: Tally,
    /// The next planned moment from the start on, in open loop.
    next_ns: Option<Ns>,
    start_ns: Ns,
    /// The clock, when it was read last.
    now_ns: Ns,
}

impl<'pool> Stretch<'pool> {
    /// Makes all ready. `guard_ns` before each planned moment sleeping ends and spinning begins.
    pub fn new(pool: &'pool mut Pool, plan: Plan, guard_ns: Ns) -> Self {
        Self {
            pool,
            plan,
            guard_ns,
            buffer: vec![0; BUFFER_BYTES],
            tally: Tally::new(),
            next_ns: None,
            start_ns: 0,
            now_ns: 0,
        }
    }

    /// Runs it, until all that was planned has an outcome or `stop` is set.
    ///
    /// # Errors
    /// When epoll fails, which it has no reason to.
    pub fn run(&mut self, stop: &AtomicBool) -> io::Result<Ended> {
        self.begin()?;
        while !self.is_over() {
            if stop.load(Ordering::Relaxed) {
                return Ok(Ended::Stopped);
            }
            self.wait()?;
            self.expire();
            self.issue();
        }
        Ok(Ended::Complete)
    }

    /// What it came to, once it is complete.
    #[must_use]
    pub fn result(&self) -> LoadResult {
        self.tally.result(self.start_ns)
    }

    fn begin(&mut self) -> io::Result<()> {
        // Connections that the server has closed since the last stretch are opened again before they are used.
        self.read_clock();
        self.pool.poller.wait(0)?;
        (0..self.pool.poller.len()).for_each(|at| self.handle(at));
        // The first request is given as much time to be punctual as any other.
        self.start_ns = self.read_clock() + self.guard_ns;
        self.next_ns = self.plan.schedule.as_mut().and_then(Schedule::next);
        self.reopen_broken();
        self.issue();
        Ok(())
    }

    /// Gives every connection that was broken another chance. In closed loop it counts as a request, so that a dead
    /// target shows; in open loop the schedule sees to that.
    fn reopen_broken(&mut self) {
        let request = self.is_closed_loop().then_some(Planned::WhenSent);
        for index in 0..self.pool.connections.len() {
            if self.pool.connections[index].state == State::Broken && self.plan.duration_ns > 0 {
                self.tally.planned(u64::from(request.is_some()));
                self.open(index, request);
            }
        }
    }

    fn is_closed_loop(&self) -> bool {
        self.plan.schedule.is_none()
    }

    fn is_over(&self) -> bool {
        self.pool.busy.is_empty() && (!self.has_more() || self.free_connection().is_none())
    }

    /// Whether requests are still to be sent, now or later.
    fn has_more(&self) -> bool {
        if self.is_closed_loop() {
            self.now_ns < self.start_ns + self.plan.duration_ns
        } else {
            self.next_ns.is_some()
        }
    }

    /// The connection that the next request takes. In open loop that can be a broken one: opening it again is then
    /// part of the request. In closed loop a broken connection is out, else it would fail without pause.
    fn free_connection(&self) -> Option<usize> {
        self.pool.idle.front().or_else(|| self.pool.broken.front().filter(|_| !self.is_closed_loop()))
    }

    /// Sends all that is due, as long as there are connections for it. What finds none stays due, with its moment.
    fn issue(&mut self) {
        while let Some(planned) = self.due()
            && let Some(index) = self.free_connection()
        {
            self.take_next();
            match self.pool.connections[index].state {
                State::Idle => self.send(index, planned),
                _ => self.open(index, Some(planned)),
            }
        }
    }

    fn due(&self) -> Option<Planned> {
        if self.is_closed_loop() {
            self.has_more().then_some(Planned::WhenSent)
        } else {
            let planned_ns = self.start_ns + self.next_ns?;
            (planned_ns <= self.now_ns).then_some(Planned::At(planned_ns))
        }
    }

    fn take_next(&mut self) {
        self.tally.planned(1);
        if let Some(schedule) = &mut self.plan.schedule {
            self.next_ns = schedule.next();
        }
    }

    fn send(&mut self, index: usize, planned: Planned) {
        let sent_ns = self.read_clock();
        let planned_ns = match planned {
            Planned::At(planned_ns) => planned_ns,
            Planned::WhenSent => sent_ns,
        };
        self.pool.connections[index].response.reset();
        let request = Request { planned_ns, sent_ns, first_byte_ns: None, written_bytes: 0 };
        self.pool.set(index, State::Busy(request));
        self.write(index, request);
    }

    /// Writes what is left of `request`, as far as there is room.
    fn write(&mut self, index: usize, mut request: Request) {
        let connection = &mut self.pool.connections[index];
        match connection.write(&self.plan.request[request.written_bytes..]) {
            Ok(bytes) => {
                if request.written_bytes == 0 {
                    self.tally.sent(&request);
                }
                request.written_bytes += bytes;
                connection.state = State::Busy(request);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.fail(index, Failure::Write),
        }
    }

    /// The request of this connection has failed; the connection is opened again.
    fn fail(&mut self, index: usize, failure: Failure) {
        self.tally.failed(failure, 1);
        self.open(index, None);
    }

    fn open(&mut self, index: usize, request: Option<Planned>) {
        if self.pool.begin_open(index, self.now_ns, request).is_err() {
            self.count_unopened(request);
        }
    }

    fn count_unopened(&mut self, request: Option<Planned>) {
        self.tally.failed(Failure::Connect, u64::from(request.is_some()));
    }

    /// Sleeps until something comes or something is to be done; shortly before a planned moment it only looks.
    fn wait(&mut self) -> io::Result<()> {
        let before_ns = self.now_ns;
        let wake_ns = self.wake_ns();
        self.pool.poller.wait(asked_ns(wake_ns.saturating_sub(before_ns)))?;
        self.read_clock();
        if wake_ns <= before_ns && self.pool.poller.len() == 0 {
            self.pause();
            self.tally.spun(self.now_ns - before_ns);
        }
        for at in 0..self.pool.poller.len() {
            self.handle(at);
            // At once, and not after all others: the server is to have work while the rest is read.
            self.issue();
        }
        Ok(())
    }

    /// After a poll in closed loop that has found nothing: each poll takes the lock that the server's answers take as well,
    /// on another processor, so polling without a pause makes them dearer.
    fn pause(&mut self) {
        if self.is_closed_loop() {
            let until_ns = self.now_ns + PAUSE_NS;
            while self.read_clock() < until_ns {
                std::hint::spin_loop();
            }
        }
    }

    /// When to wake at the latest. In closed loop at once: a generator that sleeps between answers makes the server pay
    /// for waking it, the more often the slower the server is, and a cost that was planted in the server came out as up to
    /// 1.4 times itself. Polls that find nothing count as spinning.
    fn wake_ns(&self) -> Ns {
        if self.is_closed_loop() {
            return self.now_ns;
        }
        let planned_ns = self.next_ns.map(|next_ns| self.start_ns + next_ns);
        let send_ns = planned_ns.filter(|_| self.free_connection().is_some()).map(|ns| ns - self.guard_ns);
        let give_up_ns = planned_ns.map(|_| self.give_up_ns());
        let deadline_ns = self.pool.busy_since().map(|(_, since_ns)| since_ns + self.plan.timeout_ns);
        [send_ns, give_up_ns, deadline_ns].into_iter().flatten().fold(self.now_ns + NAP_NS, Ns::min)
    }

    /// When requests that still wait for a connection are given up.
    fn give_up_ns(&self) -> Ns {
        self.start_ns + self.plan.duration_ns + self.plan.timeout_ns
    }

    /// Gives up what has taken too long.
    fn expire(&mut self) {
        while let Some((index, since_ns)) = self.pool.busy_since()
            && since_ns + self.plan.timeout_ns <= self.now_ns
        {
            match self.pool.connections[index].state {
                State::Opening { request, .. } => {
                    self.pool.set_broken(index);
                    self.count_unopened(request);
                }
                _ => self.fail(index, Failure::Timeout),
            }
        }
        if self.give_up_ns() <= self.now_ns {
            self.give_up_waiting();
        }
    }

    fn give_up_waiting(&mut self) {
        while self.next_ns.is_some() {
            self.take_next();
            self.tally.failed(Failure::NeverSent, 1);
        }
    }

    fn read_clock(&mut self) -> Ns {
        self.now_ns = now_ns();
        self.now_ns
    }
}
