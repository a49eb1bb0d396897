//! All mistakes of a file, as one text for people. No I/O and no colour.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use super::{excerpt::Excerpt, step::Step};
use crate::printable::escaped;

/// More than this many are counted, not shown: the first ones usually explain the rest.
const SHOWN: usize = 20;

/// One mistake, with where it is and what to do.
#[derive(Debug)]
pub(super) struct Mistake {
    /// Bytes of the text; none when the file as a whole is meant.
    pub(super) span: Option<Range<usize>>,
    /// What is wrong, and what is allowed.
    pub(super) title: String,
    /// What was found, beside the caret.
    pub(super) label: String,
    /// What to do about it.
    pub(super) step: Step,
}

impl Mistake {
    /// A mistake that no place in the file shows.
    pub(super) fn of_file(title: impl Into<String>, step: Step) -> Self {
        Self { span: None, title: title.into(), label: String::new(), step }
    }
}

/// Everything that is wrong with a scenario file. Its text is the whole message, for standard error.
#[derive(Debug)]
pub struct Mistakes {
    file: String,
    text: String,
    mistakes: Vec<Mistake>,
    /// What is left out, and why.
    remark: &'static str,
}

impl Mistakes {
    /// The mistakes of a text, in any order.
    pub(super) fn new(file: &str, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.as_ref().map(|span| span.start));
        Self { file: escaped(file), text: text.to_owned(), mistakes, remark: "" }
    }

    /// The same, with a last sentence.
    pub(super) fn with_remark(self, remark: &'static str) -> Self {
        Self { remark, ..self }
    }

    fn one(&self, mistake: &Mistake) -> String {
        let title = Level::ERROR.primary_title(&mistake.title);
        let group = match &mistake.span {
            Some(span) => {
                let excerpt = Excerpt::of(&self.text, span);
                let mark = AnnotationKind::Primary.span(excerpt.span).label(&mistake.label);
                let snippet = Snippet::source(excerpt.line).line_start(excerpt.number).path(&self.file);
                title.element(snippet.annotation(mark))
            }
            None => title.element(Origin::path(&self.file)),
        };
        let step = mistake.step.to_string();
        Renderer::plain().render(&[group.element(Level::HELP.message(&step))])
    }

    fn summary(&self) -> Option<String> {
        let shown = match self.mistakes.len() {
            1 => return (!self.remark.is_empty()).then(|| self.remark.to_owned()),
            many if many > SHOWN => {
                format!(", of which the first {SHOWN} are shown: mend those, and check again")
            }
            _ => String::new(),
        };
        let sentence = format!("{} mistakes in {}{shown}. {}", self.mistakes.len(), self.file, self.remark);
        Some(sentence.trim_end().to_owned())
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.mistakes.iter().take(SHOWN).map(|mistake| self.one(mistake));
        f.write_str(&messages.chain(self.summary()).collect::<Vec<_>>().join("\n\n"))
    }
}

impl std::error::Error for Mistakes {}
