//! Where a text is shown, and so how: an argument of every text, so that the texts themselves stay pure.

use std::io::{IsTerminal, Stdout, stdout};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use record::{doctor::State, verdict::Word};
use tabled::{
    Table,
    settings::{Padding, Style as Lines, Width, peaker::PriorityMax, style::HorizontalLine},
};

use super::words;

/// Where the text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// In a terminal, or wherever standard output goes.
    Terminal(Screen),
    /// In Markdown.
    Markdown,
}

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Characters a line, where it is known.
    pub columns: Option<usize>,
    /// Whether it has colours, and they are wanted.
    pub paint: Paint,
}

/// Whether text has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Text alone.
    Plain,
    /// ANSI escapes.
    Colour,
}

const HEADING: Style = Style::new().bold();

impl Screen {
    /// Text alone, of unknown width.
    pub const PLAIN: Self = Self { columns: None, paint: Paint::Plain };

    /// Standard output. Colours are for terminals; `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE` and `TERM=dumb` are heeded, as
    /// `anstream` reads them.
    #[must_use]
    pub fn of_stdout() -> Self {
        let out = stdout();
        let paint = match AutoStream::choice(&out) {
            ColorChoice::Never => Paint::Plain,
            _ => Paint::Colour,
        };
        Self { columns: columns(&out), paint }
    }

    fn painted(self, style: Style, text: &str) -> String {
        match self.paint {
            Paint::Plain => text.to_owned(),
            Paint::Colour => format!("{style}{text}{style:#}"),
        }
    }
}

fn columns(out: &Stdout) -> Option<usize> {
    let size = out.is_terminal().then(|| rustix::termios::tcgetwinsize(out).ok()).flatten()?;
    // A terminal that does not know its size says 0.
    (size.ws_col > 0).then_some(size.ws_col.into())
}

impl Look {
    /// Standard output.
    #[must_use]
    pub fn of_stdout() -> Self {
        Self::Terminal(Screen::of_stdout())
    }

    /// A heading on a line of its own, with an empty one before it.
    #[must_use]
    pub fn heading(self, text: &str) -> String {
        match self {
            Self::Terminal(_) => format!("\n{}\n", self.strong(text)),
            Self::Markdown => format!("\n## {text}\n"),
        }
    }

    /// Something to be seen first.
    #[must_use]
    pub fn strong(self, text: &str) -> String {
        match self {
            Self::Terminal(screen) => screen.painted(HEADING, text),
            Self::Markdown => format!("**{text}**"),
        }
    }

    /// A word of a verdict.
    #[must_use]
    pub fn word(self, word: Word) -> String {
        match self {
            Self::Terminal(screen) => screen.painted(colour(word), words::word(word)),
            Self::Markdown => words::word(word).to_owned(),
        }
    }

    /// How a fact of the machine is judged.
    #[must_use]
    pub fn state(self, state: State) -> String {
        match self {
            Self::Terminal(screen) => screen.painted(colour_of_state(state), words::state(state)),
            Self::Markdown => words::state(state).to_owned(),
        }
    }

    /// Sentences as one paragraph, which a terminal gets in whole words. A pipe gets it in one line, to be searched.
    #[must_use]
    pub fn prose(self, text: &str) -> String {
        self.item("", text)
    }

    /// A paragraph behind a mark, whose other lines are set in.
    #[must_use]
    pub fn item(self, mark: &str, text: &str) -> String {
        match self {
            Self::Terminal(Screen { columns: Some(columns), .. }) => {
                let options = textwrap::Options::new(columns.max(NARROWEST))
                    .word_splitter(textwrap::WordSplitter::NoHyphenation)
                    .initial_indent(mark)
                    .subsequent_indent(if mark.is_empty() { "" } else { "  " });
                // A number and its `%` stay on one line.
                textwrap::fill(&text.replace(" %", "\u{a0}%"), options).replace("\u{a0}%", " %")
            }
            _ => format!("{mark}{text}"),
        }
    }

    /// A table, no wider than the terminal; a pipe gets each row in one line.
    #[must_use]
    pub fn table(self, mut table: Table) -> String {
        match self {
            Self::Terminal(screen) => {
                table.with(LINES).with(Padding::new(0, 2, 0, 0));
                if let Some(columns) = screen.columns {
                    let columns = columns.max(NARROWEST_TABLE);
                    table.with(Width::wrap(columns).keep_words(true).priority(PriorityMax::right()));
                }
            }
            Self::Markdown => {
                table.with(Lines::markdown());
            }
        }
        // What a column has less than the widest of its cells is nothing to see at the end of a line.
        let lines = table.to_string();
        lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }
}

/// Columns apart by two spaces, and a line under their heads.
const LINES: Lines<(), (), (), (), (), (), 1, 0> =
    Lines::empty().horizontals([(1, HorizontalLine::new('\u{2500}'))]);

/// What is narrower is left to the terminal.
const NARROWEST: usize = 40;
const NARROWEST_TABLE: usize = 80;

/// Green needs no reader, red does, yellow wants one more step.
fn colour(word: Word) -> Style {
    let colour = match word {
        Word::Pass | Word::Improved => AnsiColor::Green,
        Word::New | Word::Inconclusive | Word::NotComparable => AnsiColor::Yellow,
        Word::Regressed | Word::OverBudget | Word::Invalid => AnsiColor::Red,
    };
    colour.on_default().bold()
}

fn colour_of_state(state: State) -> Style {
    match state {
        State::Ok => AnsiColor::Green.on_default(),
        State::Unknown => AnsiColor::Cyan.on_default(),
        State::Warn => AnsiColor::Yellow.on_default().bold(),
        State::Fail => AnsiColor::Red.on_default().bold(),
    }
}
