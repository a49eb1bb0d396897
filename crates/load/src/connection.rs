//! One connection: its socket, what it is doing, and the answer it is reading.

use std::net::SocketAddr;

use rustix::{
    fd::OwnedFd,
    io::{self, Errno},
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
        sockopt::{set_tcp_nodelay, socket_error},
    },
};

use crate::{poller::Poller, response::Response, time::Ns};

/// When a request is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planned {
    /// On the schedule of an open loop.
    At(Ns),
    /// When it is sent: closed loop.
    WhenSent,
}

/// A request that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) planned_ns: Ns,
    /// Just before the first attempt to write it.
    pub(crate) sent_ns: Ns,
    pub(crate) first_byte_ns: Option<Ns>,
    pub(crate) written_bytes: usize,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It could not be opened.
    Broken,
    /// It is being opened, and then sends a request if one waits for it.
    Opening { since_ns: Ns, request: Option<Planned> },
    /// It is open and free.
    Idle,
    /// It has a request under way.
    Busy(Request),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Option<OwnedFd>,
    /// How often it was opened: tells events of this socket from those of the one before.
    generation: u32,
    pub(crate) state: State,
    pub(crate) response: Response,
}

impl Connection {
    /// A connection that was never opened.
    pub(crate) fn new() -> Self {
        Self { socket: None, generation: 0, state: State::Broken, response: Response::new() }
    }

    /// Drops the socket and begins to open a new one, without waiting.
    pub(crate) fn open(&mut self, address: SocketAddr, index: usize, poller: &Poller) -> io::Result<()> {
        self.close();
        self.generation = self.generation.wrapping_add(1);
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        // Nagle's algorithm would hold small requests back and be measured as the server's latency.
        set_tcp_nodelay(&socket, true)?;
        match connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error),
        }
        poller.watch(&socket, self.key(index))?;
        self.socket = Some(socket);
        Ok(())
    }

    /// Closes the socket; the poller forgets it by that.
    pub(crate) fn close(&mut self) {
        self.socket = None;
    }

    /// What the poller calls this socket.
    fn key(&self, index: usize) -> u64 {
        (u64::from(self.generation) << 32) | index as u64
    }

    /// Which connection an event with this key is of.
    pub(crate) fn index_of(key: u64) -> usize {
        (key & u64::from(u32::MAX)) as usize
    }

    /// Whether an event with this key is of the socket that is open now.
    pub(crate) fn has_key(&self, key: u64) -> bool {
        key >> 32 == u64::from(self.generation)
    }

    /// Whether opening has succeeded, once the poller has said that it is over.
    pub(crate) fn opened(&self) -> io::Result<()> {
        socket_error(self.socket()?)?
    }

    /// Writes what the socket has room for.
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        send(self.socket()?, bytes, SendFlags::NOSIGNAL)
    }

    /// Reads what has come, as far as it fits. 0 is the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        recv(self.socket()?, buffer, RecvFlags::empty()).map(|(bytes, _)| bytes)
    }

    /// Makes every later write fail.
    #[cfg(test)]
    pub(crate) fn shut_down_writing(&self) {
        rustix::net::shutdown(self.socket().unwrap(), rustix::net::Shutdown::Write).unwrap();
    }

    fn socket(&self) -> io::Result<&OwnedFd> {
        self.socket.as_ref().ok_or(Errno::NOTCONN)
    }
}
