//! What a run promises, whatever befalls it.

use std::time::Duration;

use record::{
    block::{Block, Discard, Purpose},
    plan::{Arm, Life, Plan, ScenarioPlan},
    soak::Presence,
    verdict::Word,
};

use super::{
    plans,
    script::{Effect, Fault},
    state::State,
};
use crate::{
    exit::{Outcome, of_error, of_outcome},
    judge,
    results::lines,
    session::unless_interrupted,
};

/// How a run has ended.
pub struct Ended {
    /// Exit code of the command that measures; None of a run that went to its end and was not judged.
    pub code: Option<u8>,
    /// What was judged of the blocks that are on the disk, where it was.
    pub word: Option<Word>,
}

/// Looks at all promises once the run is over; those that were broken are added to the others. Judging takes longer than all
/// the rest, and so is left out of most runs.
pub fn check(
    plan: &Plan,
    state: &mut State,
    stored: &[Block],
    result: anyhow::Result<()>,
    judged: bool,
) -> Ended {
    let blocks = kept(state, stored);
    let (well, walked) = (result.is_ok(), walk(plan, &blocks));
    state.broken.extend(walked.as_ref().err().cloned());
    state.broken.extend(left_behind(state));
    state.broken.extend(too_long(plan, state));
    let whole = walked == Ok(Whole::Yes);
    state.ensure(whole || !well, "a run that went to its end lacks a block");
    let word = judged.then(|| word(plan, state, &blocks, whole));
    let code = match unless_interrupted(result) {
        Err(error) => Some(of_error(&error)),
        Ok(None) => Some(of_outcome(Outcome::Interrupted { signal: 2 })),
        Ok(Some(())) => word.map(|word| of_outcome(Outcome::Judged(word))),
    };
    state.broken.extend(unfitting(state, code.filter(|_| !well)));
    Ended { code, word }
}

/// Half a run never passes.
fn word(plan: &Plan, state: &mut State, blocks: &[Block], whole: bool) -> Word {
    let verdict = judge::judge(plan, blocks);
    let passes = matches!(verdict.word, Word::Pass | Word::Improved);
    state.ensure(whole || !passes, "half a run passes");
    state.ensure(
        whole == verdict.interrupted.is_none(),
        "the judge takes a part for the whole, or the whole for a part",
    );
    verdict.word
}

/// Every block that was called stored can be read, as it was, also after the power was cut.
fn kept(state: &mut State, stored: &[Block]) -> Vec<Block> {
    let unsynced = state.tape.bytes.len() - state.tape.synced;
    let cuts = [0, unsynced / 3, unsynced].map(|bytes| state.tape.synced + bytes);
    let read = |cut: usize| lines::read(&state.tape.bytes[..cut]);
    let mut blocks = Vec::new();
    for cut in cuts {
        match read(cut) {
            Ok(lines) => blocks = lines.blocks,
            Err((line, fault)) => {
                state.broken.push(format!("line {line} of the file cannot be read: {fault}"));
                return Vec::new();
            }
        }
        // A line may be whole, and that it is on the disk could not be said.
        if blocks.get(..stored.len()) != Some(stored) || blocks.len() > stored.len() + 1 {
            state.broken.push(format!(
                "of {} blocks that were stored, {} are read back",
                stored.len(),
                blocks.len()
            ));
        }
        if unsynced == 0 {
            break;
        }
    }
    blocks
}

#[derive(PartialEq)]
enum Whole {
    Yes,
    No,
}

/// Blocks stand in the order of the plan, and none is left out. Says whether all are there.
fn walk(plan: &Plan, blocks: &[Block]) -> Result<Whole, String> {
    let mut walk = Walk { left: blocks };
    let mut lives = plan.scenarios.iter().flat_map(|one| one.lives.iter().map(move |life| (one, life)));
    let whole = lives.all(|(scenario, life)| walk.life(scenario, life));
    match walk.left.first() {
        Some(block) => Err(format!("block {} of {} is out of order", block.pair, block.scenario)),
        None => Ok(if whole { Whole::Yes } else { Whole::No }),
    }
}

/// A walk along the plan, with the blocks that are left.
struct Walk<'a> {
    left: &'a [Block],
}

impl Walk<'_> {
    /// Takes the blocks of a life; false where they end or another comes.
    fn life(&mut self, scenario: &ScenarioPlan, life: &Life) -> bool {
        let take = |walk: &mut Self, purpose, pair, arm, position, attempt| {
            let place = |block: &&Block| {
                (block.scenario == scenario.name && block.life == life.index && block.pair == pair)
                    && (block.purpose, block.arm, block.position, block.attempt)
                        == (purpose, arm, position, attempt)
            };
            let block = walk.left.first().filter(place)?;
            walk.left = &walk.left[1..];
            Some(block)
        };
        for pair in &life.pairs {
            if scenario.soak {
                let Some(block) = take(self, Purpose::Window, pair.index, Arm::Treated, 0, 0) else {
                    return false;
                };
                if is_the_end(block) {
                    break;
                }
                continue;
            }
            for attempt in 0..2 {
                let mut again = false;
                for (position, arm) in pair.order.iter().enumerate() {
                    let block = take(self, Purpose::Pair, pair.index, *arm, position as u8, attempt);
                    let Some(block) = block else { return false };
                    again |= block.discarded.is_some();
                }
                if !again {
                    break;
                }
            }
        }
        let last = life.pairs.last().map_or(0, |pair| pair.index);
        for attempt in 0..if life.statistics_seed.is_some() { 2 } else { 0 } {
            let Some(block) = take(self, Purpose::Statistics, last, Arm::Treated, 0, attempt) else {
                return false;
            };
            if matches!(block.discarded, None | Some(Discard::NoStatistics)) {
                break;
            }
        }
        true
    }
}

fn is_the_end(block: &Block) -> bool {
    block.window.as_ref().is_some_and(|window| window.target_gone || window.agent == Some(Presence::Gone))
}

/// Whatever was started has ended and was collected, but for what no signal reaches.
fn left_behind(state: &State) -> Vec<String> {
    let left = state
        .actors
        .iter()
        .filter(|actor| !(actor.manner.undying || actor.died.is_some() && actor.collected));
    left.map(|actor| format!("the {} (process {}) is left behind", actor.role, actor.pid)).collect()
}

/// A run takes as long as its plan, twice where all is measured again, and so long for each fault; and after a signal,
/// as long as it takes to look.
fn too_long(plan: &Plan, state: &State) -> Option<String> {
    let block_ns = |scenario: &ScenarioPlan| {
        let beside = scenario.bystander.map_or(0, |bystander| bystander.measure_ns);
        let blocks = plans::blocks_of(scenario);
        blocks * (scenario.load.block_ns + scenario.load.warmup_ns + beside + 100_000_000)
    };
    let planned = Duration::from_nanos(plan.scenarios.iter().map(block_ns).sum());
    let most = 2 * planned
        + Duration::from_secs(2)
        + state.fired.iter().map(|fired| costs(fired.fault)).sum::<Duration>();
    if state.now > most {
        return Some(format!("it took {:?}, where {most:?} are enough", state.now));
    }
    let signal = state.fired.iter().find(|fired| fired.fault == Fault::Interrupt)?;
    let since: Duration = state.now - signal.at;
    let most =
        Duration::from_millis(300) + state.fired.iter().map(|fired| costs(fired.fault)).sum::<Duration>();
    (since > most).then(|| format!("it went on for {since:?} after a signal, where {most:?} are enough"))
}

/// The longest that a fault may hold a run up.
fn costs(fault: Fault) -> Duration {
    match fault {
        Fault::Interrupt | Fault::WallClock(_) | Fault::Steal | Fault::Late | Fault::NoStatistics => {
            Duration::ZERO
        }
        // An answer that never comes, or comes late; then a process that has to be killed.
        Fault::Hangs(_) | Fault::Undying(_) | Fault::FallsSilent(_) => Duration::from_secs(30),
        Fault::Dawdles(_, time) | Fault::Stall(time) => time,
        Fault::Clings(_) | Fault::Defies(_) => Duration::from_secs(7),
        Fault::StillHit(time) => time,
        _ => Duration::from_secs(2),
    }
}

/// The code of a run fits what has befallen it; None is that of a run that went to its end, whatever its verdict.
fn unfitting(state: &State, code: Option<u8>) -> Option<String> {
    let effects: Vec<Effect> = state.fired.iter().map(|fired| fired.fault.effect()).collect();
    let can = |effect| effects.contains(&effect);
    let fits = match code {
        None => !can(Effect::Fails) && !can(Effect::Unfit),
        Some(1) => can(Effect::Fails) || can(Effect::MayFail),
        Some(3) => can(Effect::Unfit),
        Some(130) => can(Effect::Interrupts),
        Some(_) => false,
    };
    let ends = code.map_or("goes to its end".into(), |code| format!("ends with code {code}"));
    (!fits).then(|| format!("a run {ends}"))
}
