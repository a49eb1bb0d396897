//! From text to a TOML table, with all that is not TOML. Knows no key of the form.

use toml::{
    Spanned,
    de::{DeTable, Error},
};

use super::{
    mistakes::{Mistake, Mistakes},
    nearest::shown,
    step::{Step, add, remove, write},
};

/// The only fault after which the rest of the table is still what was written.
const REPEATED: &str = "duplicate key";

/// What the parser says of any value that it cannot take, also of none.
const UNQUOTED: &str = "string values must be quoted";

/// A text that is TOML, but for keys that are given twice.
pub(super) struct Document<'t> {
    /// Each key with its first value.
    pub(super) table: DeTable<'t>,
    /// The others.
    pub(super) repeated: Vec<Mistake>,
}

/// The table in a text.
pub(super) fn document<'t>(file: &str, text: &'t str) -> Result<Document<'t>, Mistakes> {
    let (table, mut errors) = DeTable::parse_recoverable(text);
    let broken = errors.iter().any(|error| error.message() != REPEATED);
    errors.sort_by_key(start);
    // One slip often gives several faults in its line; the first names it.
    errors.dedup_by(|later, first| {
        text.get(start(first)..start(later)).is_none_or(|between| !between.contains('\n'))
    });
    let mistakes = errors.iter().map(|error| mistake(text, error)).collect();
    if broken {
        let remark = "Keys and values are checked once the file is valid TOML.";
        return Err(Mistakes::new(file, text, mistakes).with_remark(remark));
    }
    Ok(Document { table: Spanned::into_inner(table), repeated: mistakes })
}

fn start(error: &Error) -> usize {
    error.span().map_or(0, |span| span.start)
}

fn mistake(text: &str, error: &Error) -> Mistake {
    let span = error.span().unwrap_or(0..0);
    let meant = text.get(span.clone()).unwrap_or("");
    let (what, expected) = error.message().split_once(", ").unwrap_or((error.message(), ""));
    let (title, label, step) = match what {
        REPEATED => (format!("`{}` is given twice", shown(meant)), "", remove("one of the two")),
        UNQUOTED if meant.trim().is_empty() => {
            ("a value is missing".to_owned(), "", write("it after the `=`, or remove the line"))
        }
        UNQUOTED => {
            let step = write("`key = \"text\"`, or `key = 100` without a unit");
            ("this is neither a number nor a text in quotes".to_owned(), "", step)
        }
        _ => (format!("this is not TOML: {what}"), expected.trim_end_matches("expected nothing"), step(what)),
    };
    Mistake { span: Some(span), title, label: label.to_owned(), step }
}

/// The next step, by the parser's words; the last one fits whatever it says.
fn step(what: &str) -> Step {
    match what {
        "key with no value" => write("`key = value`, or `[section]` at the head of a section"),
        "unexpected key or value" => {
            write("one `key = value` a line; thousands are parted by `_`, as in 1_000")
        }
        "extra `=`" => write("one `=`"),
        "unexpected leading zero" => remove("the zero"),
        _ if what.starts_with("unclosed ") => add("the bracket that closes it"),
        _ if what.ends_with(" string") => {
            write("the text on one line in double quotes, without control characters")
        }
        _ if what.contains("recurs") => remove("the nesting; a scenario has one level of sections"),
        _ => write("`key = value` lines under `[section]` heads, as the files in scenarios/ do"),
    }
}
