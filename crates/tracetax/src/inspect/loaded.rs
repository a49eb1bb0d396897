//! What the kernel makes of the object. The lab does not talk to BPF: the tracer loads each strategy, and says.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};
use record::{
    agent::{AgentReply, StrategyProbe},
    inspect::{Loaded, LoadedStrategy},
};

use crate::{
    cgroup::Role,
    child::{Child, Launch},
    exit::Unfit,
    interrupt::Interrupt,
    probe,
    results::Folder,
};

/// For the tracer to load its programs: the verifier may take a second.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// For the tracer to end after the end of its input.
const FINISH_LIMIT: Duration = Duration::from_secs(5);

/// May this user load anything?
///
/// # Errors
/// When not.
pub fn check_rights() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Unfit(
        "loading needs root, for BPF: `cargo xtask` starts the lab by sudo; or without `--loaded`".into(),
    )
    .into())
}

/// Loads every strategy that this kernel takes, one after the other, on this very process. Nothing is attached.
///
/// # Errors
/// When the tracer cannot be started, or fails to load what it could a moment ago.
pub fn load(object: &Path, folder: &Folder) -> Result<Loaded> {
    let interrupt = Interrupt::catch()?;
    let tracer = probe::tracer()?;
    let (available, unavailable): (Vec<_>, Vec<_>) =
        probe::ask_about(object)?.strategies.into_iter().partition(|probe| probe.available);
    let load_one = |probe: StrategyProbe| load_one(&tracer, object, probe.strategy, folder, &interrupt);
    Ok(Loaded { strategies: available.into_iter().map(load_one).collect::<Result<_>>()?, unavailable })
}

fn load_one(
    tracer: &Path,
    object: &Path,
    strategy: String,
    folder: &Folder,
    interrupt: &Interrupt,
) -> Result<LoadedStrategy> {
    let pid = std::process::id().to_string();
    let mut args =
        ["--control", "--output", "null", "--pid", &pid, "--strategy", &strategy].map(Into::into).to_vec();
    args.extend(["--object".into(), object.into()]);
    let log = folder.log(Role::Agent.name());
    let launch = Launch {
        role: Role::Agent,
        program: tracer,
        args,
        cpus: &[],
        log: &log,
        interrupt: interrupt.flag(),
    };
    let mut agent: Child<AgentReply> = launch.start()?;
    let ready = agent.receive(LOAD_LIMIT).with_context(|| format!("cannot load `{strategy}`"))?;
    agent.finish(FINISH_LIMIT)?;
    match ready {
        AgentReply::Ready { programs, maps, .. } => Ok(LoadedStrategy { strategy, programs, maps }),
        other => bail!("the tracer began with {other:?}"),
    }
}
