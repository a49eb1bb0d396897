//! A calibration as text. Nothing is computed here.

use record::{
    calibration::{
        BarState, Calibration, Finding, Lateness, NullCount, Nulls, Part, Recovered, Round, Side, Wrk,
    },
    load::Pacing,
};
use tabled::{builder::Builder, settings::Style};

use crate::judge::short;

/// One part: a table, and one line for its bar.
pub fn part(part: &Part) -> String {
    let table = match &part.finding {
        Finding::Planted(rows) => planted(rows),
        Finding::Nulls(found) => nulls(found),
        Finding::Lateness(rows) => lateness(rows),
        Finding::Wrk(found) => wrk(found),
    };
    let (title, state, message) = (title(&part.finding), state(part.bar.state), &part.bar.message);
    format!("== {title} ==\n{table}{state}: {message}\n")
}

fn title(finding: &Finding) -> &'static str {
    match finding {
        Finding::Planted(_) => "planted and recovered, us of server CPU per request",
        Finding::Nulls(_) => "verdicts where there is no difference",
        Finding::Lateness(_) => "lateness of the load generator, us",
        Finding::Wrk(_) => "closed loop against wrk -t1, requests/s",
    }
}

fn state(state: BarState) -> &'static str {
    match state {
        BarState::Invalid => "invalid",
        BarState::Missed => "missed",
        BarState::NotRun => "not run",
        BarState::Holds => "holds",
    }
}

/// How many bars hold, and what to do about those that do not.
pub fn summary(calibration: &Calibration) -> String {
    let (good, bad): (Vec<_>, Vec<_>) =
        calibration.parts.iter().partition(|part| part.bar.state == BarState::Holds);
    let (good, all, seed) = (good.len(), calibration.parts.len(), calibration.seed);
    let heading = format!("calibration: {good} of {all} bars hold (seed {seed})\n");
    heading + &bad.into_iter().map(what_to_do).collect::<String>()
}

fn what_to_do(part: &Part) -> String {
    let next_step = part.bar.next_step.as_deref().unwrap_or("nothing");
    format!("- {}, {}: {next_step}\n", state(part.bar.state), title(&part.finding))
}

fn planted(rows: &[Recovered]) -> String {
    let mut builder = Builder::default();
    builder.push_record(["planted", "estimate", "95 % interval", "MDE", "pairs", "recovered"]);
    for row in rows {
        builder.push_record([
            short(row.planted_us),
            optional(row.estimate_us),
            row.low_us.zip(row.high_us).map_or("-".into(), |(low, high)| interval(low, high)),
            optional(row.mde_us),
            row.pairs.to_string(),
            if row.recovered { "yes" } else { "no" }.into(),
        ]);
    }
    table(builder)
}

fn nulls(found: &Nulls) -> String {
    let mut builder = Builder::default();
    builder.push_record([
        "verdicts on",
        "count",
        "alarms",
        "allowed",
        "alarms, %",
        "95 % interval",
        "passed",
    ]);
    builder.push_record(null_row("one null run, paired anew", &found.simulated));
    builder.push_record(null_row("null runs as measured", &found.real));
    table(builder) + SHARED
}

/// What the count of simulated verdicts does not prove.
const SHARED: &str = "\
Verdicts paired anew share their blocks, so they are not independent runs: given the blocks, only coins differ. They
prove the judge's arithmetic on this machine's noise; that both arms are treated alike, real runs prove (--runs).
";

fn null_row(name: &str, count: &NullCount) -> [String; 7] {
    [
        name.into(),
        count.verdicts.to_string(),
        count.alarms.to_string(),
        short(f64::from(count.verdicts) / 100.0),
        optional(count.alarm_pct.map(|[_, share, _]| share)),
        count.alarm_pct.map_or("-".into(), |[low, _, high]| interval(low, high)),
        count.passes.to_string(),
    ]
}

fn lateness(rows: &[Lateness]) -> String {
    let mut builder = Builder::default();
    builder.push_record(["requests/s", "gaps", "requests", "p50", "p99", "p99.9"]);
    for row in rows {
        let (rate, gaps) = match row.pacing {
            Pacing::Constant { requests_per_second } => (short(requests_per_second), "equal"),
            Pacing::Poisson { requests_per_second } => (short(requests_per_second), "random"),
            Pacing::Closed => ("-".into(), "none"),
        };
        builder.push_record([
            rate,
            gaps.into(),
            row.requests.to_string(),
            optional(row.p50_us),
            optional(row.p99_us),
            optional(row.p999_us),
        ]);
    }
    table(builder)
}

fn wrk(found: &Wrk) -> String {
    let Some(version) = &found.version else {
        return String::new();
    };
    let mut builder = Builder::default();
    builder.push_record(["round", "first", "ours", "wrk", "ours / wrk"]);
    for (index, round) in found.rounds.iter().enumerate() {
        builder.push_record(wrk_row(index, round));
    }
    format!("{}wrk {version}\n", table(builder))
}

fn wrk_row(index: usize, round: &Round) -> [String; 5] {
    let first = match round.first {
        Side::Ours => "ours",
        Side::Wrk => "wrk",
    };
    [
        (index + 1).to_string(),
        first.into(),
        short(round.ours_per_second),
        short(round.wrk_per_second),
        format!("{:.3}", round.ours_per_second / round.wrk_per_second),
    ]
}

fn interval(low: f64, high: f64) -> String {
    format!("{} to {}", short(low), short(high))
}

fn optional(number: Option<f64>) -> String {
    number.map_or("-".into(), short)
}

fn table(builder: Builder) -> String {
    format!("{}\n", builder.build().with(Style::rounded()))
}

#[cfg(test)]
mod tests {
    use record::{
        calibration::{
            BarState, Calibration, Finding, Lateness, NullCount, Nulls, Part, Recovered, Round, SCHEMA, Side,
            Wrk,
        },
        histogram::{Histogram, empty},
        load::Pacing,
        verdict::Word,
    };

    use super::{part, summary};
    use crate::calibrate::bar::{fails, holds};

    fn calibration() -> Calibration {
        let recovered = Recovered {
            planted_us: 5.0,
            estimate_us: Some(5.04),
            low_us: Some(4.98),
            high_us: Some(5.1),
            mde_us: None,
            pairs: 75,
            recovered: true,
        };
        let count = |verdicts, alarms, alarm_pct| NullCount {
            verdicts,
            alarms,
            passes: verdicts - alarms,
            alarm_pct,
        };
        let nulls = Nulls {
            simulated: count(200, 2, Some([0.12, 1.0, 3.57])),
            real: count(1, 0, Some([0.0, 0.0, 97.5])),
            real_words: vec![Word::Pass],
        };
        let lateness = Lateness {
            pacing: Pacing::Poisson { requests_per_second: 50.0 },
            requests: 500,
            p50_us: Some(0.31),
            p99_us: None,
            p999_us: None,
            histogram: Histogram::encode(&empty()),
        };
        let round = Round { first: Side::Wrk, ours_per_second: 141_000.0, wrk_per_second: 137_702.6 };
        let wrk = Wrk { version: Some("4.1.0".into()), rounds: vec![round], ratio: None };
        let absent = Wrk { version: None, rounds: Vec::new(), ratio: None };
        let parts = [
            (Finding::Planted(vec![recovered]), holds("it came out".into())),
            (Finding::Nulls(nulls), holds("they are rare".into())),
            (Finding::Lateness(vec![lateness]), fails(BarState::Missed, "it is late".into(), "be quiet")),
            (Finding::Wrk(wrk), holds("it is fast".into())),
            (Finding::Wrk(absent), fails(BarState::NotRun, "there is none".into(), "install it")),
        ];
        let parts = parts.map(|(finding, bar)| Part { finding, bar }).into();
        Calibration { schema: SCHEMA.into(), seed: 7, parts }
    }

    #[test]
    fn each_part_is_a_table_and_a_line() {
        let shown: Vec<String> = calibration().parts.iter().map(part).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn the_summary_names_what_does_not_hold() {
        insta::assert_snapshot!(summary(&calibration()), @r"
        calibration: 3 of 5 bars hold (seed 7)
        - missed, lateness of the load generator, us: be quiet
        - not run, closed loop against wrk -t1, requests/s: install it
        ");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let calibration = calibration();
        let text = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&text).unwrap(), calibration);
    }
}
