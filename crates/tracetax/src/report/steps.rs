//! What to do next, and why.

use record::verdict::{Reason, Verdict, Word};

use super::Look;

/// The reasons of all scenarios with their next steps; that nothing is to be done, where there are none.
pub(crate) fn steps(verdict: &Verdict, look: Look) -> String {
    let reasons: Vec<&Reason> = verdict.scenarios.iter().flat_map(|scenario| &scenario.reasons).collect();
    match (reasons.is_empty(), verdict.word) {
        (true, Word::Pass) => "Nothing: every limit holds, and not by chance.\n".into(),
        (true, _) => "Nothing is judged here.\n".into(),
        (false, _) if look == Look::Markdown => reasons.into_iter().map(line).collect(),
        (false, _) => list(&reasons, look),
    }
}

fn line(reason: &Reason) -> String {
    let Reason { code, message, next_step } = reason;
    format!("- {message} [{code}]: {next_step}\n")
}

/// So many reasons of one step are told.
const MOST: usize = 3;

/// Each step once, in the order of the reasons, with why it is to be taken.
pub(crate) fn list(reasons: &[&Reason], look: Look) -> String {
    let mut text = String::new();
    for (index, reason) in reasons.iter().enumerate() {
        let step = &reason.next_step;
        if reasons[..index].iter().any(|before| before.next_step == *step) {
            continue;
        }
        let alike: Vec<_> = reasons[index..].iter().filter(|other| other.next_step == *step).collect();
        text += &(look.item("- ", step) + "\n");
        for Reason { code, message, .. } in alike.iter().take(MOST) {
            text += &(look.item("  why: ", &format!("{message} [{code}]")) + "\n");
        }
        if alike.len() > MOST {
            text += &format!("  and {} more reasons like these\n", alike.len() - MOST);
        }
    }
    text
}
