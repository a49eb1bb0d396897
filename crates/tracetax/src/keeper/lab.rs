//! The lab as its keeper sees it: started with the same arguments, waited for, and, where need be, killed.

use std::{
    env,
    os::{fd::OwnedFd, unix::process::CommandExt as _, unix::process::ExitStatusExt as _},
    process::{Child, Command, ExitStatus},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, getppid, pidfd_open, pidfd_send_signal, set_parent_process_death_signal,
    },
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::Signals;
use crate::{
    cgroup::{Groups, Role, RunId},
    exit::Outcome,
};

/// A signal that comes again sooner than this is the same wish, told twice: `timeout` signals a process and its group.
const AGAIN: Duration = Duration::from_millis(200);

/// Whether this process, which stands in the group of the lab of `run`, is that lab. It dies with its keeper from then on.
///
/// # Errors
/// When the keeper has ended.
pub(super) fn is_kept_by(run: RunId) -> Result<bool> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // Only after the above is it known that the keeper did not end before it.
    if getppid().is_some_and(|parent| parent.as_raw_pid() == run.pid()) {
        return Ok(true);
    }
    set_parent_process_death_signal(None)?;
    anyhow::ensure!(run.is_alive(), "the keeper of run {run} has ended, and with it the run");
    // Somebody has started a run from inside another.
    Ok(false)
}

/// A lab that was started.
#[derive(Debug)]
pub(super) struct Lab {
    process: Child,
    /// Becomes readable when the process ends (pidfd_open(2)).
    pidfd: OwnedFd,
}

/// How a lab ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// Without its keeper.
    ByItself(ExitStatus),
    /// It is to be killed, since it was asked a second time. The signal is that of the first.
    Impatient(i32),
}

impl Lab {
    /// Starts this binary once more, in the group of the lab, with the same arguments, environment, terminal and process
    /// group.
    pub(super) fn start(groups: &Groups) -> Result<Self> {
        let mut args = env::args_os();
        let mut lab = Command::new(env::current_exe().context("where is this binary?")?);
        lab.arg0(args.next().unwrap_or_default()).args(args);
        let process = groups.within(Role::Lab, || lab.spawn().context("cannot start the lab"))?;
        let pidfd = pidfd_open(Pid::from_child(&process), PidfdFlags::empty())?;
        Ok(Self { process, pidfd })
    }

    /// Sleeps until it has ended, and hands on the first signal that comes. A Ctrl-C reaches the lab by itself as well,
    /// which does not mind.
    pub(super) fn wait(&mut self, signals: &mut Signals) -> Result<End> {
        let mut asked: Option<(i32, Instant)> = None;
        loop {
            if self.sleep(signals)? {
                return Ok(End::ByItself(self.process.wait()?));
            }
            for signal in signals.come() {
                match asked {
                    None => self.signal(signal)?,
                    Some((first, at)) if at.elapsed() >= AGAIN => return Ok(End::Impatient(first)),
                    Some(_) => {}
                }
                asked = asked.or(Some((signal, Instant::now())));
            }
        }
    }

    /// Until the lab has ended, which is true, or there is a signal.
    fn sleep(&self, signals: &Signals) -> Result<bool> {
        let mut waited = [PollFd::new(&self.pidfd, PollFlags::IN), PollFd::new(signals, PollFlags::IN)];
        match poll(&mut waited, None) {
            Err(Errno::INTR) => Ok(false),
            other => {
                other.context("cannot wait for the lab")?;
                Ok(!waited[0].revents().is_empty())
            }
        }
    }

    fn signal(&self, signal: i32) -> Result<()> {
        let Some(signal) = Signal::from_named_raw(signal) else { return Ok(()) };
        match pidfd_send_signal(&self.pidfd, signal) {
            Err(Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error).context("cannot signal the lab"),
        }
    }
}

impl End {
    /// What the user is to know of it. A lab that ended by itself has said all.
    ///
    /// # Errors
    /// When it has panicked, or something has killed it: that is no verdict.
    pub(super) fn told(self) -> Result<Outcome> {
        let status = match self {
            Self::Impatient(signal) => {
                tell!("killed at once, by the second signal; {KEPT}");
                return Ok(Outcome::Interrupted { signal });
            }
            Self::ByItself(status) => status,
        };
        match (status.code().map(u8::try_from), status.signal()) {
            (Some(Ok(PANICKED)), _) => bail!("the lab has panicked, in the words above; {KEPT}"),
            (Some(Ok(code)), _) => Ok(Outcome::Kept { code }),
            // Before it catches them.
            (_, Some(signal @ (SIGINT | SIGTERM | SIGHUP))) => {
                tell!("interrupted by signal {signal}, before anything was measured");
                Ok(Outcome::Interrupted { signal })
            }
            _ => bail!("the lab was killed ({status}); {KEPT}"),
        }
    }
}

/// The exit code of a Rust program that panics; none of ours.
const PANICKED: u8 = 101;

const KEPT: &str =
    "blocks that were finished are kept in the run's folder: `cargo xtask report FOLDER` judges them so far";
