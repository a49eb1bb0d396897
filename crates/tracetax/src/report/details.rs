//! Everything that was measured of a scenario: both arms, all differences, where the CPU time went.

use std::fmt::Write;

use record::{
    plan::{Core, Plan},
    verdict::{ScenarioVerdict, TreatmentVerdict, Verdict},
};

use super::{Look, capacity, headline::FEW, soak, tables, tracers};

/// All scenarios, and how to read them.
pub fn all(verdict: &Verdict, plan: &Plan, look: Look) -> String {
    let sections: String = verdict.scenarios.iter().map(|scenario| section(scenario, plan, look)).collect();
    sections + &look.heading("How to read this") + HOW_TO_READ
}

fn section(scenario: &ScenarioVerdict, plan: &Plan, look: Look) -> String {
    let mut text = look.heading(&format!("{}: {}", scenario.name, look.word(scenario.word)));
    if let Some(planned) = plan.scenarios.iter().find(|planned| planned.name == scenario.name) {
        let _ = writeln!(text, "{}", planned.question);
    }
    text.push_str(&tracers::all(scenario, look));
    if scenario.treatments.len() > FEW && look != Look::Markdown {
        text.push_str("\nThe details of each treatment are in summary.md of the run's folder.\n");
        return text;
    }
    for treatment in &scenario.treatments {
        let _ = writeln!(text, "\n{}: {}\n", treatment.name, extent(treatment));
        let levels = match (&treatment.capacity, &treatment.soak) {
            (Some(capacity), _) => capacity::show(capacity, look),
            (None, Some(soak)) => format!("{}\n\n{}", soak::show(soak, look), tables::arms(treatment, look)),
            (None, None) => tables::arms(treatment, look),
        };
        let _ = writeln!(text, "{levels}\n\n{}", tables::metrics(treatment, look));
        let _ = writeln!(text, "\n{}", look.prose(&tables::cpu(&treatment.cpu)));
        let _ = writeln!(text, "{}", core(scenario, plan));
    }
    text
}

/// How much was measured.
fn extent(treatment: &TreatmentVerdict) -> String {
    match &treatment.soak {
        Some(soak) => format!("{} windows", soak.windows),
        None => format!("{} pairs, {} blocks discarded", treatment.pairs, treatment.discarded_blocks),
    }
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

const HOW_TO_READ: &str = "\
A difference is the middle of many pairs of neighbouring blocks, one traced, one not, in random order. If the same run
were repeated often, about 95 of 100 intervals would hold the true difference. MDE is the least difference that a run
like this one finds in 80 of 100 cases. A limit holds when the cost is surely within it and fails when it is surely
beyond (p <= 1 %, and less where several scenarios have the limit: surer than the interval that is shown); anything else is inconclusive. Latency counts from the moment a request was planned.
";
