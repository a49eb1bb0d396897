//! The section `[load]`: requests of the load generator, or a flood that the target makes itself.

use record::{
    flood::Step,
    load::Pacing,
    plan::{Core, Source},
};

use super::super::{
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

const RATE_DOC: &str =
    "Rate of an open loop, `poisson` or `constant`; required there, and not with any other pacing.";
const CONNECTIONS_DOC: &str = "Keep-alive connections, opened before the first block; not in a flood.";
const PATH_DOC: &str = "Path of every request; not in a flood.";
const RATES_DOC: &str = "The ladder of a flood, required there: these rates, then as fast as the target can. Each climb begins with \
    an overload, as fast as the target can while the agent is stopped.";

const PACINGS: &[(&str, Paced)] = &[
    ("poisson", Paced::At(|requests_per_second| Pacing::Poisson { requests_per_second })),
    ("constant", Paced::At(|requests_per_second| Pacing::Constant { requests_per_second })),
    ("closed", Paced::Closed),
    ("flood", Paced::Flood),
];

pub(super) fn load(load: &mut Section<'_, '_>) -> Option<Load> {
    let paced = load.required(
        "pacing",
        &one_of(PACINGS),
        "When requests leave: at random, evenly, each as soon as the last is answered, or made by the target itself.",
    );
    let paced = paced.map(|at| at.value);
    let source = if matches!(paced, Some(Paced::Flood)) { flood(load) } else { generator(load, paced) };
    let warm = load.optional(
        "core_warmer",
        &OnlyTrue,
        "Keep the target's processor awake in both arms, by a spinner of idle priority.",
    );
    let core = if warm.is_some() { Core::KeptWarm } else { Core::Sleeps };
    Some(Load { source: source?, core })
}

fn generator(load: &mut Section<'_, '_>, paced: Option<Paced>) -> Option<Source> {
    let rate = load.optional("requests_per_second", &number(1.0..=1e6, "requests per second"), RATE_DOC);
    let connections = load.required("connections", &whole(1..=10_000, "connections"), CONNECTIONS_DOC);
    let path = load.required("path", &request_path(), PATH_DOC);
    load.optional("rates", &Ladder, RATES_DOC);
    if paced.is_some() {
        let advice = "remove it, or write `pacing = \"flood\"`";
        cannot_be(load, "rates", "without `pacing = \"flood\"`", "only a flood has a ladder", advice);
    }
    let pacing = pacing(load, paced?, rate.map(|rate| rate.value));
    Some(Source::Generator { pacing: pacing?, connections: connections?.value, path: path?.value })
}

fn pacing(load: &mut Section<'_, '_>, paced: Paced, requests_per_second: Option<f64>) -> Option<Pacing> {
    let Paced::At(at) = paced else {
        let (with, why) = ("with `pacing = \"closed\"`", "a closed loop is as fast as the answers come");
        let advice = "remove it, or write `pacing = \"poisson\"`";
        return cannot_be(load, "requests_per_second", with, why, advice).then_some(Pacing::Closed);
    };
    load.require_one_of(&["requests_per_second"]);
    Some(at(requests_per_second?))
}

/// The ladder is climbed again and again. An overload begins each climb, so that the lowest rate, at which nothing may be
/// lost, comes right after it.
fn flood(load: &mut Section<'_, '_>) -> Option<Source> {
    load.optional("requests_per_second", &number(1.0..=1e6, "requests per second"), RATE_DOC);
    load.optional("connections", &whole(1..=10_000, "connections"), CONNECTIONS_DOC);
    load.optional("path", &request_path(), PATH_DOC);
    let rates = load.required("rates", &Ladder, RATES_DOC);
    let told = [
        ("requests_per_second", "a flood has a ladder of `rates`"),
        ("connections", "a flood has no connections"),
        ("path", "a flood has requests of its own"),
    ];
    for (name, why) in told {
        cannot_be(load, name, "with `pacing = \"flood\"`", why, "remove it");
    }
    let rates = rates?.value.into_iter().map(|events_per_second| Step::Rate { events_per_second });
    Some(Source::Flood { steps: [Step::Overload].into_iter().chain(rates).chain([Step::FlatOut]).collect() })
}

/// Notes a mistake where the key is there. True where it is not.
fn cannot_be(load: &mut Section<'_, '_>, name: &'static str, with: &str, why: &str, advice: &str) -> bool {
    let held = load.holds(name);
    if held {
        load.mistake(load.span_of(name), format!("`{name}` in [load] cannot be {with}"), why, advice);
    }
    !held
}
