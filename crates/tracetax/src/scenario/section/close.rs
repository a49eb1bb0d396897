//! The end of a section: which keys are left over, and which were never there.

use toml::{
    Spanned,
    de::{DeString, DeValue},
};

use super::{
    super::{
        nearest::nearest,
        notes::{Key, Need, Stray, unknown},
    },
    Section, bare,
};

impl Section<'_, '_> {
    /// Reads the section, and notes what `read` did not ask for and what it missed.
    pub(super) fn finish<T>(mut self, read: impl FnOnce(&mut Section<'_, '_>) -> Option<T>) -> Option<T> {
        let value = read(&mut self);
        let table = self.table;
        for (key, value) in table.iter() {
            if !self.asked.iter().any(|name| bare(name) == key.get_ref()) {
                self.unknown(key, value);
            }
        }
        for names in std::mem::take(&mut self.missing) {
            self.tell_missing(&names);
        }
        value
    }

    /// A key that is like a missing one is that one misspelt; both are told as one mistake.
    fn unknown(&mut self, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) {
        let (name, span) = match value.get_ref() {
            DeValue::Table(_) => (format!("[{}]", key.get_ref()), value.span()),
            _ => (key.get_ref().to_string(), key.span()),
        };
        let absent = self.asked.iter().copied().filter(|name| !self.holds(name));
        let Some(meant) = nearest(key.get_ref(), absent.map(bare)) else {
            return self.notes.add_stray(Stray { section: self.head, name, span });
        };
        self.missing.retain(|names| !names.iter().any(|name| bare(name) == meant));
        let known = self.notes.keys_of(self.head).find(|known| bare(known.name) == meant);
        let advice = known.map_or(String::new(), |known| match known.allowed.as_str() {
            "" => format!("did you mean `{}`?", known.name),
            allowed => format!("did you mean `{meant}`? It must be {allowed}"),
        });
        self.mistake(span, unknown(&name, self.head), "", advice);
    }

    fn tell_missing(&mut self, names: &[&'static str]) {
        let known = |name| self.notes.keys_of(self.head).find(|key| key.name == name);
        let lines: Vec<_> =
            names.iter().filter_map(|name| known(*name)).map(|key| self.to_add(key)).collect();
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        let title = match quoted.as_slice() {
            [one] => format!("{one} is missing{}", self.inside()),
            several => format!("one of {} is missing{}", several.join(", "), self.inside()),
        };
        let end = self.notes.text.trim_end().len();
        let span = if names.iter().any(|name| name.starts_with('[')) { end..end } else { self.span.clone() };
        self.mistake(span, title, "", format!("add {}", lines.join(", or ")));
    }

    fn to_add(&self, key: &Key) -> String {
        if !key.allowed.is_empty() {
            return format!("`{} = ...` ({})", key.name, key.allowed);
        }
        let required = self.notes.keys_of(key.name).filter(|key| key.need == Need::Required);
        format!(
            "`{}` with {}",
            key.name,
            required.map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ")
        )
    }
}
