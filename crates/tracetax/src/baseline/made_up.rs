//! A baseline for tests.

use record::baseline::{Baseline, BaselineMetric, SCHEMA};

pub fn baseline() -> Baseline {
    let metric = BaselineMetric {
        sessions: vec![1.05, 1.08, 1.1, 1.12, 1.15],
        untraced: vec![7.0, 7.1, 7.2, 7.3, 7.4],
        tolerance: 0.25,
        anchor: 1.1,
    };
    Baseline {
        schema: SCHEMA.into(),
        scenario: "made-up".into(),
        scenario_hash: "0123456789abcdef".into(),
        pairs: 120,
        lives: 4,
        host_class: "01234567".into(),
        revision: "0123456789abcdef0123456789abcdef01234567".into(),
        reason: "first".into(),
        accepted: "2026-11-24".into(),
        expires: "2027-02-22".into(),
        treatments: [("traced".to_owned(), [("server_cpu_us_per_request".to_owned(), metric)].into())].into(),
        checksum: String::new(),
    }
}
