//! Tests of all facts together, and of how they are told.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use record::doctor::{Diagnosis, Fact, SCHEMA, State};

use super::{GROUPS, Machine, Topic, Unasked, facts, made_up::sound, text};
use crate::report::{Look, Paint, Screen};

fn fact(id: &str, group: &str, state: State, found: &str, next_step: Option<&str>) -> Fact {
    let why = format!("Because of {id}.");
    let wanted = format!("a good {id}");
    let next_step = next_step.map(Into::into);
    Fact { id: id.into(), group: group.into(), state, found: found.into(), wanted, why, next_step }
}

fn made_up() -> Vec<Fact> {
    vec![
        fact("root", "rights", State::Ok, "yes", None),
        fact(
            "capabilities",
            "rights",
            State::Warn,
            "missing: CAP_BPF",
            Some("sudo target/release/tracetax doctor"),
        ),
        fact("kernel-version", "kernel", State::Fail, "5.4, older than 5.17", Some("uname -r")),
        fact("boost", "processors", State::Unknown, "nobody tells", Some("cargo xtask bench control-null")),
    ]
}

fn plain(facts: &[Fact], verbose: bool) -> String {
    text::render(facts, verbose, Look::Terminal(Screen::PLAIN))
}

#[test]
fn each_fact_is_a_line_and_what_is_not_well_says_why_and_what_to_do() {
    insta::assert_snapshot!(plain(&made_up(), false));
}

#[test]
fn all_say_why_where_that_is_asked_for() {
    insta::assert_snapshot!(plain(&made_up(), true));
}

#[test]
fn only_the_state_and_the_group_are_coloured() {
    let screen = Screen { columns: None, paint: Paint::Colour };
    let shown = text::render(&made_up()[2..3], false, Look::Terminal(screen));
    insta::assert_snapshot!(shown.escape_debug().to_string());
}

#[test]
fn the_worst_is_done_first_and_nothing_where_all_is_well() {
    let end = |facts: &[Fact]| plain(facts, false).split_once("\n\n").unwrap().1.to_owned();
    insta::assert_snapshot!(end(&made_up()), @r"
    4 facts: 1 ok, 1 warn, 1 fail, 1 unknown
    first: kernel-version: uname -r
    ");
    insta::assert_snapshot!(end(&made_up()[..2]), @r"
    2 facts: 1 ok, 1 warn, 0 fail
    first: capabilities: sudo target/release/tracetax doctor
    ");
    insta::assert_snapshot!(end(&made_up()[..1]), @"1 facts: 1 ok, 0 warn, 0 fail");
}

#[test]
fn json_holds_all_of_it() {
    let facts = vec![made_up().remove(0), made_up().remove(1)];
    let diagnosis = Diagnosis { schema: SCHEMA.into(), facts };
    let json = serde_json::to_string_pretty(&diagnosis).unwrap();
    insta::assert_snapshot!(json);
    assert_eq!(serde_json::from_str::<Diagnosis>(&json).unwrap(), diagnosis);
}

fn topics() -> impl Iterator<Item = (&'static str, &'static Topic)> {
    GROUPS.iter().flat_map(|(group, topics)| topics.iter().map(move |topic| (*group, topic)))
}

#[test]
fn there_are_enough_and_each_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = topics().map(|(_, topic)| topic.id).collect();
    assert_eq!(names.len(), topics().count());
    assert!(names.len() >= 25);
}

/// On whatever machine: whatever is not well has a next step, and nothing panics, with no file there at all or with this
/// machine's.
#[test]
fn what_is_not_well_has_a_next_step() {
    let empty = tempfile::tempdir().unwrap();
    let unasked =
        Unasked { reason: "not here".into(), next_step: "sudo target/release/tracetax doctor".into() };
    for machine in [sound(empty.path()), Machine::read(Err(unasked))] {
        for fact in facts(&machine) {
            assert_eq!(fact.state == State::Ok, fact.next_step.is_none(), "{fact:?}");
            assert!(
                !fact.found.is_empty() && !fact.found.contains('\n') && fact.why.ends_with('.'),
                "{fact:?}"
            );
        }
    }
}

/// `UPDATE_DOCS=true` writes the table anew.
#[test]
fn the_table_in_the_docs_is_that_of_the_facts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/doctor.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expect = format!("{before}{BEGIN}\n{}{END}{after}", table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expect).unwrap();
        return;
    }
    assert!(
        text == expect,
        "{} differs: UPDATE_DOCS=true cargo test --package tracetax docs",
        path.display()
    );
}

const BEGIN: &str = "<!-- facts begin: written by a test -->";
const END: &str = "<!-- facts end -->";

fn table() -> String {
    let mut text = String::from("\n| group | fact | wanted | why it matters |\n|---|---|---|---|\n");
    for (group, Topic { id, wanted, why, .. }) in topics() {
        let _ = writeln!(text, "| {group} | `{id}` | {wanted} | {why} |");
    }
    text + "\n"
}
