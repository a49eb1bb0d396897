//! The form as a page for people: `docs/scenarios.md`. Pure, and made of the same keys as the reader asks for.

use std::fmt::Write as _;

use super::{
    form,
    key::{Key, LeftOut, Need},
    rule::grouped,
    schema::{FILE, words},
    shape::{Numbers, Shape},
};

const BEFORE: &str = "\
<!-- Made from the types in crates/tracetax/src/scenario/form.rs by crates/tracetax/tests/scenario_reference.rs. -->

# Scenario files

A scenario is one question, with the load that answers it and the limits that judge it: a file of `scenarios/`, in
[TOML](https://toml.io). Thousands may be parted, as in `1_000`. `cargo xtask check` tells every mistake of every file with line,
column and what to write instead.

The first line of each file names its schema, so that an editor which knows TOML (Even Better TOML, Taplo) completes keys and
shows what they mean:

```toml
";

/// The reference page, from [`super::keys`].
#[must_use]
pub fn reference(keys: &[Key]) -> String {
    let mut page = format!("{BEFORE}{}\n```\n", editor_comment());
    let top: Vec<&Key> = keys.iter().filter(|key| key.section.is_empty()).collect();
    let (sections, plain): (Vec<&Key>, Vec<&Key>) = top.into_iter().partition(|key| key.is_section());
    section(&mut page, "The top of the file", "Before all sections.", &plain);
    for head in sections {
        let own: Vec<&Key> = keys.iter().filter(|key| key.section == head.name).collect();
        let about = format!("{} {}.", head.meaning, of_section(head.need));
        section(&mut page, &format!("`{}`", head.name), &about, &own);
    }
    page += "\n## Across keys\n\nWhat no schema can say, and `cargo xtask check` does:\n\n";
    form::ACROSS.iter().for_each(|rule| _ = writeln!(page, "- {rule}"));
    page
}

/// The first line of a scenario file.
#[must_use]
pub fn editor_comment() -> String {
    format!("#:schema ../{FILE}")
}

fn section(page: &mut String, title: &str, about: &str, keys: &[&Key]) {
    _ = write!(page, "\n## {title}\n\n{about}\n\n");
    *page += "| key | type | unit | allowed | needed | meaning | example |\n|---|---|---|---|---|---|---|\n";
    keys.iter().for_each(|key| *page += &row(key));
}

fn row(key: &Key) -> String {
    let (kind, unit, allowed) = key.shape.as_ref().map_or_else(Default::default, |shape| columns(shape, key));
    let (name, needed, meaning, example) = (key.name, needed(key), key.meaning, key.example);
    format!("| `{name}` | {kind} | {unit} | {allowed} | {needed} | {meaning} | `{name} = {example}` |\n")
}

/// Type, unit and what is allowed.
fn columns(shape: &Shape, key: &Key) -> (&'static str, &'static str, String) {
    match shape {
        Shape::Number(numbers) => ("number", numbers.unit, range(numbers)),
        Shape::Whole(numbers) => ("whole number", numbers.unit, range(numbers)),
        Shape::Text { .. } => ("text", "", key.allowed.clone()),
        Shape::Word(all) => ("word", "", words(all)),
        Shape::True => ("switch", "", "`true`".to_owned()),
        Shape::List { most, of } => {
            let (_, unit, each) = columns(of, key);
            ("list of whole numbers", unit, format!("1 to {most} of them, each {each}"))
        }
    }
}

fn range(numbers: &Numbers) -> String {
    format!("{} to {}", grouped(numbers.low), grouped(numbers.high))
}

fn needed(key: &Key) -> String {
    match key.need {
        Need::Required => "required".to_owned(),
        Need::Optional(left_out) => otherwise(left_out),
        Need::OneOf(names) => format!("exactly one of {}", words(names)),
        Need::By(by) => {
            format!("required with `{}` {}, else not allowed: {}", by.key, words(by.words), by.why)
        }
        Need::Beside(other, left_out) => format!("only beside `{other}`; {}", otherwise(left_out)),
    }
}

fn otherwise(left_out: LeftOut) -> String {
    match left_out {
        LeftOut::Is(value) => format!("default `{value}`"),
        LeftOut::Means(what) => format!("left out: {what}"),
    }
}

fn of_section(need: Need) -> String {
    match need {
        Need::Optional(left_out) => {
            format!("May be left out: {}", otherwise(left_out).trim_start_matches("left out: "))
        }
        Need::OneOf(names) => format!("Exactly one of {}", words(names)),
        _ => "Required".to_owned(),
    }
}
