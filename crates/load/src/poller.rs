//! Waiting for sockets: epoll with timeouts in nanoseconds, and how much later than asked its sleeps end.

use rustix::{
    buffer::spare_capacity,
    event::{
        Timespec,
        epoll::{self, CreateFlags, Event, EventData, EventFlags},
    },
    fd::{AsFd, OwnedFd},
    io::{self, Errno},
};

use crate::time::{Ns, now_ns};

/// More than enough to take all that is ready with one call.
const EVENTS: usize = 1024;

/// An epoll instance and the events of its last wait.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<Event>,
}

impl Poller {
    /// A poller that watches nothing yet.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)?, events: Vec::with_capacity(EVENTS) })
    }

    /// Watches `socket` until it is closed, and names it `key`.
    ///
    /// Edge-triggered: an event comes when something changes, so that what is ready must be used up. Watching for
    /// room to write costs nothing then, since no edge comes unless a write found no room.
    pub(crate) fn watch(&self, socket: impl AsFd, key: u64) -> io::Result<()> {
        let changes = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(&self.epoll, socket, EventData::new_u64(key), changes)
    }

    /// Waits for events, at most this long. 0 only looks.
    pub(crate) fn wait(&mut self, at_most_ns: Ns) -> io::Result<()> {
        self.events.clear();
        let timeout = timespec(at_most_ns);
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            // A signal ends a wait early; the caller comes back when it wants more.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How many events the last wait brought.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// One of them: its key and what has changed.
    pub(crate) fn event(&self, at: usize) -> (u64, EventFlags) {
        let event = self.events[at];
        (event.data.u64(), event.flags)
    }
}

fn timespec(ns: Ns) -> Timespec {
    let ns = i64::try_from(ns).unwrap_or(i64::MAX);
    Timespec { tv_sec: ns / 1_000_000_000, tv_nsec: (ns % 1_000_000_000) as _ }
}

/// How long to ask for, to sleep this long: the kernel lets a poll end up to 0.1 % later than asked, whatever the
/// timer slack (`__estimate_accuracy` in the kernel's fs/select.c).
pub(crate) fn asked_ns(sleep_ns: Ns) -> Ns {
    sleep_ns - sleep_ns / 1_000
}

/// How long before a planned moment a sleep should end, so that it has ended in time nearly always.
///
/// It is three and a half times the median of how much later than asked sleeps of 2 ms end, in steps of 100 us. The
/// 99th percentile of the same sleeps is about 1.5 medians on a quiet machine, but on a busy one it jumps from process
/// to process, and so would the guard; its length changes how warm the machine is when a request comes, and with it
/// what the target costs. The median and the steps keep it the same wherever the machine is as quiet as before. Below
/// the limits too many sleeps end late (at 100 us one in a hundred does, by 20 us, on a 2-core guest), above them too much CPU is burned.
///
/// # Errors
/// When epoll fails.
pub fn measure_guard_ns() -> io::Result<Ns> {
    const SLEEPS: usize = 101;
    const SLEEP_NS: Ns = 2_000_000;
    let mut poller = Poller::new()?;
    let mut late_ns = [0; SLEEPS];
    for late_ns in &mut late_ns {
        let start_ns = now_ns();
        poller.wait(asked_ns(SLEEP_NS))?;
        *late_ns = (now_ns() - start_ns).saturating_sub(SLEEP_NS);
    }
    late_ns.sort_unstable();
    Ok(guard_ns(late_ns[SLEEPS / 2]))
}

/// The guard for sleeps that end this much late, in the median.
fn guard_ns(median_late_ns: Ns) -> Ns {
    const STEP_NS: Ns = 100_000;
    (median_late_ns * 7 / 2).next_multiple_of(STEP_NS).clamp(2 * STEP_NS, 300_000)
}

#[cfg(test)]
mod tests {
    use super::{Ns, asked_ns, guard_ns, timespec};

    #[test]
    fn the_guard_has_steps_and_limits() {
        assert_eq!(
            [0, 28_000, 30_000, 57_000, 60_000, Ns::MAX / 8].map(guard_ns),
            [200_000, 200_000, 200_000, 200_000, 300_000, 300_000]
        );
    }

    #[test]
    fn a_sleep_is_asked_for_a_little_shorter() {
        assert_eq!([0, 999, 1_000, 20_000_000].map(asked_ns), [0, 999, 999, 19_980_000]);
    }

    #[test]
    fn nanoseconds_become_seconds_and_the_rest() {
        let time = timespec(3_000_000_007);
        assert_eq!((time.tv_sec, time.tv_nsec), (3, 7));
    }
}
