//! The run, thousands of times a second: the real loop over a world that is made up, with faults from a seed.
//!
//! Each seed gives a plan, a script of faults, and one run. Afterwards every promise is looked at: what was called stored can
//! be read back, in order; whatever was started has ended; the run has ended in time; its exit code fits what has befallen it,
//! and half a run never passes. `SEED=n` runs one seed alone, and tells all of it; `SIMULATED_RUNS=n` says how many are run.

mod actor;
mod plans;
mod promises;
mod script;
mod state;
mod watch;
mod world;

use std::{
    cell::RefCell,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    rc::Rc,
    sync::Arc,
    thread,
    time::Duration,
};

use rand::SeedableRng as _;
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{plan::Plan, verdict::Word};

use crate::{
    cgroup::Role,
    results::{Blocks, Folder},
    rig::{Cores, Stage},
    run,
};
use promises::Ended;
use script::{Due, Fault};
use state::{Fired, Lie, State};
use watch::Watch;
use world::Simulated;

/// Runs where nothing else is said: a few seconds in a build without optimization.
const RUNS: u64 = 1_000;

/// What came of one seed.
struct Simulation {
    plan: Plan,
    script: Vec<Due>,
    fired: Vec<Fired>,
    broken: Vec<String>,
    ended: Ended,
    steps: u64,
    time: Duration,
    blocks: usize,
}

impl Simulation {
    /// The run of a seed.
    fn of_seed(seed: u64, lie: Option<Lie>) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let plan = plans::draw(&mut rng);
        let script = script::draw(&mut rng, 60 + 40 * plans::blocks(&plan));
        Self::run(seed, plan, script, lie)
    }

    fn run(seed: u64, plan: Plan, script: Vec<Due>, lie: Option<Lie>) -> Self {
        let world = Simulated(Rc::new(RefCell::new(State::new(seed, &script, lie))));
        let folder = Folder::aside(Path::new("simulated"), "run");
        let mut stage = Stage {
            binaries: "own".into(),
            base: Some("base".into()),
            cores: Cores::spread(2),
            folder: &folder,
            interrupt: Arc::clone(&world.0.borrow().interrupt),
            world: world.clone(),
        };
        let mut blocks = Blocks::on(world.clone(), "blocks.jsonl".into());
        let mut watch = Watch { world: world.clone(), plan: &plan, stored: Vec::new() };
        let result = run::run(&plan, &mut stage, &mut blocks, &mut watch);
        let stored = watch.stored;
        let mut state = world.0.borrow_mut();
        let ended = promises::check(&plan, &mut state, &stored, result, seed.is_multiple_of(4));
        let (fired, broken) = (std::mem::take(&mut state.fired), std::mem::take(&mut state.broken));
        let (steps, time) = (state.steps, state.now);
        drop(state);
        Self { plan, script, fired, broken, ended, steps, time, blocks: stored.len() }
    }

    /// For people.
    fn told(&self) -> String {
        let Self { script, fired, broken, ended, steps, time, blocks, .. } = self;
        let scenarios: Vec<_> = self
            .plan
            .scenarios
            .iter()
            .map(|one| (&one.load, &one.treatments[0].kind, one.soak, &one.lives))
            .collect();
        format!(
            "plan: {scenarios:?}\nscript: {script:?}\nbefell it: {fired:?}\n{blocks} blocks, {steps} steps, {time:?}, code {:?}, \
             judged {:?}\nbroken promises: {broken:#?}",
            ended.code, ended.word
        )
    }
}

/// Runs one seed. A panic is a broken promise like any other.
fn simulate(seed: u64, lie: Option<Lie>) -> Result<Simulation, String> {
    let run = catch_unwind(AssertUnwindSafe(|| Simulation::of_seed(seed, lie)));
    let again = format!("SEED={seed} cargo test --package tracetax --lib simulation");
    let run = run.map_err(|_| format!("the run panics\n{again}"))?;
    if run.broken.is_empty() { Ok(run) } else { Err(format!("{}\n{again}", run.told())) }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Every seed below this, on all processors.
fn simulate_all(runs: u64) -> Vec<Result<Simulation, String>> {
    let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let of_thread = |first: u64| (first..runs).step_by(threads as usize).map(|seed| simulate(seed, None));
    thread::scope(|scope| {
        let all: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || of_thread(first).collect::<Vec<_>>())).collect();
        all.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a_run_keeps_its_promises_whatever_befalls_it() {
    if let Some(seed) = number("SEED") {
        match simulate(seed, None) {
            Ok(run) => println!("{}", run.told()),
            Err(broken) => panic!("{broken}"),
        }
        return;
    }
    let runs = simulate_all(number("SIMULATED_RUNS").unwrap_or(RUNS));
    let broken: Vec<&String> = runs.iter().filter_map(|run| run.as_ref().err()).collect();
    assert!(
        broken.is_empty(),
        "{} of {} runs have broken a promise; the first:\n{}",
        broken.len(),
        runs.len(),
        broken[0]
    );
    // They would be kept by runs that do nothing, too.
    let share = |of: &dyn Fn(&Ended) -> bool| {
        runs.iter().flatten().filter(|run| of(&run.ended)).count() as f64 / runs.len() as f64
    };
    for code in [None, Some(1), Some(3), Some(4), Some(130)] {
        assert!(share(&|ended| ended.code == code) > 0.01, "hardly a run ends with code {code:?}");
    }
    assert!(share(&|ended| ended.word == Some(Word::Pass)) > 0.01, "hardly a run passes");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..50 {
        let [one, other] = [(); 2].map(|()| simulate(seed, None).map(|run| run.told()));
        assert_eq!(one, other);
    }
}

#[test]
fn a_run_that_only_seems_to_keep_its_promises_is_found_out() {
    let lies = [
        Lie::Unsynced,
        Lie::Unwritten,
        Lie::Misplaced,
        Lie::FullDiskPassedOver,
        Lie::Spared(Role::Bystander),
        Lie::Spared(Role::Agent),
        Lie::Spared(Role::Load),
        Lie::DeadAgentHeard,
        Lie::InterruptPassedOver,
        Lie::Unsettled,
        Lie::StillAttached,
        Lie::Undrained,
        Lie::WaitedForEver,
    ];
    for lie in lies {
        let found = (0..1_000).any(|seed| simulate(seed, Some(lie)).is_err());
        assert!(found, "{lie:?} is not noticed");
    }
}

/// Has each fault befall a run of everything there is, at each of its steps.
fn at_every_step(faults: &[Fault]) {
    let run = |step, fault: Option<Fault>| {
        let script = Vec::from_iter(fault.map(|fault| Due { step, fault }));
        Simulation::run(step, plans::of_everything(), script, None)
    };
    let steps = run(0, None).steps;
    assert!(steps > 100, "a run of {steps} steps is not of everything");
    for (step, fault) in (0..steps).flat_map(|step| faults.iter().map(move |fault| (step, *fault))) {
        let run = run(step, Some(fault));
        assert!(run.broken.is_empty(), "{}", run.told());
    }
}

#[test]
fn a_signal_or_the_end_of_the_disk_may_come_at_any_step() {
    at_every_step(&[Fault::Interrupt, Fault::DiskFull(100)]);
}

/// That two of them had died nobody noticed: the warmer is never asked anything, and what switches run-time statistics on
/// neither. Seeds 34 and 175 of the first thousand had it.
#[test]
fn a_process_may_die_at_any_step() {
    let roles = [Role::Target, Role::Agent, Role::Load, Role::Warmer, Role::Bystander];
    at_every_step(&roles.map(Fault::Dies));
}

/// An agent that answered late right after it was detached was taken for one that is still hit: seed 1861.
#[test]
fn whoever_is_held_up_for_a_while_ends_no_run() {
    let time = Duration::from_secs(2);
    at_every_step(&[Fault::Dawdles(Role::Agent, time), Fault::Stall(time)]);
}
