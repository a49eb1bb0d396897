//! One run of the lab on this machine: its folder, its place in the run's groups, its signals. Whoever measures does it in a
//! session, and is kept meanwhile.

use std::{
    path::{Path, PathBuf},
    thread::available_parallelism,
    time::Duration,
};

use anyhow::{Context, Result};
use record::{block::Block, host::Host, plan::Plan};

use crate::{
    cgroup::{Groups, Layout, RunId},
    child::Interrupted,
    exit::{Outcome, Unfit},
    interrupt::Interrupt,
    plan::show_time,
    readings::MachineCpu,
    results::Folder,
    rig::{Binaries, Cores, Stage},
    run::{self, Watcher},
    world::Real,
};

/// A run that has begun.
#[derive(Debug)]
pub struct Session {
    folder: Folder,
    host: Host,
    layout: Layout,
    interrupt: Interrupt,
    base: Option<PathBuf>,
}

impl Session {
    /// Makes the folder of the run under `results`, with the plan and the machine `host` in it, and says how long it will take.
    ///
    /// # Errors
    /// When this user or machine cannot measure.
    pub fn begin(results: &Path, plan: &Plan, host: Host, time: Duration) -> Result<Self> {
        let interrupt = Interrupt::catch()?;
        let layout = Layout::detect()?;
        let (id, _) = groups(&layout)?;
        let folder = Folder::create(results, &folder_name(id))?;
        folder.write_sealed("plan.json", plan)?;
        folder.write_sealed("host.json", &host)?;
        tell!("measuring into {}, about {}", folder.lasting_path().display(), show_time(time));
        Ok(Self { folder, host, layout, interrupt, base: None })
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

    /// Measures in the groups of the run. `None` where a signal ended it.
    ///
    /// # Errors
    /// Those of `measure`, and when the groups cannot be read.
    pub fn on_stage<T>(&self, measure: impl FnOnce(&mut Stage<'_>) -> Result<T>) -> Result<Option<T>> {
        let binaries = own_folder()?;
        let world = Real {
            groups: groups(&self.layout)?.1,
            machine: MachineCpu::open(&self.layout),
            binaries: Binaries::look(&binaries, self.base.as_deref()),
        };
        let mut stage = Stage {
            binaries,
            base: self.base.clone(),
            cores: Cores::spread(available_parallelism()?.get()),
            folder: &self.folder,
            interrupt: self.interrupt.flag(),
            world,
        };
        unless_interrupted(measure(&mut stage))
    }

    /// Runs a plan, and gives the blocks of the run.
    ///
    /// # Errors
    /// Those of [`run::run`].
    pub fn run(&self, plan: &Plan, stage: &mut Stage<'_>, watcher: &mut dyn Watcher) -> Result<Vec<Block>> {
        let mut blocks = self.folder.append_blocks()?;
        run::run(plan, stage, &mut blocks, watcher)?;
        self.folder.blocks()
    }

    /// Says that a signal ended the run.
    #[must_use]
    pub fn interrupted(&self) -> Outcome {
        let signal = self.interrupt.signal().unwrap_or(2);
        let path = self.folder.lasting_path();
        tell!(
            "interrupted by signal {signal}: what was measured is kept; `cargo xtask report {}` judges it so far",
            path.display()
        );
        Outcome::Interrupted { signal }
    }
}

/// `None` where a signal has ended it: that is no failure.
pub(crate) fn unless_interrupted<T>(measured: Result<T>) -> Result<Option<T>> {
    match measured {
        Err(error) if error.is::<Interrupted>() => Ok(None),
        other => other.map(Some),
    }
}

/// The run that this process is the lab of, and its groups.
fn groups(layout: &Layout) -> Result<(RunId, Groups)> {
    Groups::of_lab(layout)?.context("a session is measured by a lab, which has a keeper (`keeper::keep`)")
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

/// The name of a folder that is made now.
pub(crate) fn folder_name(id: RunId) -> String {
    format!("{}-{id}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}
