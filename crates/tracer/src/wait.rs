//! Waits for what comes first: an event's wake-up, the time to look, or something to read.

use std::{
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    time::Instant,
};

use anyhow::{Context, Result};
use record::wakeup::Wakeup;
use rustix::{
    event::{Timespec, epoll},
    io::Errno,
};

use crate::pace::Pace;

/// Marks of the descriptors that are waited for.
const EVENTS: u64 = 0;
const OTHER: u64 = 1;

/// What waiting has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Woken {
    /// The ring buffer is to be drained.
    pub drain: bool,
    /// There is something to read.
    pub other: bool,
}

/// The one place where the agent sleeps.
#[derive(Debug)]
pub struct Wait {
    epoll: OwnedFd,
    pace: Pace,
    always_ready: bool,
}

impl Wait {
    /// Waits for `events`, a ring buffer, by the policy `wakeup`.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn new(wakeup: Wakeup, events: impl AsFd) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).context("epoll_create")?;
        if !matches!(wakeup, Wakeup::Timer { .. }) {
            // By edge: only a wake-up that the programs ask for counts. By level each wait would look whether any byte
            // is there, whatever the policy.
            let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(&epoll, events, epoll::EventData::new_u64(EVENTS), flags).context("epoll_ctl")?;
        }
        Ok(Self { epoll, pace: Pace::of(wakeup), always_ready: false })
    }

    /// Waits for something to read on `file` too.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn also_for(&mut self, file: impl AsFd) -> io::Result<()> {
        let mark = epoll::EventData::new_u64(OTHER);
        match epoll::add(&self.epoll, file, mark, epoll::EventFlags::IN) {
            // A regular file: there is never anything to wait for (epoll_ctl(2)).
            Err(Errno::PERM) => self.always_ready = true,
            added => added?,
        }
        Ok(())
    }

    /// From now on it looks by itself, if the policy has it so.
    pub fn start(&mut self) {
        self.pace.start(Instant::now());
    }

    /// It no longer looks by itself.
    pub fn stop(&mut self) {
        self.pace.stop();
    }

    /// Sleeps until there is something to do, or a signal comes.
    ///
    /// # Errors
    /// With the kernel's reason.
    pub fn wait(&mut self) -> Result<Woken> {
        let limit = if self.always_ready { Some(Default::default()) } else { self.pace.wait(Instant::now()) };
        let limit = limit.map(|limit| Timespec::try_from(limit).expect("limits are short"));
        let mut room = [MaybeUninit::uninit(); 4];
        let came = match epoll::wait(&self.epoll, &mut room, limit.as_ref()) {
            Ok((came, _)) => came,
            Err(Errno::INTR) => &mut [],
            Err(error) => return Err(error).context("epoll_wait"),
        };
        let has = |mark| came.iter().any(|event| event.data.u64() == mark);
        let (woken, other) = (has(EVENTS), has(OTHER) || self.always_ready);
        Ok(Woken { drain: self.pace.is_due(Instant::now()) || woken, other })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Write},
        thread::sleep,
        time::{Duration, Instant},
    };

    use record::wakeup::Wakeup;

    use super::{Wait, Woken};

    const DRAIN: Woken = Woken { drain: true, other: false };
    const OTHER: Woken = Woken { drain: false, other: true };

    // A pipe stands for the ring buffer: both are readable while something is in them.
    #[test]
    fn an_event_wakes_once_although_it_stays() {
        let (events, mut kernel) = io::pipe().unwrap();
        let (mut input, mut parent) = io::pipe().unwrap();
        for wakeup in [Wakeup::Adaptive, Wakeup::Bytes(1)] {
            let mut wait = Wait::new(wakeup, &events).unwrap();
            wait.also_for(&input).unwrap();
            kernel.write_all(b"e").unwrap();
            assert_eq!(wait.wait().unwrap(), DRAIN);
            parent.write_all(b"c").unwrap();
            assert_eq!(wait.wait().unwrap(), OTHER);
            assert_eq!(wait.wait().unwrap(), OTHER, "what is to be read stays until it is");
            input.read_exact(&mut [0]).unwrap();
        }
    }

    #[test]
    fn a_timer_does_not_listen_to_events() {
        let (events, mut kernel) = io::pipe().unwrap();
        let mut wait = Wait::new(Wakeup::Timer { ms: 20 }, &events).unwrap();
        let started = Instant::now();
        wait.start();
        kernel.write_all(b"e").unwrap();
        assert_eq!(wait.wait().unwrap(), DRAIN);
        assert!(started.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn the_rest_below_the_bytes_is_looked_for() {
        let (events, _kernel) = io::pipe().unwrap();
        let mut wait = Wait::new(Wakeup::Bytes(1 << 20), &events).unwrap();
        let started = Instant::now();
        wait.start();
        assert_eq!(wait.wait().unwrap(), DRAIN);
        assert!(started.elapsed() >= Duration::from_millis(100));
    }

    #[test]
    fn no_second_holds_more_looks_than_steps() {
        let (events, _kernel) = io::pipe().unwrap();
        let mut wait = Wait::new(Wakeup::Timer { ms: 5 }, &events).unwrap();
        let started = Instant::now();
        wait.start();
        let mut drains = 0;
        while started.elapsed() < Duration::from_millis(200) {
            drains += u128::from(wait.wait().unwrap().drain);
            sleep(Duration::from_millis(1));
        }
        let steps = started.elapsed().as_millis() / 5;
        assert!((1..=steps).contains(&drains), "{drains} looks in {steps} steps");
    }

    #[test]
    fn a_regular_file_is_always_ready() {
        let (events, _kernel) = io::pipe().unwrap();
        let mut wait = Wait::new(Wakeup::Adaptive, &events).unwrap();
        wait.also_for(tempfile::tempfile().unwrap()).unwrap();
        assert_eq!(wait.wait().unwrap(), OTHER);
    }
}
