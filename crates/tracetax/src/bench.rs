//! `bench`: scenarios -> plan -> run -> judge -> report, and the folder of the run.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use record::{block::Block, plan::Plan};

use crate::{
    cgroup::{Groups, Layout, RunId, sweep},
    child::Interrupted,
    exit::{Outcome, Unfit, Usage},
    expected, host,
    interrupt::Interrupt,
    judge::{self, short},
    plan::{self, Profile, show_time},
    readings::MachineCpu,
    report::{Look, render},
    results::{Blocks, Folder},
    rig::{Cores, Stage},
    run::{self, Watcher},
    scenario::{self, Scenario},
};

/// What `--all` measures, in this order: the null control first, since without it no other number counts.
const ALL: [&str; 6] = ["control-null", "light", "medium", "heavy", "stress", "saturation"];

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of scenarios, or paths of scenario files
    #[arg(required_unless_present = "all")]
    scenarios: Vec<String>,
    /// Measure control-null, light, medium, heavy, stress and saturation
    #[arg(long, conflicts_with = "scenarios")]
    all: bool,
    /// How much is measured
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    profile: Profile,
    /// Seeds order and arrivals; drawn from the clock by default, and always recorded
    #[arg(long)]
    seed: Option<u64>,
    /// Print the plan and its time, and measure nothing
    #[arg(long)]
    dry_run: bool,
    /// Tell each block as it is measured (also with VERBOSE=true)
    #[arg(short, long)]
    verbose: bool,
}

/// Measures, judges and reports.
///
/// # Errors
/// When a scenario is wrong, the machine cannot measure, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    let scenarios = read_scenarios(args)?;
    let plan = plan::plan(&scenarios, args.profile, seed(args), duration_from_environment()?);
    if args.dry_run {
        let expected = expected::from_last_runs(&results_folder(), &host::read()?.class_id, &plan);
        print!("{}", plan::show(&plan, &expected));
        return Ok(Outcome::Done);
    }
    if !rustix::process::geteuid().is_root() {
        return Err(Unfit("measuring needs root, for BPF and control groups: run it with sudo".into()).into());
    }
    measure(&plan, args.verbose || flag_from_environment("VERBOSE"))
}

fn read_scenarios(args: &Args) -> Result<Vec<Scenario>> {
    let names: Vec<String> = if args.all { ALL.map(String::from).to_vec() } else { args.scenarios.clone() };
    let (good, bad): (Vec<_>, Vec<_>) = names
        .iter()
        .map(|name| scenario_path(name).and_then(|path| Ok(scenario::read(&path)?)))
        .partition(Result::is_ok);
    let mut bad: Vec<anyhow::Error> = bad.into_iter().filter_map(Result::err).collect();
    let Some(last) = bad.pop() else {
        return Ok(good.into_iter().flatten().collect());
    };
    for error in bad {
        eprintln!("{error:#}\n");
    }
    Err(last)
}

fn scenario_path(name: &str) -> Result<PathBuf> {
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        return Ok(name.into());
    }
    let folder = root().join("scenarios");
    let path = folder.join(name).with_extension("toml");
    if path.is_file() {
        return Ok(path);
    }
    let known = known_scenarios(&folder);
    let nearest =
        known.iter().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let hint = nearest.map(|nearest| format!("; did you mean `{nearest}`?")).unwrap_or_default();
    Err(Usage(format!("there is no scenario `{name}`{hint} Known: {}", known.join(", "))).into())
}

fn known_scenarios(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// The root of the workspace, as the driver tells it; else here.
fn root() -> PathBuf {
    std::env::var_os("TRACETAX_ROOT").map_or_else(|| ".".into(), PathBuf::from)
}

/// Where the folders of runs are: `OUTPUT_DIR`, or `results` in the workspace.
#[must_use]
pub fn results_folder() -> PathBuf {
    std::env::var_os("OUTPUT_DIR").map_or_else(|| root().join("results"), PathBuf::from)
}

fn flag_from_environment(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == "true" || value == "1")
}

/// `BENCHMARK_DURATION`: load for each scenario, treatment and arm.
fn duration_from_environment() -> Result<Option<Duration>> {
    let Ok(text) = std::env::var("BENCHMARK_DURATION") else {
        return Ok(None);
    };
    let parsed =
        text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match parsed {
        Some(duration) if !duration.is_zero() => Ok(Some(duration)),
        _ => {
            Err(Usage(format!("BENCHMARK_DURATION={text} is no duration: write for example 60s or 2m"))
                .into())
        }
    }
}

fn seed(args: &Args) -> u64 {
    args.seed.unwrap_or_else(|| jiff::Timestamp::now().as_nanosecond() as u64)
}

fn measure(plan: &Plan, verbose: bool) -> Result<Outcome> {
    let interrupt = Interrupt::catch()?;
    let layout = Layout::detect()?;
    for line in sweep(&layout).removed {
        eprintln!("swept: {line}");
    }
    let id = RunId::own()?;
    let folder = Folder::create(&results_folder(), &folder_name(id))?;
    folder.write_json("plan.json", plan)?;
    let host = host::read()?;
    folder.write_json("host.json", &host)?;
    eprintln!(
        "measuring into {}, about {}",
        folder.path().display(),
        show_time(plan.scenarios.iter().map(plan::time_of).sum())
    );
    match run_plan(plan, &folder, &layout, id, &interrupt, verbose) {
        Err(error) if error.is::<Interrupted>() => return Ok(interrupted(&interrupt, &folder)),
        other => other?,
    }
    let verdict = judge::judge(plan, &folder.blocks()?);
    folder.write_json("verdict.json", &verdict)?;
    folder.write("summary.md", &render(&verdict, plan, &host, Look::Markdown))?;
    println!("{}", render(&verdict, plan, &host, Look::Terminal));
    Ok(Outcome::Judged(verdict.word))
}

fn run_plan(
    plan: &Plan,
    folder: &Folder,
    layout: &Layout,
    id: RunId,
    interrupt: &Interrupt,
    verbose: bool,
) -> Result<()> {
    let mut stage = Stage {
        binaries: own_folder()?,
        groups: Groups::create(layout, id)?,
        cores: Cores::spread(std::thread::available_parallelism()?.get()),
        folder,
        interrupt: interrupt.flag(),
    };
    let mut blocks: Blocks = folder.append_blocks()?;
    let mut progress = Progress::new(plan, verbose);
    let outcome = run::run(plan, &mut stage, &MachineCpu::open(layout), &mut blocks, &mut progress);
    progress.end();
    // The children are gone by now; what happened in the run matters more than how the groups went.
    outcome.and(stage.groups.remove())
}

fn interrupted(interrupt: &Interrupt, folder: &Folder) -> Outcome {
    let signal = interrupt.signal().unwrap_or(2);
    let path = folder.path().display();
    eprintln!(
        "interrupted by signal {signal}: what was measured is kept; `cargo xtask report {path}` judges it so far"
    );
    Outcome::Interrupted { signal }
}

fn own_folder() -> Result<PathBuf> {
    let own = std::env::current_exe().context("where is this binary?")?;
    Ok(own.parent().map_or_else(|| ".".into(), Path::to_path_buf))
}

fn folder_name(id: RunId) -> String {
    format!("{}-{id}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ"))
}

/// Tells on standard error how far a run is, between blocks and never during one.
struct Progress {
    blocks: usize,
    done: usize,
    scenario: String,
    verbose: bool,
    redraw: bool,
}

impl Progress {
    fn new(plan: &Plan, verbose: bool) -> Self {
        let lives = plan.scenarios.iter().flat_map(|scenario| &scenario.lives);
        let blocks = lives.map(|life| 2 * life.pairs.len()).sum();
        let redraw = std::io::stderr().is_terminal() && !verbose;
        Self { blocks, done: 0, scenario: String::new(), verbose, redraw }
    }

    fn end(&self) {
        if self.redraw && self.done > 0 {
            eprintln!();
        }
    }
}

impl Watcher for Progress {
    fn block(&mut self, block: &Block) {
        self.done += 1;
        if self.verbose {
            eprintln!("{}", line(block));
        } else if self.redraw {
            eprint!("\r{}: block {} of {} ", block.scenario, self.done, self.blocks);
        } else if self.scenario != block.scenario {
            self.scenario.clone_from(&block.scenario);
            eprintln!("{}: from block {} of {}", block.scenario, self.done, self.blocks);
        }
    }
}

fn line(block: &Block) -> String {
    let us = |ns: u64| short(ns as f64 / 1e3 / block.load.completed.max(1) as f64);
    format!(
        "{} {} pair {} {:?}: {} requests, server {} us, agent {} us, generator {} us a request, switched in {} us{}",
        block.scenario,
        block.treatment,
        block.pair,
        block.arm,
        block.load.completed,
        us(block.cpu.target_ns),
        us(block.cpu.agent_ns),
        us(block.cpu.load_ns),
        block.toggle_ns / 1_000,
        block.discarded.map(|why| format!(", discarded: {why:?}")).unwrap_or_default()
    )
}
