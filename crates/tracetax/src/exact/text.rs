//! The comparison as text: for a terminal, for the summary of a CI job, and as a note beside the accepted file.

use record::verdict::Word;
use tabled::builder::Builder;

use super::{Comparison, Row};
use crate::report::{Look, annotations, words::word};

/// Verdict, what changed, and the next step.
pub fn terminal(of: &str, file: &str, comparison: &Comparison, look: Look) -> String {
    shown(of, file, comparison, look)
}

/// The same in Markdown.
pub fn summary(of: &str, file: &str, comparison: &Comparison) -> String {
    format!("\n## {}", shown(of, file, comparison, Look::Markdown))
}

/// A note beside the accepted file; nothing where all is as accepted.
pub fn note(of: &str, file: &str, comparison: &Comparison) -> String {
    if comparison.word == Word::Pass {
        return String::new();
    }
    let lines = comparison
        .rows
        .iter()
        .map(|row| format!("{}: {} -> {}", row.name, count(row.accepted), count(row.now)));
    let lines: Vec<_> = comparison.differing_conditions.iter().cloned().chain(lines).collect();
    let title = format!("{of}: {}", word(comparison.word));
    annotations::note(
        comparison.word,
        file,
        &title,
        &format!("{}\n{}", lines.join("\n"), next(of, comparison.word)),
    )
}

fn shown(of: &str, file: &str, comparison: &Comparison, look: Look) -> String {
    let mut text = format!("{of}: {}\n\n", look.word(comparison.word));
    text += &format!("{} exact numbers against {file}", comparison.values);
    for condition in &comparison.differing_conditions {
        text += &format!("\n- {condition}");
    }
    if !comparison.rows.is_empty() {
        text += &format!("\n\n{}", table(&comparison.rows, look));
    }
    text += &format!("\n\n{}\n", next(of, comparison.word));
    text
}

fn table(rows: &[Row], look: Look) -> String {
    let mut builder = Builder::default();
    builder.push_record(["number", "accepted", "now", "change", "verdict"]);
    for row in rows {
        builder.push_record([
            row.name.clone(),
            count(row.accepted),
            count(row.now),
            percent(row),
            look.word(row.word),
        ]);
    }
    look.table(builder.build())
}

fn count(value: Option<u64>) -> String {
    value.map_or("-".into(), |value| value.to_string())
}

fn percent(row: &Row) -> String {
    match (row.accepted, row.now) {
        (Some(0) | None, Some(_)) => "new".into(),
        (_, None) => "gone".into(),
        (Some(before), Some(now)) => {
            format!("{:+.2} %", 100.0 * (now as f64 - before as f64) / before as f64)
        }
    }
}

fn next(of: &str, word: Word) -> String {
    let accept = format!("`cargo xtask {of} --accept --reason TEXT`");
    match word {
        Word::Pass => "Nothing to do: all is as accepted.".into(),
        Word::Improved => format!("Less than accepted: {accept} keeps it so."),
        Word::New => format!("Nothing is accepted yet: {accept}, and commit the file."),
        Word::NotComparable => {
            format!("Check under the same conditions, or accept the numbers of these: {accept}.")
        }
        _ => format!("Make it less, or say why it is worth it: {accept}, and commit the file."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Screen;

    fn row(name: &str, accepted: Option<u64>, now: Option<u64>, word: Word) -> Row {
        Row { name: name.into(), accepted, now, word }
    }

    fn comparison(word: Word) -> Comparison {
        let rows = vec![
            row("function scan: instructions", Some(1_000), Some(1_100), Word::Regressed),
            row("map A: bytes", Some(64), Some(32), Word::Improved),
            row("map B: bytes", None, Some(8), Word::Regressed),
            row("map C: bytes", Some(8), None, Word::Improved),
        ];
        Comparison { word, differing_conditions: vec![], rows, values: 47 }
    }

    #[test]
    fn both_numbers_and_the_next_step_are_told() {
        insta::assert_snapshot!(terminal(
            "inspect",
            "baselines/exact/inspect.toml",
            &comparison(Word::Regressed),
            Look::Terminal(Screen::PLAIN)
        ));
    }

    #[test]
    fn a_note_stands_beside_the_accepted_file() {
        let text = note("inspect", "baselines/exact/inspect.toml", &comparison(Word::Regressed));
        assert!(text.starts_with(
            "::error file=baselines/exact/inspect.toml,title=inspect%3A regressed::function scan"
        ));
        assert!(text.contains("1000 -> 1100%0Amap A") && text.lines().count() == 1, "{text}");
        let pass = Comparison { rows: vec![], ..comparison(Word::Pass) };
        assert_eq!(note("inspect", "x", &pass), "");
    }

    #[test]
    fn other_conditions_are_listed() {
        let other = Comparison {
            word: Word::NotComparable,
            differing_conditions: vec!["compiler: accepted with 1, now 2".into()],
            rows: vec![],
            values: 3,
        };
        let text = summary("unit", "baselines/exact/unit.toml", &other);
        assert!(
            text.starts_with("\n## unit: not-comparable\n")
                && text.contains("\n- compiler: accepted with 1, now 2")
        );
        assert!(text.contains("under the same conditions"), "{text}");
    }
}
