//! The keeper: the process that the user starts becomes the parent that does no work, and has a lab of its own measure.
//!
//! It holds what must not outlive a run: the lock, the groups, the processes. While the lab measures it sleeps in the
//! kernel, and no timer runs. However the lab ends, the keeper kills what is left in the run's groups and removes them.
//! Where the keeper itself is killed, the kernel kills the lab with it; what stays behind then, the next start sweeps.

mod lab;
mod lock;
mod signals;

use anyhow::Result;
use rustix::process::{WaitOptions, getpid, set_child_subreaper, wait};

use crate::{
    cgroup::{Groups, Layout, RunGroups, RunId, sweep},
    exit::Outcome,
    session::require_root,
};

use lab::Lab;
use lock::Lock;
use signals::Signals;

/// To be called where a command begins to measure. In the lab that is `None`, and it goes on. In the process that the
/// user started, this keeps a lab, which is started with the same arguments and comes to the same place; then it gives
/// how that ended, and nothing is left to do.
///
/// # Errors
/// When this user or machine cannot measure, another run measures, the lab was killed, or something was left behind.
pub fn keep() -> Result<Option<Outcome>> {
    require_root()?;
    let layout = Layout::detect()?;
    if let Some((run, _)) = Groups::of_lab(&layout)?
        && lab::is_kept_by(run)?
    {
        return Ok(None);
    }
    // Caught from here on, so that no signal finds groups that nobody would remove.
    let mut signals = Signals::catch()?;
    let _lock = Lock::take(layout.root())?;
    // What the lab's children leave behind is this process's to collect, whoever had started it (prctl(2)).
    set_child_subreaper(Some(getpid()))?;
    let swept = sweep(&layout);
    for line in swept.removed.iter().chain(&swept.kept) {
        tell!("{line}");
    }
    let groups = RunGroups::create(&layout, RunId::own()?)?;
    let ended = Lab::start(groups.roles()).and_then(|mut lab| lab.wait(&mut signals));
    let emptied = groups.end();
    collect();
    whole(ended?.told()?, emptied).map(Some)
}

/// What was measured stays measured where something could not be removed; but then all is not well.
fn whole(outcome: Outcome, emptied: Result<()>) -> Result<Outcome> {
    match (outcome, emptied) {
        (Outcome::Kept { code: 0 }, Err(error)) => Err(error),
        (outcome, Err(error)) => {
            tell!("something is left behind: {error:#}");
            Ok(outcome)
        }
        (outcome, Ok(())) => Ok(outcome),
    }
}

/// Collects the children that have ended, its own and those it was left.
fn collect() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
