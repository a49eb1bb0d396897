//! The rule for a wake-up policy.

use record::wakeup;
use toml::de::DeValue;

use super::{super::nearest::nearest, Fault, Rule, found};

/// What may be written, with a number that is often used.
const EXAMPLES: [&str; 3] = ["adaptive", "bytes(4096)", "timer(10 ms)"];

/// When the agent is woken.
pub(in crate::scenario) struct Wakeup;

/// When the agent is woken.
pub(in crate::scenario) fn wakeup() -> Wakeup {
    Wakeup
}

impl Rule for Wakeup {
    type Value = wakeup::Wakeup;

    fn allowed(&self) -> String {
        let [adaptive, bytes, timer] = EXAMPLES.map(|example| format!("\"{example}\""));
        format!("{adaptive}, or with another number {bytes} or {timer}")
    }

    fn check(&self, value: &DeValue<'_>) -> Result<wakeup::Wakeup, Fault> {
        let Some(text) = value.as_str() else {
            return Err(self.fault(found(value), format!("write {}", self.allowed())));
        };
        text.parse().map_err(|wrong: wakeup::Wrong| match wrong {
            wakeup::Wrong::NoPolicy => self.fault("not known", advice(text, &self.allowed())),
            wakeup::Wrong::NoUnit => self.fault("a time without its unit", "write `ms` after the number"),
            wakeup::Wrong::NoNumber(range) => {
                let advice = format!("write a whole number from {} to {}", range.start(), range.end());
                self.fault("another number", advice)
            }
        })
    }
}

/// The word before the bracket tells which policy is meant.
fn advice(text: &str, allowed: &str) -> String {
    let word = text.split('(').next().unwrap_or_default().trim();
    let words = EXAMPLES.map(|example| example.split('(').next().unwrap_or(example));
    match nearest(word, words.into_iter()).and_then(|near| EXAMPLES.iter().find(|one| one.starts_with(near)))
    {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("write {allowed}"),
    }
}
