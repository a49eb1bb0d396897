//! Notes beside the scenario files, in GitHub's workflow commands
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).

use record::verdict::Word;

use super::{
    cases::{Case, Suite},
    words::word,
};

/// GitHub shows no more of a kind in one step.
const MOST: usize = 10;

/// One line a note, worst first; what is beyond the limit is counted in the last one.
#[must_use]
pub fn render(suites: &[Suite<'_>]) -> String {
    let mut notes: Vec<Note> = suites.iter().flat_map(notes).collect();
    notes.sort_by_key(|note| note.word);
    let more = notes.len().saturating_sub(MOST);
    if more > 0 {
        notes.truncate(MOST - 1);
        let message = format!("{} findings more are in summary.md", more + 1);
        notes.push(Note { word: Word::New, place: String::new(), title: "tracetax".into(), message });
    }
    notes.iter().map(Note::line).collect()
}

/// One note beside any file.
#[must_use]
pub fn note(word: Word, file: &str, title: &str, message: &str) -> String {
    let place = format!("file={},", property(file));
    Note { word, place, title: title.into(), message: message.into() }.line()
}

struct Note {
    word: Word,
    /// Properties that say where it belongs, each with a comma behind it.
    place: String,
    title: String,
    message: String,
}

impl Note {
    fn line(&self) -> String {
        let level = level(self.word);
        format!("::{level} {}title={}::{}\n", self.place, property(&self.title), data(&self.message))
    }
}

fn notes(suite: &Suite<'_>) -> Vec<Note> {
    let whole = (suite.is_said_of_the_whole() && suite.word != Word::Pass)
        .then(|| beside(suite, suite.word, None, suite.why()));
    let cases = suite.cases.iter().filter_map(|case| match case.word? {
        Word::Pass => None,
        said => Some(beside(suite, said, case.line, message(suite, case))),
    });
    whole.into_iter().chain(cases).collect()
}

fn beside(suite: &Suite<'_>, said: Word, line: Option<u32>, message: String) -> Note {
    let file = property(&format!("scenarios/{}.toml", suite.scenario));
    let line = line.map(|line| format!("line={line},")).unwrap_or_default();
    let title = format!("{}: {}", suite.scenario, word(said));
    Note { word: said, place: format!("file={file},{line}"), title, message }
}

fn message(suite: &Suite<'_>, case: &Case<'_>) -> String {
    let next = suite.reason_of(case).map(|reason| format!("\nNext: {}", reason.next_step));
    format!("{}: {}{}", case.treatment, case.said, next.unwrap_or_default())
}

fn level(word: Word) -> &'static str {
    match word {
        Word::Invalid | Word::OverBudget | Word::Regressed => "error",
        Word::NotComparable | Word::Inconclusive => "warning",
        Word::New | Word::Improved | Word::Pass => "notice",
    }
}

/// As the runner decodes the text behind `::` (`escapeData` of actions/toolkit).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it decodes a property, which ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
