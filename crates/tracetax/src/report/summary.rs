//! The report in Markdown: verdict, headlines, everything that was measured, what to do.

use std::fmt::Write;

use record::{host::Host, plan::Plan, verdict::Verdict};

use super::{Look, details, headline, steps::steps, words};

/// `summary.md` of a run.
#[must_use]
pub fn markdown(verdict: &Verdict, plan: &Plan, host: &Host) -> String {
    let look = Look::Markdown;
    let mut text = format!("verdict: {} ({})\n", words::word(verdict.word), words::meaning(verdict.word));
    text.extend(verdict.notes.iter().map(|note| look.prose(note) + "\n"));
    for scenario in &verdict.scenarios {
        let headline = headline::sentences(scenario, plan).join("; ");
        let _ = writeln!(text, "- {}, {}: {headline}", scenario.name, words::word(scenario.word));
    }
    text.push_str(&look.heading("What to do"));
    text.push_str(&steps(verdict, look));
    text.push_str(&details::all(verdict, plan, look));
    let _ = write!(text, "\n{}", machine(plan, host));
    text
}

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
        words::virtualisation(&host.class.virtualisation)
    )
}
