//! What is said of a made-up soak.

use record::{
    cost::Estimate,
    soak::{Down, Soak, Trend},
};

use super::{headline, show};
use crate::report::{Look, Screen};

fn trend(name: &str, per_hour: [f64; 3], points: Vec<(f64, f64)>) -> Trend {
    let levels = || points.iter().map(|point| point.1);
    let [low, estimate, high] = per_hour;
    Trend {
        name: name.into(),
        first: points[0].1,
        last: points[points.len() - 1].1,
        least: levels().fold(f64::INFINITY, f64::min),
        greatest: levels().fold(f64::NEG_INFINITY, f64::max),
        per_hour: Some(Estimate { estimate, low: Some(low), high: Some(high) }),
        points,
    }
}

/// Three minutes of an agent that leaks, stalled once, and lost a request.
pub fn soak() -> Soak {
    Soak {
        seconds: 181.5,
        windows: 180,
        up: 177,
        down: Down { silent: 2, failed: 1, ..Down::default() },
        first_down: vec![(50, "the agent did not answer in time".into()), (70, "failed requests: 1".into())],
        answered: 179_999,
        failed: 1,
        lost: 0,
        planted_leak_bytes_per_second: 16_667,
        lab_cpu_pct: 0.42,
        trends: vec![
            trend("agent_rss_and_maps_mb", [58.0, 60.0, 62.0], vec![(0.0, 9.0), (1.5, 10.5), (3.0, 12.0)]),
            trend("agent_descriptors", [0.0, 0.0, 0.0], vec![(0.0, 21.0), (3.0, 21.0)]),
        ],
    }
}

#[test]
fn it_is_told_in_a_sentence() {
    insta::assert_snapshot!(headline(&soak()));
}

#[test]
fn all_levels_are_told_with_what_was_amiss() {
    insta::assert_snapshot!(show(&soak(), Look::Terminal(Screen::PLAIN)));
}
