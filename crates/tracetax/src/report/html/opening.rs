//! The top of the page: verdict, headlines, what to do, and the way to the rest.

use maud::{Markup, html};
use record::verdict::{Metric, Reason, ScenarioVerdict, Word};

use super::{Run, change, words};
use crate::report::{
    headline,
    words::{meaning, virtualisation, word as plain},
};

/// Most reasons that are told here.
const MOST_REASONS: usize = 40;

/// The title of the page.
pub fn title(run: &Run<'_>) -> String {
    format!("{}: tracetax, run {}", plain(word(run)), run.name)
}

/// The word of the whole: that of the comparison, where there is one.
pub fn word(run: &Run<'_>) -> Word {
    run.comparison.map_or(run.verdict.word, |comparison| comparison.word)
}

/// The word of a scenario.
pub fn word_of(run: &Run<'_>, scenario: &ScenarioVerdict) -> Word {
    let compared = run
        .comparison
        .and_then(|comparison| comparison.scenarios.iter().find(|one| one.name == scenario.name));
    compared.map_or(scenario.word, |compared| compared.word)
}

/// The top.
pub fn show(run: &Run<'_>) -> Markup {
    let word = word(run);
    html! {
        header {
            p class="kicker" { "tracetax " span { "what an eBPF tracer costs the service it watches" } }
            h1 class=(words::tone(word)) {
                span class="mark" aria-hidden="true" { (words::mark(word)) }
                span class="unseen" { "Verdict: " }
                (plain(word))
            }
            p class="meaning" { (meaning(word)) "." }
            @for note in notes(run) { p class="meaning" { strong { (words::sentence(note)) "." } } }
            p class="facts" { (facts(run)) }
        }
        section id="headline" aria-labelledby="headline-title" {
            h2 id="headline-title" { "What it costs" }
            ul class="cards" { @for scenario in &run.verdict.scenarios { (card(run, scenario)) } }
        }
        section id="next" aria-labelledby="next-title" {
            h2 id="next-title" { "What to do next" }
            (steps(run))
        }
        (contents(run))
        @if let Some(figure) = run.comparison.and_then(change::figure) {
            section id="comparison" aria-labelledby="comparison-title" {
                h2 id="comparison-title" { "Compared with before" }
                div class="figures one" { (figure.show("comparison")) }
            }
        }
    }
}

/// What must be known before the numbers.
fn notes<'a>(run: &Run<'a>) -> &'a [String] {
    run.comparison.map_or(&run.verdict.notes, |comparison| &comparison.notes)
}

fn facts(run: &Run<'_>) -> String {
    let of = match run.comparison {
        Some(comparison) => change::held_against(comparison),
        None => run.plan.revision.as_ref().map_or("unknown revision".into(), |revision| revision.short()),
    };
    let class = &run.host.class;
    format!(
        "{of} · profile {} · run {} · {}, {} cores, {} · host class {}",
        run.plan.profile,
        run.name,
        class.cpu_model,
        class.cores,
        virtualisation(&class.virtualisation),
        run.host.class_id
    )
}

fn card(run: &Run<'_>, scenario: &ScenarioVerdict) -> Markup {
    html! {
        li {
            h3 { (scenario.name) " " (words::badge(word_of(run, scenario))) }
            @if let Some(metric) = single(scenario) {
                p class="big" {
                    (words::signed(metric.estimate)) " " span class="unit" { "µs" }
                    @if let Some(share) = share(metric) { span class="share" { (share) } }
                }
            }
            @for sentence in headline::sentences(scenario, run.plan) { p { (words::sentence(&sentence)) "." } }
        }
    }
}

/// What a request costs more, where there is one treatment to speak of.
fn single(scenario: &ScenarioVerdict) -> Option<&Metric> {
    let [treatment] = scenario.treatments.as_slice() else { return None };
    let metric = treatment.metrics.iter().find(|metric| metric.name == "server_cpu_us_per_request");
    metric.filter(|_| treatment.capacity.is_none())
}

fn share(metric: &Metric) -> Option<String> {
    let level = metric.untraced.filter(|level| *level > 0.0)?;
    let share = format!("{:+.1} %", 100.0 * metric.estimate / level).replace('-', "\u{2212}");
    Some(share)
}

fn steps(run: &Run<'_>) -> Markup {
    let reasons: Vec<&Reason> = match run.comparison {
        Some(comparison) => comparison.scenarios.iter().flat_map(|scenario| &scenario.reasons).collect(),
        None => run.verdict.scenarios.iter().flat_map(|scenario| &scenario.reasons).collect(),
    };
    html! {
        @if reasons.is_empty() { p { (nothing(word(run))) } }
        @else {
            ol class="steps" {
                @for reason in reasons.iter().take(MOST_REASONS) {
                    li { p { (words::sentence(&reason.message)) " " code { (reason.code) } } p class="step" { strong { "Next: " } (words::sentence(&reason.next_step)) } }
                }
            }
            @if reasons.len() > MOST_REASONS {
                p { (reasons.len() - MOST_REASONS) " more reasons are in " code { "verdict.json" } "." }
            }
        }
    }
}

fn nothing(word: Word) -> &'static str {
    if word == Word::Pass { "Nothing: every limit holds." } else { "Nothing is judged here." }
}

fn contents(run: &Run<'_>) -> Markup {
    html! {
        nav aria-label="On this page" {
            ul {
                @if run.comparison.is_some_and(|comparison| change::figure(comparison).is_some()) {
                    li { a href="#comparison" { "Compared with before" } }
                }
                @for (index, scenario) in run.verdict.scenarios.iter().enumerate() {
                    li { a href=(format!("#scenario-{index}")) { (scenario.name) } }
                }
                @for (id, title) in [("tables", "Tables"), ("plan", "Plan"), ("host", "Host"), ("reading", "How to read this"), ("pairs", "Every pair")] {
                    li { a href=(format!("#{id}")) { (title) } }
                }
            }
        }
    }
}
