//! Made-up plans and blocks for tests.

use std::collections::BTreeMap;

use record::{
    block::Block,
    histogram::{self, Histogram},
    load::Pacing,
    plan::{
        Arm, Budget, Core, Margin, ScenarioLoad, ScenarioPlan, Source, Tolerance, Treatment, TreatmentBudget,
        TreatmentKind,
    },
};
use serde_json::json;

const REQUESTS: u64 = 10_000;

/// A plan of these treatments, with a margin of 0.3 us.
pub fn plan<'a>(treatments: impl IntoIterator<Item = (&'a str, TreatmentKind)>) -> ScenarioPlan {
    let treatment = |(name, kind): (&str, TreatmentKind)| Treatment {
        name: name.into(),
        kind,
        budget: TreatmentBudget::default(),
    };
    ScenarioPlan {
        name: "made-up".into(),
        question: "What would be found?".into(),
        load: ScenarioLoad {
            source: Source::Generator { pacing: Pacing::Closed, connections: 16, path: "/plain".into() },
            block_ns: 100_000_000,
            warmup_ns: 0,
            core: Core::Sleeps,
        },
        treatments: treatments.into_iter().map(treatment).collect(),
        budget: Budget::default(),
        margin: Margin { server_cpu_us_per_request: Some(0.3) },
        tolerance: Tolerance::default(),
        lines: BTreeMap::new(),
        soak: false,
        bystander: None,
        unavailable: BTreeMap::new(),
        lives: Vec::new(),
    }
}

/// A block of the treatment `nothing`, ten pairs to a life, whose server takes `server_us` a request.
pub fn block(pair: u32, arm: Arm, server_us: f64) -> Block {
    let empty = Histogram::encode(&histogram::empty());
    let block = json!({
        "schema": record::block::SCHEMA, "scenario": "made-up", "treatment": "nothing",
        "life": pair / 10, "pair": pair, "arm": arm, "position": 0, "attempt": 0,
        "started_unix_ns": 0, "elapsed_ns": 100_000_000, "toggle_ns": 0, "still_ns": 0, "clock_gap_ns": 0,
        "load": {
            "planned": REQUESTS, "sent": REQUESTS, "completed": REQUESTS, "failed": {},
            "elapsed_ns": 100_000_000, "spun_ns": 0, "received_bytes": 0,
            "response": empty, "service": empty, "lateness": empty,
        },
        "cpu": {
            "target_ns": (server_us * 1e3 * REQUESTS as f64) as u64,
            "agent_ns": 0, "load_ns": 0, "lab_ns": 0, "warmer_ns": 0, "machine_ns": null,
        },
        "target": {
            "rss_bytes": 1, "pss_bytes": 1, "vsz_bytes": 1, "descriptors": 1, "threads": 1,
            "voluntary_switches": 0, "involuntary_switches": 0,
        },
        "agent": null, "agent_memory_peak_bytes": null, "tracer": null, "bystander": null,
        "steal_ns": [0, 0], "idle_ns": 0, "cores": 2, "discarded": null,
    });
    serde_json::from_value(block).unwrap()
}
