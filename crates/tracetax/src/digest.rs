//! Short names for contents: of what a scenario measures, and of what a baseline holds.

use record::{
    baseline::Baseline,
    plan::{BystanderPlan, ScenarioLoad, ScenarioPlan, Treatment},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::scenario::Scenario;

/// 64 bits: enough against chance, and against a hand that means no harm.
const BYTES: usize = 8;

/// What a planned scenario measures: its load, its treatments without their limits, its bystander. The number of pairs is
/// told beside it, since that is a matter of the profile.
#[must_use]
pub fn of_plan(plan: &ScenarioPlan) -> String {
    of_measured(&plan.load, &plan.treatments, plan.bystander)
}

/// The same of a scenario that was only read.
#[must_use]
pub fn of_scenario(scenario: &Scenario) -> String {
    of_measured(&scenario.load, &scenario.treatments, scenario.bystander)
}

/// The checksum of a baseline: of all its values but that one.
#[must_use]
pub fn of_baseline(baseline: &Baseline) -> String {
    short(&json!(Baseline { checksum: String::new(), ..baseline.clone() }))
}

fn of_measured(load: &ScenarioLoad, treatments: &[Treatment], bystander: Option<BystanderPlan>) -> String {
    let treatments = treatments.iter().map(|one| json!({ "name": one.name, "kind": one.kind }));
    short(&json!({ "load": load, "treatments": treatments.collect::<Vec<_>>(), "bystander": bystander }))
}

/// Keys are sorted: that is how `serde_json` keeps a map, and a test holds the result.
fn short(value: &Value) -> String {
    let digest = Sha256::digest(value.to_string().as_bytes());
    digest.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_plan, of_scenario};
    use crate::{
        plan::{Profile, Wanted, plan},
        scenario::{Scenario, parse},
    };

    const TEXT: &str = closed_loop!(
        "What does it cost?",
        block_ms = 100,
        warmup_ms = 20,
        pairs = [20, 20, 20],
        per_life = 10,
        r"[budget]
agent_memory_mb = 100
"
    );

    fn parsed(text: &str) -> Scenario {
        parse("made-up", "made-up.toml", text).unwrap()
    }

    fn hash(text: &str) -> String {
        of_scenario(&parsed(text))
    }

    #[test]
    fn the_hash_stays_what_it_is() {
        // Baselines hold it: it may change with their schema alone.
        assert_eq!(hash(TEXT), "0339733bd295326d");
    }

    #[test]
    fn what_is_not_measured_changes_nothing() {
        for (from, to) in [
            ("[load]", "# A comment.\n[load]"),
            ("What does it cost?", "How much?"),
            ("agent_memory_mb = 100", "agent_memory_mb = 50"),
            ("quick = 20", "quick = 10"),
            ("agent_memory_mb = 100", "agent_memory_mb = 100\n[tolerance]\nserver_cpu_us_per_request = 1"),
        ] {
            assert_eq!(hash(&TEXT.replace(from, to)), hash(TEXT), "{to}");
        }
        let traced = |budget: &str| {
            format!("{TEXT}[[treatment]]\nname = \"one\"\ntracer = \"raw-tracepoint\"\n{budget}")
        };
        assert_eq!(hash(&traced("budget_server_cpu_us_per_request = 3.0\n")), hash(&traced("")));
    }

    #[test]
    fn what_is_measured_changes_it() {
        let mut hashes = vec![hash(TEXT)];
        for (from, to) in [
            ("connections = 4", "connections = 5"),
            ("pacing = \"closed\"", "pacing = \"poisson\"\nrequests_per_second = 1000"),
            ("/plain", "/other"),
            ("measure_ms = 100", "measure_ms = 110"),
            ("warmup_ms = 20", "warmup_ms = 30"),
            ("agent_memory_mb = 100", "agent_memory_mb = 100\n[bystander]\nmeasure_ms = 10"),
            ("[budget]", "[[treatment]]\nname = \"one\"\nnothing = true\n[budget]"),
            ("[budget]", "[[treatment]]\nname = \"two\"\nnothing = true\n[budget]"),
            ("[budget]", "[[treatment]]\nname = \"one\"\ntracer = \"kprobe\"\n[budget]"),
        ] {
            hashes.push(hash(&TEXT.replace(from, to)));
        }
        let count = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn a_plan_has_the_hash_of_its_scenario() {
        let scenario = parsed(TEXT);
        let wanted =
            Wanted { profile: Profile::Quick, seed: 1, load_per_arm: None, strategies: &[], revision: None };
        let plan = plan(std::slice::from_ref(&scenario), &wanted);
        assert_eq!(of_plan(&plan.scenarios[0]), of_scenario(&scenario));
    }
}
