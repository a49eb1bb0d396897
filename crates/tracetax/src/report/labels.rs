//! What the names of metrics mean, for people. Files keep the names.

/// Each name with its meaning and unit.
const LABELS: [(&str, &str); 17] = [
    ("server_cpu_us_per_request", "server CPU, us/request"),
    ("agent_cpu_us_per_request", "agent CPU, us/request"),
    ("load_cpu_us_per_request", "client CPU, us/request"),
    ("total_cpu_us_per_request", "all CPU, us/request"),
    ("cpu_overhead_points", "server+agent, % of core"),
    ("agent_cpu_points", "agent CPU, % of a core"),
    ("throughput_per_second", "requests/s"),
    ("added_latency_p50_ms", "latency p50, ms"),
    ("added_latency_ms", "latency p99, ms"),
    ("bystander_cpu_ns_per_call", "bystander, ns/call"),
    ("wakeups_per_second", "agent wake-ups/s"),
    ("delivery_p50_ms", "record delay p50, ms"),
    ("delivery_p99_ms", "record delay p99, ms"),
    ("agent_memory_mb", "agent memory, MB"),
    ("events_per_second", "events/s, none lost"),
    ("uptime_pct", "uptime, %"),
    ("agent_growth_mb_per_hour", "agent growth, MB/hour"),
];

/// What a metric is called in a terminal; its name where nothing is known of it.
pub fn label(name: &str) -> &str {
    LABELS.iter().find(|(known, _)| *known == name).map_or(name, |(_, label)| label)
}

/// The levels of a soak, each with its meaning and unit.
const LEVELS: [(&str, &str); 12] = [
    ("agent_rss_and_maps_mb", "agent: resident + maps, MB"),
    ("agent_rss_mb", "agent: resident, MB"),
    ("agent_pss_mb", "agent: proportional, MB"),
    ("agent_maps_mb", "agent: BPF maps, MB"),
    ("agent_group_mb", "agent: its group, MB"),
    ("agent_descriptors", "agent: descriptors"),
    ("agent_threads", "agent: threads"),
    ("target_rss_mb", "target: resident, MB"),
    ("target_pss_mb", "target: proportional, MB"),
    ("target_group_mb", "target: its group, MB"),
    ("target_descriptors", "target: descriptors"),
    ("target_threads", "target: threads"),
];

/// What a level of a soak is called; its name where nothing is known of it.
pub fn level(name: &str) -> &str {
    LEVELS.iter().find(|(known, _)| *known == name).map_or(name, |(_, label)| label)
}

#[cfg(test)]
mod tests {
    use super::{LABELS, label};

    #[test]
    fn labels_are_short_and_differ() {
        for (index, (name, label)) in LABELS.iter().enumerate() {
            assert!(label.len() <= 24, "{label} makes the table too wide");
            assert!(!LABELS[..index].iter().any(|(other, said)| other == name || said == label), "{name}");
        }
    }

    #[test]
    fn what_is_not_known_keeps_its_name() {
        assert_eq!(label("agent_memory_mb"), "agent memory, MB");
        assert_eq!(label("new_metric_us"), "new_metric_us");
    }
}
