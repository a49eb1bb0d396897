//! Which numbers differ, and what that means. Pure.

use std::collections::BTreeSet;

use record::{
    exact::{Exact, SCHEMA},
    verdict::Word,
};

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What is said of all numbers together.
    pub word: Word,
    /// Why they cannot be compared, each with both sides.
    pub differing_conditions: Vec<String>,
    /// The numbers that are not as accepted.
    pub rows: Vec<Row>,
    /// How many numbers there are now.
    pub values: usize,
}

/// A number that is not as accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// As accepted; absent where it was not there.
    pub accepted: Option<u64>,
    /// As it is now; absent where it is gone.
    pub now: Option<u64>,
    /// What that means.
    pub word: Word,
}

/// Holds `now` against what was accepted, if anything was.
#[must_use]
pub fn compare(accepted: Option<&Exact>, now: &Exact) -> Comparison {
    let values = now.values.len();
    let Some(accepted) = accepted else {
        return Comparison { word: Word::New, differing_conditions: vec![], rows: vec![], values };
    };
    let differing_conditions = differing(accepted, now);
    if !differing_conditions.is_empty() {
        return Comparison { word: Word::NotComparable, differing_conditions, rows: vec![], values };
    }
    let names: BTreeSet<&String> = accepted.values.keys().chain(now.values.keys()).collect();
    let rows: Vec<Row> = names.into_iter().filter_map(|name| row(name, accepted, now)).collect();
    let word = rows.iter().map(|row| row.word).min().unwrap_or(Word::Pass);
    Comparison { word, differing_conditions, rows, values }
}

fn differing(accepted: &Exact, now: &Exact) -> Vec<String> {
    if accepted.schema != SCHEMA {
        return vec![format!("schema: {} was accepted, this is {SCHEMA}", accepted.schema)];
    }
    let names: BTreeSet<&String> = accepted.conditions.keys().chain(now.conditions.keys()).collect();
    let told =
        |side: &Exact, name: &String| side.conditions.get(name).map_or("none", String::as_str).to_owned();
    let mut all: Vec<String> = names
        .into_iter()
        .map(|name| (name, told(accepted, name), told(now, name)))
        .filter(|(_, accepted, now)| accepted != now)
        .map(|(name, accepted, now)| format!("{name}: accepted with {accepted}, now {now}"))
        .collect();
    let [before, after] = [accepted, now].map(|side| side.instructions_tolerance_pct);
    if before != after {
        all.push(format!("tolerance of instructions: accepted with {before} %, now {after} %"));
    }
    all
}

fn row(name: &str, accepted: &Exact, now: &Exact) -> Option<Row> {
    let (before, after) = (accepted.values.get(name).copied(), now.values.get(name).copied());
    let allowed_pct = if name.ends_with("instructions") { now.instructions_tolerance_pct } else { 0.0 };
    let word = match (before, after) {
        (Some(before), Some(after)) if is_within(before, after, allowed_pct) => return None,
        (Some(before), Some(after)) if after < before => Word::Improved,
        // A part that is gone costs nothing; what took its place has a number of its own.
        (Some(_), None) => Word::Improved,
        _ => Word::Regressed,
    };
    Some(Row { name: name.to_owned(), accepted: before, now: after, word })
}

fn is_within(before: u64, after: u64, allowed_pct: f64) -> bool {
    before.abs_diff(after) as f64 <= before as f64 * allowed_pct / 100.0
}

#[cfg(test)]
mod tests {
    use record::{
        exact::{Exact, SCHEMA},
        verdict::Word,
    };

    use super::compare;

    fn exact(values: &[(&str, u64)]) -> Exact {
        Exact {
            schema: SCHEMA.into(),
            reason: "first".into(),
            instructions_tolerance_pct: 0.5,
            conditions: [("compiler".to_owned(), "rustc 1".to_owned())].into(),
            values: values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
        }
    }

    #[track_caller]
    fn check(accepted: &[(&str, u64)], now: &[(&str, u64)], word: Word, changed: usize) {
        let found = compare(Some(&exact(accepted)), &exact(now));
        assert_eq!((found.word, found.rows.len()), (word, changed), "{found:?}");
    }

    #[test]
    fn every_word_has_its_change() {
        let accepted = [("drain: allocations", 3), ("drain: instructions", 10_000)];
        check(&accepted, &accepted, Word::Pass, 0);
        check(&accepted, &[("drain: allocations", 4), accepted[1]], Word::Regressed, 1);
        check(&accepted, &[("drain: allocations", 2), accepted[1]], Word::Improved, 1);
        check(&accepted, &[("drain: allocations", 2), ("drain: instructions", 10_051)], Word::Regressed, 2);
    }

    #[test]
    fn instructions_have_their_tolerance_on_both_sides() {
        for (now, word) in
            [(9_949, Word::Improved), (9_950, Word::Pass), (10_050, Word::Pass), (10_051, Word::Regressed)]
        {
            let changed = usize::from(word != Word::Pass);
            check(&[("drain: instructions", 10_000)], &[("drain: instructions", now)], word, changed);
        }
        check(&[("drain: instructions", 0)], &[("drain: instructions", 1)], Word::Regressed, 1);
    }

    #[test]
    fn what_comes_is_more_and_what_goes_is_less() {
        check(&[], &[("map A: bytes", 0)], Word::Regressed, 1);
        check(&[("map A: bytes", 8)], &[], Word::Improved, 1);
    }

    #[test]
    fn nothing_accepted_is_new() {
        assert_eq!(compare(None, &exact(&[("map A: bytes", 8)])).word, Word::New);
    }

    #[test]
    fn other_conditions_are_named_with_both_sides_and_nothing_is_compared() {
        let accepted = exact(&[("map A: bytes", 8)]);
        let now = |change: fn(&mut Exact)| {
            let mut now = exact(&[("map A: bytes", 9)]);
            change(&mut now);
            let found = compare(Some(&accepted), &now);
            assert!(found.word == Word::NotComparable && found.rows.is_empty(), "{found:?}");
            found.differing_conditions
        };
        let other = now(|now| {
            now.conditions.insert("compiler".into(), "rustc 2".into());
            now.conditions.insert("valgrind".into(), "3.19".into());
        });
        let expect =
            ["compiler: accepted with rustc 1, now rustc 2", "valgrind: accepted with none, now 3.19"];
        assert_eq!(other, expect);
        let tolerance = now(|now| now.instructions_tolerance_pct = 50.0);
        assert_eq!(tolerance, ["tolerance of instructions: accepted with 0.5 %, now 50 %"]);
    }

    #[test]
    fn another_schema_is_not_compared() {
        let old = Exact { schema: "tracetax/exact/v0".into(), ..exact(&[]) };
        assert_eq!(compare(Some(&old), &exact(&[])).word, Word::NotComparable);
    }
}
