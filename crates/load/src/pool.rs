//! The connections: opened ahead of the load, kept alive, and sorted by what they are doing.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use rustix::io;

use crate::{
    connection::{Connection, Planned, Request, State},
    fifo::Fifo,
    poller::Poller,
    time::{Ns, now_ns},
};

/// A target that does not take a connection within this is not running.
const OPEN_WITHIN_NS: Ns = 5_000_000_000;
/// More would only measure the limits of the machine.
const MAX_CONNECTIONS: u32 = 10_000;

/// Kept connections to one address. Each is in exactly one of the queues, by its state.
pub struct Pool {
    address: SocketAddr,
    pub(crate) poller: Poller,
    pub(crate) connections: Vec<Connection>,
    /// Free, longest first.
    pub(crate) idle: Fifo,
    /// Opening or with a request under way, longest first: also the order of their deadlines.
    pub(crate) busy: Fifo,
    /// Could not be opened.
    pub(crate) broken: Fifo,
}

impl Pool {
    /// Opens this many connections and waits until all are open.
    ///
    /// # Errors
    /// When the address is not loopback, the number is out of range, or a connection cannot be opened.
    pub fn open(address: SocketAddr, connections: u32) -> anyhow::Result<Self> {
        ensure!(
            address.ip().to_canonical().is_loopback(),
            "{address} is not a loopback address: load is for a target on this machine only"
        );
        ensure!(
            (1..=MAX_CONNECTIONS).contains(&connections),
            "{connections} connections: at least 1, at most {MAX_CONNECTIONS}"
        );
        let mut pool = Self::closed(address, connections as usize)?;
        for index in 0..connections as usize {
            pool.open_now(index).with_context(|| format!("cannot open connection {index} to {address}"))?;
        }
        Ok(pool)
    }

    /// Where the target listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn closed(address: SocketAddr, connections: usize) -> io::Result<Self> {
        let mut broken = Fifo::new(connections);
        (0..connections).for_each(|index| broken.push_back(index));
        Ok(Self {
            address,
            poller: Poller::new()?,
            connections: (0..connections).map(|_| Connection::new()).collect(),
            idle: Fifo::new(connections),
            busy: Fifo::new(connections),
            broken,
        })
    }

    /// Opens one connection and waits for it. One at a time, so that no backlog of the target overflows.
    fn open_now(&mut self, index: usize) -> io::Result<()> {
        let since_ns = now_ns();
        self.begin_open(index, since_ns, None)?;
        loop {
            self.poller.wait(OPEN_WITHIN_NS)?;
            let opening =
                (0..self.poller.len()).any(|at| Connection::index_of(self.poller.event(at).0) == index);
            if opening {
                self.connections[index].opened()?;
                self.set(index, State::Idle);
                return Ok(());
            }
            if now_ns() >= since_ns + OPEN_WITHIN_NS {
                return Err(io::Errno::TIMEDOUT);
            }
        }
    }

    /// Drops the connection's socket and begins to open a new one, for `request` if there is one.
    ///
    /// # Errors
    /// When the kernel refuses at once; the connection is broken then.
    pub(crate) fn begin_open(
        &mut self,
        index: usize,
        since_ns: Ns,
        request: Option<Planned>,
    ) -> io::Result<()> {
        let begun = self.connections[index].open(self.address, index, &self.poller);
        match begun {
            Ok(()) => self.set(index, State::Opening { since_ns, request }),
            Err(_) => self.set_broken(index),
        }
        begun
    }

    /// Closes the connection for good, or until someone opens it again.
    pub(crate) fn set_broken(&mut self, index: usize) {
        self.connections[index].close();
        self.set(index, State::Broken);
    }

    /// Changes the state of a connection, and puts it at the end of the queue of that state.
    pub(crate) fn set(&mut self, index: usize, state: State) {
        let before = self.connections[index].state;
        self.queue(before).remove(index);
        self.connections[index].state = state;
        self.queue(state).push_back(index);
    }

    fn queue(&mut self, state: State) -> &mut Fifo {
        match state {
            State::Broken => &mut self.broken,
            State::Idle => &mut self.idle,
            State::Opening { .. } | State::Busy(_) => &mut self.busy,
        }
    }

    /// Since when the first of the busy connections is busy.
    pub(crate) fn busy_since(&self) -> Option<(usize, Ns)> {
        let index = self.busy.front()?;
        match self.connections[index].state {
            State::Opening { since_ns, .. } | State::Busy(Request { sent_ns: since_ns, .. }) => {
                Some((index, since_ns))
            }
            State::Broken | State::Idle => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Pool;

    #[track_caller]
    fn check_refused(address: &str, connections: u32, reason: &str) {
        let error = format!("{:#}", Pool::open(address.parse().unwrap(), connections).err().unwrap());
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn only_loopback_is_loaded() {
        check_refused("192.0.2.1:80", 1, "not a loopback address");
        check_refused("0.0.0.0:80", 1, "not a loopback address");
        check_refused("[2001:db8::1]:80", 1, "not a loopback address");
        check_refused("[::ffff:192.0.2.1]:80", 1, "not a loopback address");
    }

    #[test]
    fn the_number_of_connections_has_limits() {
        check_refused("127.0.0.1:1", 0, "0 connections");
        check_refused("127.0.0.1:1", 10_001, "10001 connections");
    }

    #[test]
    fn a_target_that_does_not_listen_is_said_to_be_so() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        check_refused(&address.to_string(), 2, "cannot open connection 0");
    }
}
