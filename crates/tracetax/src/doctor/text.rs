//! The facts as text: a line each, and below it, where it is not well, why it matters and what to do.

use std::fmt::Write as _;

use record::doctor::{Fact, State};

use crate::report::{Look, words};

/// Letters of the longest word for a state.
const WIDEST: usize = 7;

/// Everything. With `verbose` each fact says why it matters.
pub(super) fn render(facts: &[Fact], verbose: bool, look: Look) -> String {
    let mut text = String::new();
    let width = facts.iter().map(|fact| fact.id.len()).max().unwrap_or(0);
    for group in facts.chunk_by(|a, b| a.group == b.group) {
        let _ = writeln!(text, "{}", look.strong(&group[0].group));
        for fact in group {
            text.push_str(&line(fact, width, verbose, look));
        }
    }
    let _ = writeln!(text, "\n{}", sum(facts));
    if let Some(first) = first(facts) {
        let _ = writeln!(text, "first: {first}");
    }
    text
}

fn line(fact: &Fact, width: usize, verbose: bool, look: Look) -> String {
    let Fact { id, state, found, wanted, why, next_step, .. } = fact;
    let (word, gap) = (look.state(*state), " ".repeat(WIDEST - words::state(*state).len()));
    let mut text = format!("  {word}{gap}  {id:<width$}  {found}\n");
    if verbose || matches!(state, State::Warn | State::Fail) {
        let _ = writeln!(text, "           wanted: {wanted}\n           why: {why}");
    }
    if let Some(next_step) = next_step {
        let _ = writeln!(text, "           next: {next_step}");
    }
    text
}

/// How many there are of each state, the good ones first.
fn sum(facts: &[Fact]) -> String {
    let count = |state| facts.iter().filter(|fact| fact.state == state).count();
    let each = [State::Ok, State::Warn, State::Fail, State::Unknown].map(|state| (count(state), state));
    let told = each.iter().filter(|(count, state)| *count > 0 || *state != State::Unknown);
    let parts: Vec<String> = told.map(|(count, state)| format!("{count} {}", words::state(*state))).collect();
    format!("{} facts: {}", facts.len(), parts.join(", "))
}

/// What to do first: about the first of the worst.
fn first(facts: &[Fact]) -> Option<String> {
    let of = |state| facts.iter().find(|fact| fact.state == state);
    let fact = of(State::Fail).or_else(|| of(State::Warn)).or_else(|| of(State::Unknown))?;
    Some(format!("{}: {}", fact.id, fact.next_step.as_deref()?))
}
