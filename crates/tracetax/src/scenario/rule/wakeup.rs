//! The rule for a wake-up policy.

use std::ops::RangeInclusive;

use record::wakeup;
use toml::de::DeValue;

use super::{
    super::{
        nearest::nearest,
        shape::Shape,
        step::{Step, write},
    },
    Fault, Rule, found, grouped,
};

/// What may be written, with a number that is often used.
const EXAMPLES: [&str; 3] = ["adaptive", "bytes(4096)", "timer(10 ms)"];

/// More than any policy takes; a file has room for spaces.
const LONGEST: usize = 1_000;

/// When the agent is woken.
pub(in crate::scenario) struct Wakeup;

/// When the agent is woken.
pub(in crate::scenario) fn wakeup() -> Wakeup {
    Wakeup
}

impl Rule for Wakeup {
    type Value = wakeup::Wakeup;

    fn allowed(&self) -> String {
        let [adaptive, bytes, timer] = EXAMPLES;
        let (of_bytes, of_timer) = (range(&wakeup::BYTES), range(&wakeup::TIMER_MS));
        format!("\"{adaptive}\", or with another number \"{bytes}\" ({of_bytes}) or \"{timer}\" ({of_timer})")
    }

    /// The upper ends of the ranges are left out: a pattern for them could not be read.
    fn shape(&self) -> Shape {
        let pattern =
            r"^\s*(adaptive|bytes\s*\(\s*\+?0*[1-9][0-9]*\s*\)|timer\s*\(\s*\+?0*[1-9][0-9]*\s*ms\s*\))\s*$";
        Shape::Text { pattern, longest: LONGEST }
    }

    fn check(&self, value: &DeValue<'_>) -> Result<wakeup::Wakeup, Fault> {
        let Some(text) = value.as_str() else {
            return Err(self.fault(found(value), write(self.allowed())));
        };
        text.parse().map_err(|wrong: wakeup::Wrong| match wrong {
            wakeup::Wrong::NoPolicy => self.fault("not known", step(text, self.allowed())),
            wakeup::Wrong::NoUnit => self.fault("a time without its unit", write("`ms` after the number")),
            wakeup::Wrong::NoNumber(numbers) => {
                self.fault("another number", write(format!("a whole number from {}", range(&numbers))))
            }
        })
    }
}

/// The word before the bracket tells which policy is meant.
fn step(text: &str, allowed: String) -> Step {
    let word = text.split('(').next().unwrap_or_default().trim();
    let words = EXAMPLES.map(|example| example.split('(').next().unwrap_or(example));
    match nearest(word, words.into_iter()).and_then(|near| EXAMPLES.iter().find(|one| one.starts_with(near)))
    {
        Some(meant) => Step::Meant(format!("\"{meant}\"?")),
        None => write(allowed),
    }
}

fn range(numbers: &RangeInclusive<u64>) -> String {
    format!("{} to {}", grouped(*numbers.start() as f64), grouped(*numbers.end() as f64))
}
