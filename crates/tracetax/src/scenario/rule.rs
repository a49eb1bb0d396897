//! What a value may be. A rule says what it allows, takes a value or tells what is wrong with it.
//!
//! Rules know nothing of keys, sections or other values; what depends on two values is in `form`.

mod ladder;
mod number;
mod text;
mod wakeup;

use toml::de::DeValue;

use super::{
    nearest::nearest,
    shape::Shape,
    step::{Step, write},
};

pub(super) use ladder::Ladder;
pub(super) use number::{grouped, number, whole};
pub(super) use text::{name, name_of_file, request_path, sentence};
pub(super) use wakeup::wakeup;

/// What is wrong with a value, and what to write instead.
#[derive(Debug)]
pub(super) struct Fault {
    /// What the rule allows.
    pub(super) allowed: String,
    /// What was found.
    pub(super) found: String,
    /// What to do about it.
    pub(super) step: Step,
}

/// A rule for one value.
pub(super) trait Rule {
    /// What a value becomes.
    type Value;

    /// What may be written, as it goes on after "must be".
    fn allowed(&self) -> String;

    /// The same for programs, as far as it can be said.
    fn shape(&self) -> Shape;

    /// The checked value.
    fn check(&self, value: &DeValue<'_>) -> Result<Self::Value, Fault>;

    /// A fault of this rule.
    fn fault(&self, found: impl Into<String>, step: Step) -> Fault {
        Fault { allowed: self.allowed(), found: found.into(), step }
    }
}

/// One of a few words.
pub(super) struct OneOf<T: 'static>(&'static [(&'static str, T)]);

/// One of these words; each stands for a value.
pub(super) fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> OneOf<T> {
    OneOf(words)
}

impl<T: Copy> Rule for OneOf<T> {
    type Value = T;

    fn allowed(&self) -> String {
        match self.0 {
            [(only, _)] => format!("\"{only}\""),
            words => format!(
                "one of {}",
                words.iter().map(|(w, _)| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn shape(&self) -> Shape {
        Shape::Word(self.0.iter().map(|(word, _)| *word).collect())
    }

    fn check(&self, value: &DeValue<'_>) -> Result<T, Fault> {
        let Some(text) = value.as_str() else {
            return Err(self.fault(found(value), write(self.allowed())));
        };
        let words = || self.0.iter().map(|(word, _)| *word);
        self.0.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let step = match nearest(text, words()) {
                Some(word) => Step::Meant(format!("\"{word}\"?")),
                None => write(self.allowed()),
            };
            self.fault("not known", step)
        })
    }
}

/// A switch that can only be on.
pub(super) struct OnlyTrue;

impl Rule for OnlyTrue {
    type Value = ();

    fn allowed(&self) -> String {
        "true".to_owned()
    }

    fn shape(&self) -> Shape {
        Shape::True
    }

    fn check(&self, value: &DeValue<'_>) -> Result<(), Fault> {
        match value {
            DeValue::Boolean(true) => Ok(()),
            DeValue::Boolean(false) => Err(self.fault("found `false`", write("`true`, or remove the line"))),
            other => Err(self.fault(found(other), write("`true`, without quotes"))),
        }
    }
}

/// What a value is, for a reader who expected something else.
pub(super) fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(_) => "found text".to_owned(),
        DeValue::Integer(_) | DeValue::Float(_) => "found a number".to_owned(),
        DeValue::Boolean(value) => format!("found `{value}`"),
        DeValue::Datetime(_) => "found a date or time".to_owned(),
        DeValue::Array(_) => "found a list".to_owned(),
        DeValue::Table(_) => "found a section".to_owned(),
    }
}
