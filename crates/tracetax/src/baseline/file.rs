//! The text of a baseline, and what is wrong with one. Pure.

use jiff::civil::Date;
use record::baseline::{Baseline, BaselineMetric, SCHEMA};
use stats::Sample;
use toml::{Table, Value};

use crate::{
    digest,
    printable::{beginning, is_hostile},
};

/// Longer files are not read by anybody.
pub const MOST_LINES: usize = 45;

/// Larger files are not even read.
pub const MOST_BYTES: u64 = 64 * 1024;

/// No cost of a request comes near, in microseconds: a quarter of an hour.
const MOST_US: f64 = 1e9;

/// Why a text is no baseline that may be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is of another schema, which this tracetax does not read.
    OtherSchema(String),
    /// It is damaged or was edited: where, as far as that is known, and how.
    Damaged {
        /// The line, from 1.
        line: Option<usize>,
        /// What was found.
        what: String,
    },
}

/// The file of a baseline: sorted, one list a line, with its checksum made anew.
///
/// # Errors
/// When it would be longer than a reviewer reads, or cannot be written as TOML.
pub fn text(baseline: &Baseline) -> anyhow::Result<String> {
    let whole = Baseline { checksum: digest::of_baseline(baseline), ..baseline.clone() };
    let table = Table::try_from(&whole)?;
    let text = format!("{}{}", head(&whole.scenario), toml::to_string(&table)?);
    let lines = text.lines().count();
    anyhow::ensure!(
        lines <= MOST_LINES,
        "the baseline of `{}` would have {lines} lines, and may have {MOST_LINES}: give the scenario fewer treatments",
        whole.scenario
    );
    Ok(text)
}

fn head(scenario: &str) -> String {
    format!(
        "# What `{scenario}` costs on this class of host: accepted by `cargo xtask baseline`, held against by `compare`.\n\
         # Not for editing, the checksum would tell. docs/verdict.md says what each number is for.\n"
    )
}

/// Reads the file of a baseline.
///
/// # Errors
/// See [`Fault`]: whatever was changed in it, it is told, or the values are still those that were accepted.
pub fn parse(bytes: &[u8]) -> Result<Baseline, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        damaged(Some(line), "it is no UTF-8 text")
    })?;
    let table: Table = toml::from_str(text).map_err(|error| of_toml(text, &error))?;
    if let Some(text) = table.iter().find_map(|(key, value)| unprintable(key, value)) {
        return Err(damaged(None, &format!("it holds text that cannot be printed: `{}`", beginning(text))));
    }
    match table.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => return Err(Fault::OtherSchema(beginning(other))),
        None => return Err(damaged(None, "it names no schema")),
    }
    let baseline: Baseline = toml::from_str(text).map_err(|error| of_toml(text, &error))?;
    let checksum = digest::of_baseline(&baseline);
    if baseline.checksum != checksum {
        let line = text.lines().position(|line| line.starts_with("checksum")).map(|index| index + 1);
        return Err(damaged(
            line,
            &format!("its checksum is {}, that of its values {checksum}", beginning(&baseline.checksum)),
        ));
    }
    match doubt(&baseline) {
        None => Ok(baseline),
        Some(doubt) => Err(damaged(None, &doubt)),
    }
}

/// What no baseline that was ever accepted has, or lacks.
fn doubt(baseline: &Baseline) -> Option<String> {
    let metrics = || {
        baseline
            .treatments
            .iter()
            .flat_map(|(name, metrics)| metrics.iter().map(move |(metric, of)| (name, metric, of)))
    };
    if metrics().next().is_none() {
        return Some("it holds no metric".into());
    }
    let no_day = [("accepted", &baseline.accepted), ("expires", &baseline.expires)];
    if let Some((key, day)) = no_day.into_iter().find(|(_, day)| day.parse::<Date>().is_err()) {
        return Some(format!("`{key}` is `{}`, which is no day", beginning(day)));
    }
    let (name, metric, _) = metrics().find(|(_, _, metric)| !is_sound(metric))?;
    Some(format!(
        "`{}` of `{}` has fewer than two sessions, or numbers that cannot be",
        beginning(metric),
        beginning(name)
    ))
}

/// The first text, under `key`, that would take hold of a terminal or look like more lines than one.
fn unprintable<'a>(key: &'a str, value: &'a Value) -> Option<&'a str> {
    let bad = |text: &'a str| text.contains(is_hostile).then_some(text);
    bad(key).or_else(|| match value {
        Value::String(text) => bad(text),
        Value::Array(values) => values.iter().find_map(|value| unprintable("", value)),
        Value::Table(table) => table.iter().find_map(|(key, value)| unprintable(key, value)),
        _ => None,
    })
}

fn is_sound(metric: &BaselineMetric) -> bool {
    let (sessions, untraced) = (&metric.sessions, &metric.untraced);
    let can_be = |value: f64| value.abs() <= MOST_US;
    let is_sample = |values: &Vec<f64>| {
        let sample = Sample::new(values.clone());
        sample.is_ok_and(|sample| sample.count() >= 2) && values.iter().all(|value| can_be(*value))
    };
    let is_limit = metric.tolerance > 0.0 && can_be(metric.tolerance) && can_be(metric.anchor);
    is_sample(sessions) && is_sample(untraced) && sessions.len() == untraced.len() && is_limit
}

fn of_toml(text: &str, error: &toml::de::Error) -> Fault {
    // What is missing stands nowhere.
    let span = error.span().filter(|_| !error.message().starts_with("missing field"));
    let line = span.and_then(|span| text.get(..span.start)).map(|before| 1 + before.matches('\n').count());
    damaged(line, &beginning(error.message().trim()))
}

fn damaged(line: Option<usize>, what: &str) -> Fault {
    Fault::Damaged { line, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use record::baseline::{Baseline, SCHEMA};

    use super::{Fault, parse, text};
    use crate::baseline::made_up::baseline;

    #[test]
    fn a_file_is_short_sorted_and_read_as_it_was_written() {
        let file = text(&baseline()).unwrap();
        insta::assert_snapshot!(file, @r#"
        # What `made-up` costs on this class of host: accepted by `cargo xtask baseline`, held against by `compare`.
        # Not for editing, the checksum would tell. docs/verdict.md says what each number is for.
        accepted = "2026-11-24"
        checksum = "77c505a04ed58e69"
        expires = "2027-02-22"
        host_class = "01234567"
        lives = 4
        pairs = 120
        reason = "first"
        revision = "0123456789abcdef0123456789abcdef01234567"
        scenario = "made-up"
        scenario_hash = "0123456789abcdef"
        schema = "tracetax/baseline/v1"

        [treatments.traced.server_cpu_us_per_request]
        anchor = 1.1
        sessions = [1.05, 1.08, 1.1, 1.12, 1.15]
        tolerance = 0.25
        untraced = [7.0, 7.1, 7.2, 7.3, 7.4]
        "#);
        let read = parse(file.as_bytes()).unwrap();
        assert_eq!(read, Baseline { checksum: read.checksum.clone(), ..baseline() });
        assert_eq!(text(&read).unwrap(), file);
        assert_eq!(parse(file.replace('\n', "\r\n").as_bytes()), Ok(read));
    }

    #[test]
    fn too_many_treatments_for_a_reviewer_are_refused() {
        let mut many = baseline();
        let one = many.treatments["traced"].clone();
        many.treatments.extend((0..10).map(|number| (format!("treatment-{number}"), one.clone())));
        assert!(text(&many).unwrap_err().to_string().contains("may have 45"));
    }

    /// The same values, or no baseline.
    fn check(changed: &[u8], whole: &Baseline, what: &str) -> bool {
        match parse(changed) {
            Ok(read) => {
                assert_eq!(&read, whole, "{what}");
                true
            }
            Err(_) => false,
        }
    }

    #[test]
    fn no_flipped_bit_and_no_truncation_changes_a_value_silently() {
        let file = text(&baseline()).unwrap().into_bytes();
        let whole = parse(&file).unwrap();
        let mut neutral = 0;
        for position in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[position] ^= 1 << bit;
                neutral += usize::from(check(&changed, &whole, &format!("byte {position}, bit {bit}")));
            }
            let cut = check(&file[..position], &whole, &format!("cut at {position}"));
            assert!(!cut || position + 1 == file.len(), "cut at {position}");
        }
        // Most of the comment's bits are neutral; were all others, nothing would have been tested.
        assert!(neutral < file.len() * 8 / 3, "{neutral} of {}", file.len() * 8);
    }

    #[test]
    fn a_changed_digit_is_refused_wherever_it_stands() {
        let file = text(&baseline()).unwrap();
        let (head, values) = file.split_at(file.find("accepted").unwrap());
        for (position, _) in values.match_indices(|c: char| c.is_ascii_digit()) {
            let mut changed = values.as_bytes().to_vec();
            changed[position] = if changed[position] == b'9' { b'0' } else { changed[position] + 1 };
            let changed = [head.as_bytes(), &changed].concat();
            assert!(parse(&changed).is_err(), "{}", String::from_utf8_lossy(&changed));
        }
    }

    #[test]
    fn faults_say_where_and_what() {
        let file = text(&baseline()).unwrap();
        let fault = |from: &str, to: &str| parse(file.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(fault(SCHEMA, "tracetax/baseline/v9"), Fault::OtherSchema("tracetax/baseline/v9".into()));
        let Fault::Damaged { line, what } = fault("lives = 4", "lives = 5") else { panic!("no damage") };
        assert!(line == Some(4) && what.starts_with("its checksum is "), "{line:?} {what}");
        let Fault::Damaged { line, what } = fault("lives = ", "lifes = ") else { panic!("no damage") };
        assert!(line == Some(7) && what.contains("unknown field `lifes`"), "{line:?} {what}");
        let Fault::Damaged { line, .. } = fault("lives = 4", "lives = ") else { panic!("no damage") };
        assert_eq!(line, Some(7));
        let Fault::Damaged { line, .. } = parse(b"# a\n# \xff\n").unwrap_err() else { panic!("no damage") };
        assert_eq!(line, Some(2));
    }
}
