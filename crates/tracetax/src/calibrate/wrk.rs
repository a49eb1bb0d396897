//! Is the load generator, in closed loop, at least as fast as `wrk` with one thread?
//!
//! Both load the same target over as many connections from the same processor, in turns, in the order of a coin.

mod output;
mod process;

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use record::{
    calibration::{Bar, BarState, Round, Side, Wrk},
    load::Pacing,
};
use stats::{Alpha, Sample, signed_rank};

use super::{
    bar::{fails, holds},
    untraced::{CONNECTIONS, PATH, Untraced},
};
use crate::rig::Stage;
use process::Program;

/// Load of one side in one round: the shortest that `wrk` can be told.
const SIDE: Duration = Duration::from_secs(1);

/// How long the part takes.
pub fn time_of(rounds: u32) -> Duration {
    2 * rounds * SIDE
}

/// Measures all rounds; none where there is no `wrk`.
///
/// # Errors
/// When target, load generator or `wrk` fails.
pub fn measure(stage: &Stage<'_>, seed: u64, rounds: u32) -> Result<Wrk> {
    let Some(program) = process::find(std::env::var_os("PATH").as_deref()) else {
        return Ok(Wrk { version: None, rounds: Vec::new(), ratio: None });
    };
    let version = program.version(stage)?;
    let mut untraced = Untraced::start(stage)?;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let rounds: Vec<Round> = (0..rounds)
        .map(|_| {
            let first = if rng.random() { Side::Ours } else { Side::Wrk };
            round(first, stage, &program, &mut untraced)
        })
        .collect::<Result<_>>()?;
    untraced.finish()?;
    let ratio = ratio(&rounds);
    Ok(Wrk { version: Some(version), rounds, ratio })
}

fn round(first: Side, stage: &Stage<'_>, program: &Program, untraced: &mut Untraced) -> Result<Round> {
    let wrk = |address| wrk_per_second(stage, program, address);
    let (ours_per_second, wrk_per_second) = match first {
        Side::Ours => (ours(untraced)?, wrk(untraced.address())?),
        Side::Wrk => {
            let theirs = wrk(untraced.address())?;
            (ours(untraced)?, theirs)
        }
    };
    Ok(Round { first, ours_per_second, wrk_per_second })
}

/// Fresh connections, since `wrk` has them too.
fn ours(untraced: &mut Untraced) -> Result<f64> {
    untraced.connect()?;
    let result = untraced.run(Pacing::Closed, SIDE.as_nanos() as u64, 0)?;
    Ok(result.completed as f64 / (result.elapsed_ns as f64 / 1e9))
}

fn wrk_per_second(stage: &Stage<'_>, program: &Program, address: SocketAddr) -> Result<f64> {
    let (connections, seconds) = (format!("-c{CONNECTIONS}"), format!("-d{}s", SIDE.as_secs()));
    let url = format!("http://{address}{PATH}");
    output::requests_per_second(&program.run(stage, &["-t1", &connections, &seconds, &url])?)
}

/// Of the rounds' logarithms of ours by theirs, so that it does not matter which of them divides.
fn ratio(rounds: &[Round]) -> Option<[f64; 3]> {
    let logs = rounds.iter().map(|round| (round.ours_per_second / round.wrk_per_second).ln()).collect();
    let interval = signed_rank::interval(&Sample::new(logs).ok()?, Alpha::of_confidence(0.95).ok()?);
    let ratio = [interval.low, interval.estimate, interval.high].map(f64::exp);
    (interval.low.is_finite() && interval.high.is_finite()).then_some(ratio)
}

/// At least as fast, by the estimate.
pub fn bar(wrk: &Wrk) -> Bar {
    if wrk.version.is_none() {
        return fails(BarState::NotRun, "wrk is not installed".into(), "apt-get install wrk");
    }
    let Some([low, estimate, high]) = wrk.ratio else {
        return fails(BarState::Missed, "too few rounds for an interval".into(), "measure more rounds");
    };
    let message = format!(
        "ours / wrk is {estimate:.3}, 95 % interval {low:.3} to {high:.3} (bar: at least 1 by the estimate)"
    );
    if estimate >= 1.0 { holds(message) } else { fails(BarState::Missed, message, super::bar::QUIET) }
}

#[cfg(test)]
mod tests {
    use record::calibration::{BarState, Round, Side, Wrk};

    use super::{bar, ratio};

    fn wrk(rates: &[(f64, f64)]) -> Wrk {
        let round = |&(ours_per_second, wrk_per_second): &(f64, f64)| Round {
            first: Side::Ours,
            ours_per_second,
            wrk_per_second,
        };
        let rounds: Vec<Round> = rates.iter().map(round).collect();
        Wrk { version: Some("4.1.0".into()), ratio: ratio(&rounds), rounds }
    }

    #[test]
    fn the_ratio_is_of_rounds() {
        // The machine's speed changes from round to round, the ratio does not.
        let found = wrk(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|speed| (120.0 * speed, 100.0 * speed)));
        for bound in found.ratio.unwrap() {
            assert!((bound - 1.2).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(bar(&found).state, BarState::Holds);
    }

    #[test]
    fn slower_misses_the_bar_and_so_do_few_rounds() {
        assert_eq!(bar(&wrk(&[(99.0, 100.0); 8])).state, BarState::Missed);
        assert_eq!(bar(&wrk(&[(110.0, 100.0); 5])).state, BarState::Missed);
        assert_eq!(wrk(&[(110.0, 0.0); 8]).ratio, None);
    }

    #[test]
    fn without_wrk_the_part_is_not_run() {
        let bar = bar(&Wrk { version: None, rounds: Vec::new(), ratio: None });
        assert_eq!((bar.state, bar.next_step.as_deref()), (BarState::NotRun, Some("apt-get install wrk")));
    }
}
