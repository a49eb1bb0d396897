//! The report as text: verdict, headline, tables, what to do, how to read it.

use std::fmt::Write;

use record::{
    host::Host,
    plan::{Core, Plan},
    verdict::{Metric, ScenarioVerdict, TreatmentVerdict, Verdict, Word},
};

use super::{capacity, tables, tracers};
use crate::judge::short;

/// Where the text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// In a terminal.
    Terminal,
    /// In Markdown.
    Markdown,
}

impl Look {
    fn heading(self, text: &str) -> String {
        match self {
            Self::Terminal => format!("\n== {text} ==\n"),
            Self::Markdown => format!("\n## {text}\n"),
        }
    }
}

/// The whole report.
#[must_use]
pub fn render(verdict: &Verdict, plan: &Plan, host: &Host, look: Look) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "verdict: {}", tables::word(verdict.word));
    for scenario in &verdict.scenarios {
        let _ =
            writeln!(text, "- {}: {}. {}", scenario.name, tables::word(scenario.word), headline(scenario));
    }
    for scenario in &verdict.scenarios {
        text.push_str(&section(scenario, plan, look));
    }
    text.push_str(&look.heading("What to do"));
    text.push_str(&steps(verdict));
    text.push_str(&look.heading("How to read this"));
    text.push_str(HOW_TO_READ);
    let _ = write!(text, "\n{}", machine(plan, host));
    text
}

/// With more treatments than this, their sum is in tables and the details are in `summary.md`.
const FEW: usize = 4;

fn headline(scenario: &ScenarioVerdict) -> String {
    if scenario.treatments.len() > FEW {
        return format!("{} treatments were measured, see the tables", scenario.treatments.len());
    }
    let unavailable = scenario.unavailable.iter().map(|one| format!("{} is unavailable here", one.treatment));
    let costs = scenario.treatments.iter().map(|treatment| {
        if let Some(capacity) = &treatment.capacity {
            return format!("{} {}", treatment.name, capacity::headline(capacity));
        }
        let cost = find(treatment, "server_cpu_us_per_request").map_or("nothing measured".into(), cost);
        format!("{} costs {cost}", treatment.name)
    });
    costs.chain(unavailable).collect::<Vec<_>>().join("; ")
}

fn find<'a>(treatment: &'a TreatmentVerdict, name: &str) -> Option<&'a Metric> {
    treatment.metrics.iter().find(|metric| metric.name == name)
}

fn cost(metric: &Metric) -> String {
    let share = metric.untraced.filter(|level| *level > 0.0).map(|level| 100.0 * metric.estimate / level);
    let interval = match (metric.low, metric.high) {
        (Some(low), Some(high)) => format!("95 % interval {} to {}", short(low), short(high)),
        _ => "too few pairs for an interval".into(),
    };
    let resolves = metric.mde.map(|mde| format!("; this run resolves {}", short(mde))).unwrap_or_default();
    let share = share.map(|share| format!(" ({share:+.1} %)")).unwrap_or_default();
    format!("{} us of server CPU per request{share}, {interval}{resolves}", short(metric.estimate))
}

fn section(scenario: &ScenarioVerdict, plan: &Plan, look: Look) -> String {
    let mut text = look.heading(&format!("{}: {}", scenario.name, tables::word(scenario.word)));
    if let Some(planned) = plan.scenarios.iter().find(|planned| planned.name == scenario.name) {
        let _ = writeln!(text, "{}", planned.question);
    }
    text.push_str(&tracers::all(scenario, look));
    if scenario.treatments.len() > FEW && look == Look::Terminal {
        text.push_str("\nThe details of each treatment are in summary.md of the run's folder.\n");
        return text;
    }
    for treatment in &scenario.treatments {
        let discarded = treatment.discarded_blocks;
        let _ =
            writeln!(text, "\n{}: {} pairs, {discarded} blocks discarded\n", treatment.name, treatment.pairs);
        let levels = match &treatment.capacity {
            None => tables::arms(treatment, look),
            Some(capacity) => capacity::show(capacity, look),
        };
        let _ = writeln!(text, "{levels}\n\n{}", tables::metrics(treatment, look));
        let _ = writeln!(text, "\n{}", tables::cpu(&treatment.cpu));
        let _ = writeln!(text, "{}", core(scenario, plan));
    }
    text
}

fn core(scenario: &ScenarioVerdict, plan: &Plan) -> &'static str {
    match plan.scenarios.iter().find(|planned| planned.name == scenario.name).map(|planned| planned.load.core)
    {
        Some(Core::KeptWarm) => {
            "A core warmer ran in both arms: no wake-up of the target's processor is measured."
        }
        _ => "No core warmer ran.",
    }
}

fn steps(verdict: &Verdict) -> String {
    let reasons = verdict.scenarios.iter().flat_map(|scenario| &scenario.reasons);
    let lines: String = reasons
        .map(|reason| format!("- {} [{}]: {}\n", reason.message, reason.code, reason.next_step))
        .collect();
    match (lines.is_empty(), verdict.word) {
        (true, Word::Pass) => "Nothing: every budget holds by its bound.\n".into(),
        (true, _) => "Nothing is judged here.\n".into(),
        (false, _) => lines,
    }
}

const HOW_TO_READ: &str = "\
A difference is the middle of many pairs of neighbouring blocks, one traced, one not, in random order. If the same run
were repeated often, about 95 of 100 intervals would hold the true difference. MDE is the least difference that a run
like this one finds in 80 of 100 cases. A budget passes when the whole interval is within it, and fails when the whole
interval is beyond it; anything else is inconclusive. Latency counts from the moment a request was planned.
";

fn machine(plan: &Plan, host: &Host) -> String {
    format!(
        "profile {}, seed {}; host class {}: {}, {} cores, kernel {}, cgroup {}, {}\n",
        plan.profile,
        plan.seed,
        host.class_id,
        host.class.cpu_model,
        host.class.cores,
        host.kernel,
        host.class.cgroup_mode,
        host.class.virtualisation
    )
}
