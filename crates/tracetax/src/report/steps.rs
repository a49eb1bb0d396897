//! What to do next, a line a reason.

use record::verdict::{Verdict, Word};

use super::Look;

/// The reasons of all scenarios with their next steps; that nothing is to be done, where there are none.
pub(crate) fn steps(verdict: &Verdict, look: Look) -> String {
    let reasons = verdict.scenarios.iter().flat_map(|scenario| &scenario.reasons);
    let lines: String = reasons.map(|reason| look.step(reason)).collect();
    match (lines.is_empty(), verdict.word) {
        (true, Word::Pass) => "Nothing: every limit holds, by the whole of its interval.\n".into(),
        (true, _) => "Nothing is judged here.\n".into(),
        (false, _) => lines,
    }
}
