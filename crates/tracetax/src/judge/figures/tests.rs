//! Figures over made-up blocks.

use record::plan::Arm;

use super::figures;
use crate::judge::tests::{block, traced_plan};

/// So many pairs, one a second, the treated block before the untraced one in every other.
fn drawn(pairs: u32) -> super::TreatmentFigures {
    let blocks: Vec<_> = (0..pairs)
        .flat_map(|pair| {
            let mut both =
                [block(pair, Arm::Untraced, 20.0), block(pair, Arm::Treated, 21.0 + f64::from(pair % 2))];
            both[usize::from(pair % 2 == 0)].position = 1;
            both.iter_mut().for_each(|block| block.started_unix_ns = 1_000_000_000 * u64::from(5 + pair));
            both
        })
        .collect();
    let mut scenarios = figures(&traced_plan(), &blocks);
    scenarios.remove(0).treatments.remove(0)
}

#[test]
fn every_pair_is_there_with_its_order() {
    let drawn = drawn(20);
    assert_eq!(drawn.pairs.len(), 20);
    let (even, odd) = (&drawn.pairs[0], &drawn.pairs[1]);
    assert_eq!((even.server_cpu_us, even.treated_first), ([20.0, 21.0], false));
    assert_eq!((odd.server_cpu_us, odd.treated_first), ([20.0, 22.0], true));
    assert_eq!((odd.requests, odd.records), ([1_000, 1_000], Some(1_000)));
    let server = &drawn.differences[0];
    assert_eq!((server.metric, &server.values[..2]), ("server_cpu_us_per_request", &[1.0, 2.0][..]));
    assert_eq!(server.most, [1.0, 2.0]);
}

#[test]
fn time_runs_from_the_first_block_and_is_thinned() {
    let few = drawn(20).series;
    assert_eq!((few.blocks_a_point, few.treated_us.len()), (1, 20));
    assert_eq!((few.treated_us[3].since_start_s, few.treated_us[3].value), (3.0, 22.0));
    let many = drawn(601).series;
    assert_eq!((many.blocks_a_point, many.untraced_us.len(), many.agent_mb.len()), (11, 55, 55));
    assert_eq!((many.treated_us[1].since_start_s, many.treated_us[1].value), (16.0, 22.0));
}
