//! Takes keys out of one section. What it takes is checked by a rule; what is left over at the end is a mistake.
//!
//! Asking for a key is also its description: the form is written once, in `form`.

mod close;
mod needs;

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    excerpt::line_number,
    key::{Condition, Key, LeftOut, Meaning, Need},
    mistakes::Mistake,
    notes::Notes,
    rule::{Rule, found},
    step::{Step, write},
};

/// A checked value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// Reads what a section means. None when something of it is wrong, which is then noted.
pub(super) type Read<T> = fn(&mut Section<'_, '_>) -> Option<T>;

/// A section that is being read.
pub(super) struct Section<'d, 't> {
    /// Its head, such as `[load]`; empty at the top of the file.
    head: &'static str,
    span: Range<usize>,
    table: &'d DeTable<'d>,
    asked: Vec<Key>,
    /// Of each of these groups, one key has to be there, and none is.
    missing: Vec<Vec<&'static str>>,
    notes: &'d mut Notes<'t>,
}

/// Reads the top of a file.
pub(super) fn top<T>(
    table: &DeTable<'_>,
    notes: &mut Notes<'_>,
    read: impl FnOnce(&mut Section<'_, '_>) -> Option<T>,
) -> Option<T> {
    Section::of("", 0..0, table, notes).finish(read)
}

impl<'d, 't> Section<'d, 't> {
    fn of(head: &'static str, span: Range<usize>, table: &'d DeTable<'d>, notes: &'d mut Notes<'t>) -> Self {
        Self { head, span, table, asked: Vec::new(), missing: Vec::new(), notes }
    }

    /// A key that has to be there.
    pub(super) fn required<R: Rule>(
        &mut self,
        name: &'static str,
        rule: &R,
        means: Meaning,
    ) -> Option<At<R::Value>> {
        self.take(name, rule, Need::Required, means)
    }

    /// A key that may be left out.
    pub(super) fn optional<R: Rule>(
        &mut self,
        name: &'static str,
        rule: &R,
        left_out: LeftOut,
        means: Meaning,
    ) -> Option<At<R::Value>> {
        self.take(name, rule, Need::Optional(left_out), means)
    }

    /// A key of which the condition says whether it has to be there or may not.
    pub(super) fn by<R: Rule>(
        &mut self,
        condition: &'static Condition,
        name: &'static str,
        rule: &R,
        means: Meaning,
    ) -> Option<At<R::Value>> {
        self.take(name, rule, Need::By(condition), means)
    }

    /// A key with a value, which is checked by its rule. Whether it has to be there is looked at when the section ends.
    pub(super) fn take<R: Rule>(
        &mut self,
        name: &'static str,
        rule: &R,
        need: Need,
        means: Meaning,
    ) -> Option<At<R::Value>> {
        let Meaning { text: meaning, example } = means;
        let (allowed, shape) = (rule.allowed(), Some(rule.shape()));
        self.ask(Key { section: self.head, name, allowed, shape, need, meaning, example });
        let value = self.table.get(name)?;
        match rule.check(value.get_ref()) {
            Ok(checked) => Some(At { value: checked, span: value.span() }),
            Err(fault) => {
                let title = format!("`{name}`{} must be {}", self.inside(), fault.allowed);
                self.mistake(value.span(), title, fault.found, fault.step);
                None
            }
        }
    }

    /// A section that has to be there.
    pub(super) fn section<T>(
        &mut self,
        head: &'static str,
        meaning: &'static str,
        read: Read<T>,
    ) -> Option<T> {
        self.alternative(head, Need::Required, meaning, read)
    }

    /// A section of which `need` says whether it has to be there.
    pub(super) fn alternative<T>(
        &mut self,
        head: &'static str,
        need: Need,
        meaning: &'static str,
        read: Read<T>,
    ) -> Option<T> {
        self.ask_section(head, need, meaning);
        self.enter(head, read)
    }

    /// A section that may be left out, and is then read as an empty one.
    pub(super) fn optional_section<T>(
        &mut self,
        head: &'static str,
        left_out: &'static str,
        meaning: &'static str,
        read: Read<T>,
    ) -> Option<T> {
        self.ask_section(head, Need::Optional(LeftOut::Means(left_out)), meaning);
        self.enter(head, read)
    }

    /// A section that may stand several times, or not at all.
    pub(super) fn list<T>(
        &mut self,
        head: &'static str,
        left_out: &'static str,
        meaning: &'static str,
        read: Read<T>,
    ) -> Option<Vec<T>> {
        self.ask_section(head, Need::Optional(LeftOut::Means(left_out)), meaning);
        let Some(value) = self.table.get(bare(head)) else {
            self.imagine(head, read);
            return None;
        };
        match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => {
                let read_all: Vec<_> = items.iter().map(|item| self.item(head, item, read)).collect();
                read_all.into_iter().collect()
            }
            _ => self.not_a_section(head, value),
        }
    }

    fn enter<T>(&mut self, head: &'static str, read: Read<T>) -> Option<T> {
        match self.table.get(bare(head)) {
            None => self.imagine(head, read),
            Some(value) => self.item(head, value, read),
        }
    }

    fn item<T>(&mut self, head: &'static str, value: &Spanned<DeValue<'_>>, read: Read<T>) -> Option<T> {
        match value.get_ref() {
            DeValue::Table(table) => Section::of(head, value.span(), table, self.notes).finish(read),
            _ => self.not_a_section(head, value),
        }
    }

    /// Reads a section that is not there: the form is the same, but nothing is missed in it.
    fn imagine<T>(&mut self, head: &'static str, read: Read<T>) -> Option<T> {
        let mut notes = Notes::new("");
        let value = Section::of(head, 0..0, &DeTable::new(), &mut notes).finish(read);
        notes.into_keys().into_iter().for_each(|key| self.notes.add_key(key));
        value
    }

    fn not_a_section<T>(&mut self, head: &'static str, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let title = match head.starts_with("[[") {
            true => format!("`{}` must be one or more sections", bare(head)),
            false => format!("`{}` must be one section", bare(head)),
        };
        let step =
            write(format!("its head, `{head}`, on a line of its own, and its keys on the lines after"));
        self.mistake(value.span(), title, found(value.get_ref()), step);
        None
    }

    fn ask_section(&mut self, head: &'static str, need: Need, meaning: &'static str) {
        let (section, allowed, example) = (self.head, String::new(), "");
        self.ask(Key { section, name: head, allowed, shape: None, need, meaning, example });
    }

    fn ask(&mut self, key: Key) {
        self.notes.add_key(key.clone());
        self.asked.push(key);
    }

    /// Whether the file holds the key, with a good value or a bad one.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.table.contains_key(bare(name))
    }

    /// Notes when none of these keys is there.
    fn require_one_of(&mut self, names: &[&'static str]) {
        if !names.iter().any(|name| self.holds(name)) {
            self.missing.push(names.to_vec());
        }
    }

    /// Where the value of a key stands; the head of the section when it is not there.
    pub(super) fn span_of(&self, name: &str) -> Range<usize> {
        self.table.get_key_value(bare(name)).map_or(self.span.clone(), |(key, _)| key.span())
    }

    /// Its name, without brackets.
    pub(super) fn name(&self) -> &'static str {
        bare(self.head)
    }

    /// The line of a value, from 1.
    pub(super) fn line_of<T>(&self, value: &At<T>) -> usize {
        line_number(self.notes.text, value.span.start)
    }

    /// Notes something that a rule cannot see, since it depends on several values.
    pub(super) fn mistake(
        &mut self,
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
        step: Step,
    ) {
        let (title, label) = (title.into(), label.into());
        self.notes.add(Mistake { span: Some(span), title, label, step });
    }

    fn inside(&self) -> String {
        if self.head.is_empty() { String::new() } else { format!(" in {}", self.head) }
    }
}

/// `load` of `[load]` and of `[[load]]`.
fn bare(head: &str) -> &str {
    head.trim_matches(['[', ']'])
}
