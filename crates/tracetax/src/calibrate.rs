//! `calibrate`: the instrument proves itself. Costs that were planted are found again, equal arms are found equal, the
//! load generator is on time and no slower than `wrk`. Each part has a bar, and each bar is tried by running.
//!
//! The parts that count and show are pure; what starts processes is here, in `untraced` and in `wrk::process`.

mod bar;
mod lateness;
#[cfg(test)]
pub(crate) mod made_up;
mod nulls;
mod planted;
mod text;
mod untraced;
mod wrk;

use std::time::Duration;

use anyhow::{Context, Result};
use record::{
    agent::Probe,
    block::Block,
    calibration::{Calibration, Finding, Part, SCHEMA},
    plan::{Plan, ScenarioPlan},
};

use crate::{
    bench::{
        duration_from_environment, flag_from_environment, read_scenario, results_folder, seed_from_clock,
    },
    exit::Outcome,
    judge, keeper, measure,
    output::{Format, Output, print},
    plan::{self, Profile, Wanted},
    progress::Progress,
    revision,
    rig::Stage,
    session::Session,
};

const NULL: &str = "control-null";
const PLANTED: &str = "control-planted";

/// Arguments of `calibrate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Null verdicts to simulate from the blocks of a null run
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    nulls: u32,
    /// Null runs to measure; each is judged as it is
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Seconds of load for each rate and pacing of the lateness
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Rounds against wrk, each of one second a side
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(6..))]
    rounds: u32,
    /// Only this part; may be given more than once
    #[arg(long, value_enum)]
    only: Vec<Which>,
    /// Seeds coins, arrivals and re-pairing; drawn from the clock by default, and always recorded
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// The parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// Planted costs are recovered
    Planted,
    /// Equal arms are found equal
    Nulls,
    /// The load generator sends on time
    Lateness,
    /// The load generator is no slower than wrk
    Wrk,
}

impl Args {
    fn wants(&self, part: Which) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// Measures each part, and shows it against its bar.
///
/// # Errors
/// When the machine cannot measure, or something fails.
pub fn run(args: &Args) -> Result<Outcome> {
    let seed = args.seed.unwrap_or_else(seed_from_clock);
    let plan = controls(args, seed)?;
    if let Some(outcome) = keeper::keep()? {
        return Ok(outcome);
    }
    let host = measure::this_host(Probe::default())?;
    let session = Session::begin(&results_folder(), &plan, host, time_of(args, &plan))?;
    let mut book = Book::new(&session, seed, args.output);
    let ended = session.on_stage(|stage| measure(args, &plan, stage, &mut book))?;
    if ended.is_none() {
        return Ok(session.interrupted());
    }
    args.output.show(&book.calibration, |_| Ok(format!("\n{}\n", text::summary(&book.calibration))))?;
    Ok(Outcome::Judged(bar::word(&book.calibration)))
}

/// The plan of both controls. Each null run is a scenario of its own name, so that each has its own coins.
fn controls(args: &Args, seed: u64) -> Result<Plan> {
    let mut scenarios = Vec::new();
    for number in 1..=if args.wants(Which::Nulls) { args.runs } else { 0 } {
        let mut null = read_scenario(NULL)?;
        if number > 1 {
            null.name = format!("{NULL}-{number}");
        }
        scenarios.push(null);
    }
    if args.wants(Which::Planted) {
        scenarios.push(read_scenario(PLANTED)?);
    }
    let load_per_arm = duration_from_environment()?;
    // The controls have no tracer, so no strategy is tried.
    let revision = revision::own();
    let wanted =
        Wanted { profile: Profile::Quick, seed, load_per_arm, strategies: &[], revision: revision.as_ref() };
    Ok(plan::plan(&scenarios, &wanted))
}

fn time_of(args: &Args, plan: &Plan) -> Duration {
    let controls: Duration = plan.scenarios.iter().map(plan::time_of).sum();
    let lateness = args.wants(Which::Lateness).then(|| lateness::time_of(args.seconds));
    let wrk = args.wants(Which::Wrk).then(|| wrk::time_of(args.rounds));
    controls + lateness.unwrap_or_default() + wrk.unwrap_or_default()
}

fn measure(args: &Args, plan: &Plan, stage: &mut Stage<'_>, book: &mut Book<'_>) -> Result<()> {
    if !plan.scenarios.is_empty() {
        measure_controls(args, plan, stage, book)?;
    }
    let seed = book.calibration.seed;
    if args.wants(Which::Lateness) {
        tell!("lateness: {} rates", lateness::RATES.len());
        let rows = lateness::measure(stage, seed, args.seconds)?;
        book.enter(lateness::bar(&rows), Finding::Lateness(rows))?;
    }
    if args.wants(Which::Wrk) {
        tell!("wrk: {} rounds", args.rounds);
        let rounds = wrk::measure(stage, seed, args.rounds)?;
        book.enter(wrk::bar(&rounds), Finding::Wrk(rounds))?;
    }
    Ok(())
}

fn measure_controls(args: &Args, plan: &Plan, stage: &mut Stage<'_>, book: &mut Book<'_>) -> Result<()> {
    let mut progress = Progress::new(plan, flag_from_environment("VERBOSE"));
    let measured = book.session.run(plan, stage, &mut progress);
    progress.end();
    let blocks = measured?;
    book.session.folder().write_sealed("verdict.json", &judge::judge(plan, &blocks))?;
    if args.wants(Which::Nulls) {
        let found = nulls::found(&null_plans(plan), &blocks, args.nulls, book.calibration.seed);
        let found = found.context("the plan has no null run")?;
        book.enter(nulls::bar(&found), Finding::Nulls(found))?;
    }
    if let Some(scenario) = plan.scenarios.iter().find(|scenario| scenario.name == PLANTED) {
        enter_planted(scenario, &blocks, book)?;
    }
    Ok(())
}

fn enter_planted(scenario: &ScenarioPlan, blocks: &[Block], book: &mut Book<'_>) -> Result<()> {
    let verdict = nulls::judged_alone(scenario, blocks);
    let rows = planted::recovered(scenario, &verdict);
    book.enter(planted::bar(&rows, &verdict), Finding::Planted(rows))
}

fn null_plans(plan: &Plan) -> Vec<&ScenarioPlan> {
    plan.scenarios.iter().filter(|scenario| scenario.name != PLANTED).collect()
}

/// What was found so far: each part is shown and stored as soon as it is there.
struct Book<'a> {
    session: &'a Session,
    calibration: Calibration,
    output: Output,
}

impl<'a> Book<'a> {
    fn new(session: &'a Session, seed: u64, output: Output) -> Self {
        Self { session, calibration: Calibration { schema: SCHEMA.into(), seed, parts: Vec::new() }, output }
    }

    fn enter(&mut self, bar: record::calibration::Bar, finding: Finding) -> Result<()> {
        let part = Part { finding, bar };
        if self.output.format == Format::Text {
            print(&format!("\n{}\n", text::part(&part)))?;
        }
        self.calibration.parts.push(part);
        self.session.folder().write_json("calibration.json", &self.calibration)
    }
}
