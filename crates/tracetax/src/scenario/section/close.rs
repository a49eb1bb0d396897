//! The end of a section: which keys are left over, and which were never there.

use toml::{
    Spanned,
    de::{DeString, DeValue},
};

use super::{
    super::{
        key::{Key, Need},
        nearest::nearest,
        notes::{Stray, unknown},
        step::{Step, add},
    },
    Section, bare,
};

impl Section<'_, '_> {
    /// Reads the section, and notes what `read` did not ask for and what it missed.
    pub(super) fn finish<T>(mut self, read: impl FnOnce(&mut Section<'_, '_>) -> Option<T>) -> Option<T> {
        let value = read(&mut self);
        self.weigh_needs();
        let table = self.table;
        for (key, value) in table.iter() {
            if !self.asked.iter().any(|asked| bare(asked.name) == key.get_ref()) {
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
        let absent = self.asked.iter().filter(|asked| !self.holds(asked.name));
        let meant = nearest(key.get_ref(), absent.clone().map(|asked| bare(asked.name)))
            .and_then(|meant| absent.into_iter().find(|asked| bare(asked.name) == meant));
        let Some(meant) = meant else {
            return self.notes.add_stray(Stray { section: self.head, name, span });
        };
        let step = Step::Meant(match meant.allowed.as_str() {
            "" => format!("`{}`?", meant.name),
            allowed => format!("`{}`? It must be {allowed}", meant.name),
        });
        let meant = meant.name;
        self.missing.retain(|names| !names.contains(&meant));
        self.mistake(span, unknown(&name, self.head), "", step);
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
        self.mistake(span, title, "", add(lines.join(", or ")));
    }

    fn to_add(&self, key: &Key) -> String {
        if !key.allowed.is_empty() {
            return format!("`{} = ...` ({})", key.name, key.allowed);
        }
        let inside = || self.notes.keys_of(key.name);
        let required = inside().filter(|key| key.need == Need::Required);
        let names = required.map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ");
        let decides = inside().find_map(|key| if let Need::By(by) = key.need { Some(by.key) } else { None });
        let more =
            decides.map_or(String::new(), |key| format!(", and the keys that the word of `{key}` asks for"));
        format!("`{}` with {names}{more}", key.name)
    }
}
