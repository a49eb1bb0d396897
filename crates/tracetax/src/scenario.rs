//! Scenario files: one question a file, with the load that answers it and the budgets that judge it.
//!
//! A file becomes a checked [`Scenario`], or all its [`Mistakes`] at once. Nothing here starts a process, makes a
//! plan or judges a number, and only [`read`] does I/O.

mod excerpt;
mod file;
pub(crate) mod form;
mod key;
mod mistakes;
mod nearest;
mod notes;
mod reference;
mod rule;
mod schema;
mod section;
mod shape;
mod step;
mod syntax;

use std::collections::BTreeMap;

use record::plan::{Budget, BystanderPlan, Margin, ScenarioLoad, Tolerance, Treatment};

use mistakes::Mistake;
use notes::Notes;
use step::{Handling, Step};

pub use file::read;
pub use key::{Condition, Key, LeftOut, Need};
pub use mistakes::Mistakes;
pub use reference::{editor_comment, reference};
pub use schema::{FILE as SCHEMA_FILE, schema};
pub use shape::{Numbers, Shape};

/// A scenario file that holds no mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name of the file without `.toml`.
    pub name: String,
    /// What the scenario answers, in one sentence.
    pub question: String,
    /// The load of every block.
    pub load: ScenarioLoad,
    /// How many pairs are measured, or windows in a soak.
    pub pairs: Pairs,
    /// It is a soak.
    pub soak: bool,
    /// What is compared with `untraced`; at least one, with distinct names.
    pub treatments: Vec<Treatment>,
    /// Absolute limits.
    pub budget: Budget,
    /// Limits of paired cost.
    pub margin: Margin,
    /// Changes of cost that are of no consequence.
    pub tolerance: Tolerance,
    /// What the bystander does, where one is wanted.
    pub bystander: Option<BystanderPlan>,
    /// The line (from 1) of each limit that `[budget]`, `[margin]` and `[tolerance]` hold, as `budget.agent_memory_mb`, for
    /// notes beside the file.
    pub lines: BTreeMap<String, u32>,
}

/// How many pairs of blocks, or windows of a soak, are measured for each treatment, fixed before the run.
/// quick <= standard <= thorough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    /// Under the profile `quick`.
    pub quick: u32,
    /// Under the profile `standard`.
    pub standard: u32,
    /// Under the profile `thorough`.
    pub thorough: u32,
    /// Pairs before the target is started afresh; in a soak that never happens.
    pub per_life: u32,
}

/// Is this text a scenario? `name` becomes the scenario's name; `file` is only shown in messages.
///
/// # Errors
/// Every mistake of the text, in the order of its lines. When the text is not TOML, only that is told.
pub fn parse(name: &str, file: &str, text: &str) -> Result<Scenario, Mistakes> {
    // The mark that some editors put at the start would shift the columns of the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = syntax::document(file, text)?;
    let mut notes = Notes::new(text);
    notes.add_all(document.repeated);
    let name = match rule::name_of_file(name) {
        Ok(name) => Some(name),
        Err(fault) => {
            let title = format!("a scenario is named after its file, and its name must be {}", fault.allowed);
            notes.add(Mistake::of_file(title, Step::File(Handling::Rename)));
            None
        }
    };
    let scenario = form::read(&document.table, name, &mut notes);
    match (scenario, notes.into_mistakes()) {
        (Some(scenario), mistakes) if mistakes.is_empty() => Ok(scenario),
        (_, mistakes) => Err(Mistakes::new(file, text, mistakes)),
    }
}

/// Which keys may a scenario file hold? In the order of the form; what its schema and its reference page are made from.
#[must_use]
pub fn keys() -> Vec<Key> {
    let mut notes = Notes::new("");
    form::read(&toml::de::DeTable::new(), None, &mut notes);
    notes.into_keys()
}
