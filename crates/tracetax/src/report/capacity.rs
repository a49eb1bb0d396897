//! How many events a second a tracer takes: one line, and a table of its steps.

use std::fmt::Write;

use record::{
    capacity::{Capacity, Recovery, StepFigures},
    cost::Estimate,
    flood::Step,
};
use tabled::builder::Builder;

use super::Look;
use crate::{judge::short, plan::show_step};

/// What it comes to.
pub fn headline(capacity: &Capacity) -> String {
    let Some(sustained) = at(capacity, capacity.sustained) else {
        return match at(capacity, capacity.first_loss) {
            Some(first) => format!("loses events at its lowest rate already ({})", loss(first)),
            None => "was not measured".into(),
        };
    };
    let rate = format!("takes {} events/s without loss", short(sustained.delivered_per_second));
    match at(capacity, capacity.first_loss) {
        Some(first) => format!("{rate}, and loses some at {} ({})", show_step(first.step), loss(first)),
        None => format!("{rate}: no loss up to what the target can make"),
    }
}

fn at(capacity: &Capacity, step: Option<Step>) -> Option<&StepFigures> {
    capacity.steps.iter().find(|figures| Some(figures.step) == step)
}

fn loss(step: &StepFigures) -> String {
    format!("{} of {} events", step.lost, step.events)
}

/// The table of the steps, with what came after overload.
pub fn show(capacity: &Capacity, look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(HEAD);
    for step in &capacity.steps {
        builder.push_record(row(step));
    }
    let mut text = look.table(builder.build());
    let _ = write!(text, "\n\nsustained: {}\n{}", headline(capacity), recovery(&capacity.recovery));
    text
}

/// The head of the table of steps.
pub const HEAD: [&str; 8] = [
    "step",
    "pairs",
    "made/s",
    "delivered/s",
    "lost",
    "server CPU, us/event (95 %)",
    "agent CPU, us/event (95 %)",
    "agent, % of a core",
];

/// A row of it.
pub fn row(step: &StepFigures) -> [String; 8] {
    [
        show_step(step.step),
        step.pairs.to_string(),
        short(step.made_per_second),
        short(step.delivered_per_second),
        format!("{} of {}", step.lost, step.events),
        step.server_cpu_us_per_event.map_or("-".into(), estimate),
        step.agent_cpu_us_per_event.map_or("-".into(), estimate),
        short(step.agent_cpu_pct),
    ]
}

fn estimate(estimate: Estimate) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => {
            format!("{} ({} to {})", short(estimate.estimate), short(low), short(high))
        }
        _ => short(estimate.estimate),
    }
}

/// What came after overloads.
pub fn recovery(recovery: &Recovery) -> String {
    let Recovery { overloads, lost_in_overloads, blocks_after, events_after, lost_after } = recovery;
    format!(
        "recovery: {lost_in_overloads} events lost in {overloads} overloads, {lost_after} of {events_after} in the \
         {blocks_after} blocks after one"
    )
}
