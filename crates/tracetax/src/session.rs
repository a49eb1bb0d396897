//! One run of the lab on this machine: its folder, its control groups, its signals. Whoever measures does it in a session.

use std::{
    path::{Path, PathBuf},
    thread::available_parallelism,
    time::Duration,
};

use anyhow::{Context, Result};
use record::{block::Block, host::Host, plan::Plan};

use crate::{
    cgroup::{Groups, Layout, RunId, sweep},
    child::Interrupted,
    exit::{Outcome, Unfit},
    interrupt::Interrupt,
    plan::show_time,
    readings::MachineCpu,
    results::Folder,
    rig::{Cores, Stage},
    run::{self, Watcher},
};

/// A run that has begun.
#[derive(Debug)]
pub struct Session {
    folder: Folder,
    host: Host,
    layout: Layout,
    id: RunId,
    interrupt: Interrupt,
    base: Option<PathBuf>,
}

impl Session {
    /// Makes the folder of the run under `results`, with the plan and the machine `host` in it, and says how long it will take.
    ///
    /// # Errors
    /// When this user or machine cannot measure.
    pub fn begin(results: &Path, plan: &Plan, host: Host, time: Duration) -> Result<Self> {
        require_root()?;
        let interrupt = Interrupt::catch()?;
        let layout = Layout::detect()?;
        for line in sweep(&layout).removed {
            eprintln!("{line}");
        }
        let id = RunId::own()?;
        let folder = Folder::create(results, &folder_name(id))?;
        folder.write_json("plan.json", plan)?;
        folder.write_json("host.json", &host)?;
        eprintln!("measuring into {}, about {}", folder.path().display(), show_time(time));
        Ok(Self { folder, host, layout, id, interrupt, base: None })
    }

    /// The same with the tracer of another revision, which lies in the folder `base`.
    #[must_use]
    pub fn with_base(self, base: PathBuf) -> Self {
        Self { base: Some(base), ..self }
    }

    /// The folder of the run.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The machine of the run.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Makes the groups of the run, measures, and removes them. `None` where a signal ended it.
    ///
    /// # Errors
    /// Those of `measure`, and when the groups cannot be made or removed.
    pub fn on_stage<T>(&self, measure: impl FnOnce(&mut Stage<'_>) -> Result<T>) -> Result<Option<T>> {
        let mut stage = Stage {
            binaries: own_folder()?,
            base: self.base.clone(),
            groups: Groups::create(&self.layout, self.id)?,
            cores: Cores::spread(available_parallelism()?.get()),
            folder: &self.folder,
            interrupt: self.interrupt.flag(),
        };
        let outcome = measure(&mut stage);
        // The children are gone by now; what happened in the run matters more than how the groups went.
        let removed = stage.groups.remove();
        match outcome {
            Err(error) if error.is::<Interrupted>() => Ok(None),
            other => other.and_then(|measured| removed.map(|()| Some(measured))),
        }
    }

    /// Runs a plan, and gives the blocks of the run.
    ///
    /// # Errors
    /// Those of [`run::run`].
    pub fn run(&self, plan: &Plan, stage: &mut Stage<'_>, watcher: &mut dyn Watcher) -> Result<Vec<Block>> {
        let mut blocks = self.folder.append_blocks()?;
        run::run(plan, stage, &MachineCpu::open(&self.layout), &mut blocks, watcher)?;
        self.folder.blocks()
    }

    /// Says that a signal ended the run.
    #[must_use]
    pub fn interrupted(&self) -> Outcome {
        let signal = self.interrupt.signal().unwrap_or(2);
        let path = self.folder.path().display();
        eprintln!(
            "interrupted by signal {signal}: what was measured is kept; `cargo xtask report {path}` judges it so far"
        );
        Outcome::Interrupted { signal }
    }
}

/// Only root may load BPF programs and make control groups.
///
/// # Errors
/// When this user is not.
pub fn require_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Unfit(
        "measuring needs root, for BPF and control groups: `cargo xtask` starts the lab by sudo".into(),
    )
    .into())
}

/// The folder of this binary, which is that of the others too.
pub(crate) fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("where is this binary?")?;
    Ok(own.parent().map_or_else(|| ".".into(), Path::to_path_buf))
}

/// The name of a folder that is made now, by this process.
pub(crate) fn folder_name(id: RunId) -> String {
    format!("{}-{id}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}
