//! What reading a file brings to light: its mistakes, and the keys it was asked for.

use std::ops::Range;

use super::{
    key::Key,
    mistakes::Mistake,
    nearest::shown,
    step::{Step, remove, write},
};

/// A key that is not of its section, nor like one that is missing there.
pub(super) struct Stray {
    pub(super) section: &'static str,
    pub(super) name: String,
    pub(super) span: Range<usize>,
}

/// What was found so far.
pub(super) struct Notes<'t> {
    /// The text that is read.
    pub(super) text: &'t str,
    mistakes: Vec<Mistake>,
    strays: Vec<Stray>,
    keys: Vec<Key>,
}

impl<'t> Notes<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, mistakes: Vec::new(), strays: Vec::new(), keys: Vec::new() }
    }

    pub(super) fn add(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    pub(super) fn add_all(&mut self, mistakes: Vec<Mistake>) {
        self.mistakes.extend(mistakes);
    }

    pub(super) fn add_stray(&mut self, stray: Stray) {
        self.strays.push(stray);
    }

    /// A key that the form asks for; several sections of a list ask for the same.
    pub(super) fn add_key(&mut self, key: Key) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    pub(super) fn keys_of(&self, section: &str) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.section == section)
    }

    pub(super) fn into_keys(self) -> Vec<Key> {
        self.keys
    }

    /// All mistakes. Only at the end is it known whether a stray key belongs to another section.
    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        for stray in std::mem::take(&mut self.strays) {
            let mistake = self.about(stray);
            self.mistakes.push(mistake);
        }
        self.mistakes
    }

    fn about(&self, stray: Stray) -> Mistake {
        let step = match self.keys.iter().find(|key| key.name == stray.name) {
            Some(key) if key.name.starts_with('[') => write(format!("its head as `{}`", key.name)),
            Some(key) if key.section.is_empty() => {
                Step::Move("the top of the file, before all sections".to_owned())
            }
            Some(key) => Step::Move(key.section.to_owned()),
            None => {
                remove(format!("it; known {} are {}", place(stray.section), self.names_in(stray.section)))
            }
        };
        Mistake {
            span: Some(stray.span),
            title: unknown(&stray.name, stray.section),
            label: String::new(),
            step,
        }
    }

    fn names_in(&self, section: &str) -> String {
        let names: Vec<_> = self.keys_of(section).map(|key| format!("`{}`", key.name)).collect();
        names.join(", ")
    }
}

/// What is wrong with a key, or with the head of a section, that the form does not have there.
pub(super) fn unknown(name: &str, section: &str) -> String {
    format!("`{}` is not known {}", shown(name), place(section))
}

fn place(section: &str) -> String {
    if section.is_empty() { "at the top of the file".to_owned() } else { format!("in {section}") }
}
