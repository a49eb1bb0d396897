//! The section `[load]`: requests of the load generator, or a flood that the target makes itself.

use std::num::NonZeroU64;

use record::{
    flood::Step,
    load::Pacing,
    plan::{Core, Source},
};

use super::super::{
    key::{Condition, LeftOut, means},
    rule::{Ladder, OnlyTrue, number, one_of, request_path, whole},
    section::Section,
};

/// What the section says, in the file's own terms.
pub(super) struct Load {
    pub(super) source: Source,
    pub(super) core: Core,
}

impl Load {
    /// The lowest rate that the section asks for, in requests per second; None for a closed loop.
    pub(super) fn lowest_rate(&self) -> Option<f64> {
        match &self.source {
            Source::Generator { pacing: Pacing::Closed, .. } => None,
            Source::Generator {
                pacing: Pacing::Poisson { requests_per_second } | Pacing::Constant { requests_per_second },
                ..
            } => Some(*requests_per_second),
            Source::Flood { steps } => {
                let rates = steps.iter().filter_map(|step| step.events_per_second());
                rates.min().map(|rate| rate.get() as f64)
            }
        }
    }
}

/// A word for `pacing`.
#[derive(Clone, Copy)]
enum Paced {
    /// An open loop; what it becomes with its rate.
    At(fn(f64) -> Pacing),
    Closed,
    Flood,
}

const PACINGS: &[(&str, Paced)] = &[
    ("poisson", Paced::At(|requests_per_second| Pacing::Poisson { requests_per_second })),
    ("constant", Paced::At(|requests_per_second| Pacing::Constant { requests_per_second })),
    ("closed", Paced::Closed),
    ("flood", Paced::Flood),
];

const OPEN_LOOP: Condition =
    Condition { key: "pacing", words: &["poisson", "constant"], why: "only an open loop has a rate" };
const CONNECTED: Condition = Condition {
    key: "pacing",
    words: &["poisson", "constant", "closed"],
    why: "a flood makes its requests in the target, without connections",
};
const FLOOD: Condition =
    Condition { key: "pacing", words: &["flood"], why: "only a flood has a ladder of rates" };

pub(super) fn load(load: &mut Section<'_, '_>) -> Option<Load> {
    let paced = load.required(
        "pacing",
        &one_of(PACINGS),
        means(
            "When requests leave: at random, evenly, each as soon as the last is answered, or made by the target itself.",
            "\"poisson\"",
        ),
    );
    let requests_per_second = load.by(
        &OPEN_LOOP,
        "requests_per_second",
        &number(1.0..=1e6, "requests per second"),
        means("Rate of an open loop.", "500"),
    );
    let connections = load.by(
        &CONNECTED,
        "connections",
        &whole(1..=10_000, "connections"),
        means("Keep-alive connections, opened before the first block.", "20"),
    );
    let path = load.by(&CONNECTED, "path", &request_path(), means("Path of every request.", "\"/plain\""));
    let rates = load.by(
        &FLOOD,
        "rates",
        &Ladder,
        means(
            "The ladder of a flood: these rates, then as fast as the target can. Each climb begins with an overload, as \
             fast as the target can while the agent is stopped.",
            "[10_000, 100_000]",
        ),
    );
    let core = core(load);
    let source = match paced?.value {
        Paced::Flood => Source::Flood { steps: climb(rates?.value) },
        Paced::Closed => {
            Source::Generator { pacing: Pacing::Closed, connections: connections?.value, path: path?.value }
        }
        Paced::At(at) => {
            let pacing = at(requests_per_second?.value);
            Source::Generator { pacing, connections: connections?.value, path: path?.value }
        }
    };
    Some(Load { source, core })
}

fn core(load: &mut Section<'_, '_>) -> Core {
    let warm = load.optional(
        "core_warmer",
        &OnlyTrue,
        LeftOut::Means("it may fall asleep between requests"),
        means("Keep the target's processor awake in both arms, by a spinner of idle priority.", "true"),
    );
    if warm.is_some() { Core::KeptWarm } else { Core::Sleeps }
}

/// The ladder is climbed again and again. An overload begins each climb, so that the lowest rate, at which nothing may be
/// lost, comes right after it.
fn climb(rates: Vec<NonZeroU64>) -> Vec<Step> {
    let rates = rates.into_iter().map(|events_per_second| Step::Rate { events_per_second });
    [Step::Overload].into_iter().chain(rates).chain([Step::FlatOut]).collect()
}
