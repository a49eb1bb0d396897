//! How often does the judge find a difference where there is none? Pure.
//!
//! In a null run all blocks are untraced in fact. So its neighbouring blocks can be paired anew, with new coins, and every
//! such pairing gives a null verdict. They share their blocks, and given the blocks it is the coins alone that decide: the
//! count proves the judge's arithmetic on the noise of this machine. That the machine itself treats both arms alike,
//! only real runs can prove; they are counted apart.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{
    block::Block,
    calibration::{Bar, BarState, NullCount, Nulls},
    histogram::Histogram,
    plan::{Arm, Plan, ScenarioPlan},
    verdict::{ScenarioVerdict, Word},
};
use stats::Alpha;

use super::bar::{QUIET, fails, holds};
use crate::judge::{self, short};

/// Alarms that are allowed: the error rate that the judge promises.
const EXPECTED_PCT: f64 = 1.0;

/// Judges null runs as they are, and `n` simulated ones from the blocks of the first. None without a run.
pub fn found(plans: &[&ScenarioPlan], blocks: &[Block], n: u32, seed: u64) -> Option<Nulls> {
    let first = plans.first()?;
    let verdicts: Vec<_> = plans.iter().map(|plan| judged_alone(plan, blocks)).collect();
    Some(Nulls {
        simulated: null_verdicts(first, blocks, n, seed),
        real: count(&verdicts),
        real_words: verdicts.iter().map(|verdict| verdict.word).collect(),
    })
}

/// Pairs the blocks of a null run anew, `n` times, and judges each time. The same arguments give the same count.
pub fn null_verdicts(plan: &ScenarioPlan, blocks: &[Block], n: u32, seed: u64) -> NullCount {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let lives = lives(plan, blocks);
    // These pairs are none of the plan's.
    let plan = &ScenarioPlan { lives: Vec::new(), ..plan.clone() };
    let verdicts: Vec<_> =
        (0..n).map(|_| judged_alone(plan, &repaired(&lives, |_| rng.random::<bool>()))).collect();
    count(&verdicts)
}

/// The verdict on one scenario, as if it were the whole run.
pub fn judged_alone(plan: &ScenarioPlan, blocks: &[Block]) -> ScenarioVerdict {
    let scenarios = vec![plan.clone()];
    let run = Plan {
        schema: record::plan::SCHEMA.into(),
        seed: 0,
        profile: "quick".into(),
        revision: None,
        against: None,
        against_refuses: BTreeMap::new(),
        scenarios,
    };
    let mut verdict = judge::judge(&run, blocks);
    verdict.scenarios.remove(0)
}

/// The blocks that count, by life, in the order of measuring. Without their histograms: a null verdict is about the cost
/// of the server, and reading histograms is nearly all of the time that judging takes.
fn lives(plan: &ScenarioPlan, blocks: &[Block]) -> Vec<Vec<Block>> {
    let nothing = nothing();
    let light = |block: &Block| {
        let mut block = block.clone();
        for histogram in [&mut block.load.response, &mut block.load.service, &mut block.load.lateness] {
            histogram.clone_from(&nothing);
        }
        block
    };
    let counted = blocks.iter().filter(|block| block.scenario == plan.name && block.discarded.is_none());
    let counted: Vec<Block> = counted.map(light).collect();
    counted.chunk_by(|a, b| a.life == b.life).map(<[Block]>::to_vec).collect()
}

/// A histogram without samples and, to be read quickly, of the least range.
fn nothing() -> Histogram {
    let least = hdrhistogram::Histogram::new_with_bounds(1, 2, 1);
    Histogram::encode(&least.expect("the bounds are constants that HdrHistogram allows"))
}

/// What a coin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coin {
    /// The life's first block is left out, so that its second begins the first pair.
    SkipFirst,
    /// The first block of a pair is the treated one.
    TreatedFirst,
}

/// Pairs neighbours within each life.
fn repaired(lives: &[Vec<Block>], mut coin: impl FnMut(Coin) -> bool) -> Vec<Block> {
    let mut paired = Vec::new();
    for life in lives {
        let start = usize::from(coin(Coin::SkipFirst)).min(life.len());
        for pair in life[start..].chunks_exact(2) {
            let (index, treated_first) = ((paired.len() / 2) as u32, coin(Coin::TreatedFirst));
            let arms =
                if treated_first { [Arm::Treated, Arm::Untraced] } else { [Arm::Untraced, Arm::Treated] };
            paired.extend(pair.iter().zip(arms).enumerate().map(|(position, (block, arm))| Block {
                pair: index,
                arm,
                position: position as u8,
                attempt: 0,
                ..block.clone()
            }));
        }
    }
    paired
}

fn count(verdicts: &[ScenarioVerdict]) -> NullCount {
    let of = |holds: fn(&ScenarioVerdict) -> bool| verdicts.iter().filter(|verdict| holds(verdict)).count();
    let (alarms, passes) = (of(is_alarm) as u32, of(|verdict| verdict.word == Word::Pass) as u32);
    let verdicts = verdicts.len() as u32;
    NullCount { verdicts, alarms, passes, alarm_pct: share_pct(alarms, verdicts) }
}

/// The control says that the arms differ, or the gate that they differ by the margin.
fn is_alarm(verdict: &ScenarioVerdict) -> bool {
    let words =
        verdict.treatments.iter().flat_map(|treatment| &treatment.metrics).filter_map(|metric| metric.word);
    verdict.reasons.iter().any(|reason| reason.code == "control-failed")
        || words.into_iter().any(|word| matches!(word, Word::Regressed | Word::Improved))
}

fn share_pct(alarms: u32, verdicts: u32) -> Option<[f64; 3]> {
    let alpha = Alpha::of_confidence(0.95).ok()?;
    let share = stats::proportion(alarms.into(), verdicts.into(), alpha)?;
    Some([share.low, share.estimate, share.high].map(|share| 100.0 * share))
}

/// At most 1 alarm in 100. By luck alone a rate of 1 % gives more than 2 alarms in 200 every third time, so the bar is
/// missed only where the whole interval is above it.
pub fn bar(nulls: &Nulls) -> Bar {
    let message = format!(
        "{}; real: {} (bar: at most {EXPECTED_PCT} %, missed where the whole interval is above)",
        told(&nulls.simulated),
        told(&nulls.real)
    );
    if is_above(&nulls.real) || untrusted(nulls) {
        fails(BarState::Invalid, message, QUIET)
    } else if is_above(&nulls.simulated) {
        fails(BarState::Missed, message, "the judge is wrong too often: report it with this run's folder")
    } else {
        holds(message)
    }
}

/// A real run that is invalid for another reason than an alarm.
fn untrusted(nulls: &Nulls) -> bool {
    let invalid = nulls.real_words.iter().filter(|word| **word == Word::Invalid).count() as u32;
    invalid > nulls.real.alarms
}

fn is_above(count: &NullCount) -> bool {
    count.alarm_pct.is_some_and(|[low, ..]| low > EXPECTED_PCT)
}

fn told(count: &NullCount) -> String {
    let NullCount { verdicts, alarms, .. } = count;
    let interval = count.alarm_pct.map(|[low, _, high]| format!(", {} to {} %", short(low), short(high)));
    format!("{alarms} of {verdicts} alarmed{}", interval.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use record::{
        block::{Block, Discard},
        calibration::{BarState, NullCount, Nulls},
        plan::{Arm, ScenarioPlan, TreatmentKind},
        verdict::Word,
    };

    use super::{Coin, bar, count, judged_alone, lives, null_verdicts, repaired, share_pct};
    use crate::calibrate::made_up;

    fn plan() -> ScenarioPlan {
        made_up::plan([("nothing", TreatmentKind::Nothing)])
    }

    /// 60 pairs in 6 lives; `second_us` is what the second block of each pair costs more.
    fn blocks(second_us: f64) -> Vec<Block> {
        let noise = |index: u32| f64::from(index.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
        let pair = |pair: u32| {
            [
                made_up::block(pair, Arm::Untraced, 7.0 + noise(2 * pair)),
                made_up::block(pair, Arm::Treated, 7.0 + second_us + noise(2 * pair + 1)),
            ]
        };
        (0..60).flat_map(pair).collect()
    }

    fn alarmed(blocks: &[Block], coin: impl FnMut(Coin) -> bool) -> bool {
        let plan = plan();
        let verdict = judged_alone(&plan, &repaired(&lives(&plan, blocks), coin));
        count(&[verdict]).alarms == 1
    }

    #[test]
    fn alarms_are_as_rare_as_promised_and_the_seed_decides() {
        let (plan, blocks) = (plan(), blocks(0.0));
        let found = null_verdicts(&plan, &blocks, 60, 5);
        assert_eq!(found.verdicts, 60);
        assert!(found.alarm_pct.unwrap()[0] <= 1.0, "{found:?}");
        assert_eq!(null_verdicts(&plan, &blocks, 5, 7), null_verdicts(&plan, &blocks, 5, 7));
    }

    #[test]
    fn a_difference_by_position_alarms_unless_it_is_flipped() {
        let (plan, blocks) = (plan(), blocks(0.5));
        assert!(alarmed(&blocks, |_| false));
        assert!(alarmed(&blocks, |coin| coin == Coin::TreatedFirst));
        let flipped = null_verdicts(&plan, &blocks, 60, 5);
        assert!(flipped.alarm_pct.unwrap()[0] <= 1.0, "{flipped:?}");
    }

    #[test]
    fn neighbours_of_a_life_are_paired() {
        let mut blocks = blocks(0.0);
        blocks[3].discarded = Some(Discard::Steal);
        let lives = lives(&plan(), &blocks);
        assert_eq!(lives.iter().map(Vec::len).collect::<Vec<_>>(), [19, 20, 20, 20, 20, 20]);
        for (skip, pairs) in [(false, 59), (true, 9 + 5 * 9)] {
            let paired = repaired(&lives, |coin| coin == Coin::SkipFirst && skip);
            assert_eq!(paired.len(), 2 * pairs, "{skip}");
            assert!(paired.chunks(2).all(|pair| pair[0].life == pair[1].life && pair[0].arm != pair[1].arm));
        }
    }

    #[test]
    fn another_scenarios_blocks_are_left_out() {
        let mut other = plan();
        other.name = "other".into();
        assert_eq!(null_verdicts(&other, &blocks(0.0), 3, 1).passes, 0);
    }

    fn nulls(simulated: (u32, u32), real: (u32, u32), words: &[Word]) -> Nulls {
        let count = |(alarms, verdicts)| NullCount {
            verdicts,
            alarms,
            passes: 0,
            alarm_pct: share_pct(alarms, verdicts),
        };
        Nulls { simulated: count(simulated), real: count(real), real_words: words.to_vec() }
    }

    #[test]
    fn the_bar_is_missed_where_luck_cannot_explain_it() {
        let cases = [
            ((2, 200), (0, 1), Word::Pass, BarState::Holds),
            ((4, 200), (0, 1), Word::Inconclusive, BarState::Holds),
            ((7, 200), (0, 1), Word::Pass, BarState::Missed),
            ((2, 200), (1, 1), Word::Invalid, BarState::Invalid),
            ((2, 200), (1, 100), Word::Invalid, BarState::Holds),
            ((2, 200), (0, 1), Word::Invalid, BarState::Invalid),
        ];
        for (simulated, real, word, state) in cases {
            assert_eq!(bar(&nulls(simulated, real, &[word])).state, state, "{simulated:?} {real:?} {word:?}");
        }
    }
}
