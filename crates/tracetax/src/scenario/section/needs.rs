//! Which keys have to be in a section, and which may not: read off the form, once all of it was asked for.

use super::{
    super::{
        key::{Condition, Key, Need},
        step::{Step, remove},
    },
    Section,
};

impl Section<'_, '_> {
    /// Notes what is missing, and what may not be here.
    pub(super) fn weigh_needs(&mut self) {
        for key in self.asked.clone() {
            match key.need {
                Need::Required => self.require_one_of(&[key.name]),
                Need::Optional(_) => {}
                Need::OneOf(names) => self.exactly_one_of(&key, names),
                Need::By(condition) => self.decided(&key, condition),
                Need::Beside(other, _) => self.only_beside(&key, other),
            }
        }
    }

    /// Told once for all of them, at the first.
    fn exactly_one_of(&mut self, key: &Key, names: &'static [&'static str]) {
        if names.first() == Some(&key.name) {
            self.require_one_of(names);
        }
        let first = names.iter().find(|name| self.holds(name));
        if let Some(first) = first.filter(|first| **first != key.name && self.holds(key.name)) {
            let (title, step) = if self.head.is_empty() {
                (format!("a scenario has `{first}` or `{}`, not both", key.name), remove("one of the two"))
            } else {
                let title = format!("a {} does one thing, not `{first}` and `{}`", self.name(), key.name);
                (title, remove(format!("one of the two, or write another `{}`", self.head)))
            };
            self.mistake(self.span_of(key.name), title, "", step);
        }
    }

    /// Nothing is said where the key that decides is itself wrong: that is a mistake of its own.
    fn decided(&mut self, key: &Key, condition: &Condition) {
        let Some(word) = self.known_word(condition.key) else { return };
        if condition.words.contains(&word.as_str()) {
            self.require_one_of(&[key.name]);
        } else if self.holds(key.name) {
            let decides = condition.key;
            let title = format!("`{}`{} cannot be with `{decides} = \"{word}\"`", key.name, self.inside());
            let step = remove(format!("it, or write `{decides} = \"{}\"`", condition.words[0]));
            self.mistake(self.span_of(key.name), title, condition.why, step);
        }
    }

    /// The word that a key holds, where it is one of those that its shape has.
    fn known_word(&self, name: &str) -> Option<String> {
        let word = self.table.get(name)?.get_ref().as_str()?;
        let key = self.notes.keys_of(self.head).find(|key| key.name == name)?;
        key.words().contains(&word).then(|| word.to_owned())
    }

    /// A key that would change nothing is a misunderstanding. Where the section does nothing at all, that is told instead.
    fn only_beside(&mut self, key: &Key, other: &'static str) {
        let chosen = self.notes.keys_of(self.head).filter(|key| matches!(key.need, Need::OneOf(_)));
        let does_something = chosen.map(|key| key.name).any(|name| self.holds(name));
        if self.holds(key.name) && !self.holds(other) && does_something {
            let title =
                format!("`{}`{} is of a {other}, and this {} has none", key.name, self.inside(), self.name());
            let step = Step::Remove(format!("it, or move it to a {} with a `{other}`", self.name()));
            self.mistake(self.span_of(key.name), title, "", step);
        }
    }
}
