//! `bench`: scenarios -> plan -> run -> judge -> report, and the folder of the run.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use record::{agent::Probe, host::Host, plan::Plan};

use crate::{
    exit::{Outcome, Usage},
    expected, keeper,
    measure::{self, Measured},
    output::{Output, print},
    plan::{self, Profile, Wanted},
    report, revision,
    scenario::{self, Scenario},
    session,
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
    /// So long a load for each scenario, treatment and arm (60s, 8h), whatever the profile says; else BENCHMARK_DURATION
    #[arg(long, value_name = "TIME", value_parser = duration)]
    duration: Option<Duration>,
    /// Seeds order and arrivals; drawn from the clock by default, and always recorded
    #[arg(long)]
    seed: Option<u64>,
    /// Print the plan and its time, and measure nothing
    #[arg(long)]
    dry_run: bool,
    /// Tell each block as it is measured (also with VERBOSE=true)
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
}

/// Measures, judges and reports.
///
/// # Errors
/// When a scenario is wrong, the machine cannot measure, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    let scenarios = read_scenarios(args)?;
    let seed = args.seed.unwrap_or_else(seed_from_clock);
    let load_per_arm = args.duration.map_or_else(duration_from_environment, |given| Ok(Some(given)))?;
    if !args.dry_run
        && let Some(outcome) = keeper::keep()?
    {
        return Ok(outcome);
    }
    let tried = session::require_root().and_then(|()| measure::try_strategies(&scenarios));
    // A plan can be shown without them; it cannot be measured.
    let (probe, untried) = match tried {
        Err(error) if args.dry_run => (Probe::default(), Some(format!("{error:#}"))),
        tried => (tried?, None),
    };
    let revision = revision::own();
    let wanted = Wanted {
        profile: args.profile,
        seed,
        load_per_arm,
        strategies: &probe.strategies,
        revision: revision.as_ref(),
    };
    let plan = plan::plan(&scenarios, &wanted);
    let host = measure::this_host(probe.clone())?;
    if args.dry_run {
        let expected = expected::from_last_runs(&results_folder(), &host.class_id, &plan);
        print(&plan::show(&plan, &expected, untried.as_deref()))?;
        return Ok(Outcome::Done);
    }
    measure_and_show(args, &plan, host)
}

fn read_scenarios(args: &Args) -> Result<Vec<Scenario>> {
    let names: Vec<String> = if args.all { ALL.map(String::from).to_vec() } else { args.scenarios.clone() };
    read_each(&names)
}

/// Reads scenarios by their names, or by the paths of their files. Tells every one that is wrong.
pub(crate) fn read_each(names: &[String]) -> Result<Vec<Scenario>> {
    let (good, bad): (Vec<_>, Vec<_>) = names.iter().map(|name| read_scenario(name)).partition(Result::is_ok);
    let mut bad: Vec<anyhow::Error> = bad.into_iter().filter_map(Result::err).collect();
    let Some(last) = bad.pop() else {
        return Ok(good.into_iter().flatten().collect());
    };
    for error in bad {
        tell!("{error:#}\n");
    }
    Err(last)
}

/// Reads a scenario by its name, or by the path of its file.
pub(crate) fn read_scenario(name: &str) -> Result<Scenario> {
    Ok(scenario::read(&scenario_path(name)?)?)
}

/// The file of a scenario, by its name or by its own path.
///
/// # Errors
/// When the workspace holds no scenario of that name; the nearest is told.
pub(crate) fn scenario_path(name: &str) -> Result<PathBuf> {
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
    let hint = nearest.map_or_else(
        || format!("{} holds no scenario file: write one, or name the file of one", folder.display()),
        |nearest| format!("did you mean `{nearest}`? Known: {}", known.join(", ")),
    );
    Err(Usage(format!("there is no scenario `{name}`; {hint}")).into())
}

/// Names of the scenarios in a folder, sorted.
pub(crate) fn known_scenarios(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "toml"));
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// The root of the workspace, as the driver tells it; else here.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("TRACETAX_ROOT").map_or_else(|| ".".into(), PathBuf::from)
}

/// Where the folders of runs are: `OUTPUT_DIR`, or `results` in the workspace.
#[must_use]
pub fn results_folder() -> PathBuf {
    std::env::var_os("OUTPUT_DIR").map_or_else(|| root().join("results"), PathBuf::from)
}

pub(crate) fn flag_from_environment(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value == "true" || value == "1")
}

/// `BENCHMARK_DURATION`: load for each scenario, treatment and arm.
pub(crate) fn duration_from_environment() -> Result<Option<Duration>> {
    let Some(text) = std::env::var_os("BENCHMARK_DURATION") else {
        return Ok(None);
    };
    let text = text.to_string_lossy();
    let parsed = duration(&text).map_err(|wrong| Usage(format!("BENCHMARK_DURATION={text} {wrong}")))?;
    Ok(Some(parsed))
}

/// A plan lists all its blocks, so it has to end.
const LONGEST_LOAD: Duration = Duration::from_hours(7 * 24);

fn duration(text: &str) -> Result<Duration, &'static str> {
    let parsed =
        text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match parsed {
        Some(duration) if duration > LONGEST_LOAD => Err("is more than a week: write 168h or less"),
        Some(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("is no duration: write for example 60s, 2m or 8h"),
    }
}

/// A seed for those who gave none.
pub(crate) fn seed_from_clock() -> u64 {
    jiff::Timestamp::now().as_nanosecond() as u64
}

fn measure_and_show(args: &Args, plan: &Plan, host: Host) -> Result<Outcome> {
    let verbose = args.verbose || flag_from_environment("VERBOSE");
    match measure::session(plan, host, verbose)? {
        Measured::Interrupted(outcome) => Ok(outcome),
        Measured::Whole(whole) => {
            let (verdict, folder) = (&whole.verdict, whole.folder.lasting_path());
            args.output
                .show(verdict, |look| Ok(report::terminal(verdict, plan, &whole.host, &folder, look)))?;
            Ok(Outcome::Judged(whole.verdict.word))
        }
    }
}
