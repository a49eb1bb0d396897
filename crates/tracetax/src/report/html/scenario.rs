//! The figures of one scenario.

use maud::{Markup, html};
use record::verdict::ScenarioVerdict;

use super::{Run, cpu, differences, figure::Figure, latency, opening, series, soak, strategies, words};
use crate::judge::figures::ScenarioFigures;

/// With more treatments than this, response times and courses of single ones are left out.
const FEW: usize = 4;

/// One section a scenario.
pub fn all(run: &Run<'_>) -> Vec<String> {
    let scenarios = run.verdict.scenarios.iter().enumerate();
    scenarios.map(|(index, scenario)| section(run, index, scenario).into_string()).collect()
}

fn section(run: &Run<'_>, index: usize, scenario: &ScenarioVerdict) -> Markup {
    let figures = run.figures.iter().find(|figures| figures.name == scenario.name);
    let figures = figures.map(|figures| all_of(scenario, figures)).unwrap_or_default();
    let question = run
        .plan
        .scenarios
        .iter()
        .find(|planned| planned.name == scenario.name)
        .map(|planned| &planned.question);
    let (id, title) = (format!("scenario-{index}"), format!("scenario-{index}-title"));
    html! {
        section id=(id) aria-labelledby=(title) {
            h2 id=(title) { (scenario.name) " " (words::badge(opening::word_of(run, scenario))) }
            @if let Some(question) = question { p class="question" { (question) } }
            @for refused in scenario.unavailable.chunk_by(|a, b| (&a.strategy, &a.reason) == (&b.strategy, &b.reason)) {
                p { strong { (refused[0].strategy) } " is unavailable on this kernel: " (words::sentence(&refused[0].reason)) "." }
            }
            @if figures.is_empty() { p { "There are no blocks to draw." } }
            div class="figures" { @for figure in &figures { (figure.show(&scenario.name)) } }
            @if scenario.treatments.len() > FEW && !figures.is_empty() {
                p { "With " (scenario.treatments.len()) " treatments, response times and courses over time of single ones are not drawn; their numbers are in the tables." }
            }
        }
    }
}

fn all_of(scenario: &ScenarioVerdict, figures: &ScenarioFigures) -> Vec<Figure> {
    let few = scenario.treatments.len() <= FEW;
    let each = || scenario.treatments.iter().zip(&figures.treatments).filter(|_| few);
    let mut all: Vec<Figure> = strategies::figure(scenario).into_iter().collect();
    all.extend(differences::figures(scenario, figures));
    all.extend(each().filter_map(|(verdict, figures)| latency::figure(verdict, figures)));
    all.extend(cpu::figure(figures));
    all.extend(each().flat_map(|(_, figures)| series::figures(figures)));
    all.extend(scenario.treatments.iter().flat_map(soak::figures));
    all
}
