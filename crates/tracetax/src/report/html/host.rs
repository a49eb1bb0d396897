//! The host: what makes numbers comparable, and what helps to explain them.

use maud::{Markup, html};
use record::host::Host;

use super::figure::Table;
use crate::report::words::virtualisation;

/// The section.
pub fn show(host: &Host) -> Markup {
    html! {
        section id="host" aria-labelledby="host-title" {
            h2 id="host-title" { "Host" }
            p { "Numbers are compared only within a host class. This one is " code { (host.class_id) } "." }
            dl {
                @for (name, value) in facts(host) { div { dt { (name) } dd { (value) } } }
            }
            @if !host.strategies.is_empty() { (strategies(host).show("Strategies on this kernel")) }
        }
    }
}

fn facts(host: &Host) -> [(&'static str, String); 9] {
    let class = &host.class;
    [
        ("Processor", format!("{}, {} online", class.cpu_model, class.cores)),
        ("Kernel", host.kernel.clone()),
        ("Distribution", host.distribution.clone()),
        ("Memory", format!("{:.1} GB", host.memory_bytes as f64 / 1e9)),
        ("Virtualisation", virtualisation(&class.virtualisation).to_owned()),
        ("Timer frequency", class.hz.map_or("not readable".into(), |hz| format!("{hz} Hz"))),
        ("CPU accounting", class.accounting.clone()),
        ("Control groups", class.cgroup_mode.clone()),
        ("Clock source", class.clock.clone()),
    ]
}

fn strategies(host: &Host) -> Table {
    let row = |probe: &record::agent::StrategyProbe| {
        let here = if probe.available { "available" } else { "unavailable" };
        vec![probe.strategy.clone(), here.into(), probe.reason.clone().unwrap_or_else(|| "–".into())]
    };
    Table::new(&["strategy", "on this kernel", "why not"]).with(host.strategies.iter().map(row))
}
