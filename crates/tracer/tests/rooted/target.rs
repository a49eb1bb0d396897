//! The service that is watched.

use std::net::SocketAddr;

use record::target::TargetReply;

use crate::{
    client::Client,
    group::Group,
    process::{Process, built},
};

/// A running target.
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Target {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> Self {
        Self::running(Process::start("target", &[]))
    }

    /// Starts it within a group.
    pub(crate) fn start_in(group: &Group) -> Self {
        Self::running(Process::spawn(&mut group.command(&built("target"))))
    }

    fn running(process: Process) -> Self {
        let TargetReply::Ready { address, .. } = serde_json::from_str(&process.line()).unwrap() else {
            panic!("the target is not ready")
        };
        Self { process, address }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }
}
