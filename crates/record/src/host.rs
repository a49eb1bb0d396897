//! `host.json`: the machine that a run was measured on.

use serde::{Deserialize, Serialize};

use crate::{agent::StrategyProbe, doctor::Fact};

/// Schema id of `host.json`.
pub const SCHEMA: &str = "tracetax/host/v2";

/// What makes numbers comparable, and what helps to explain them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// [`SCHEMA`].
    pub schema: String,
    /// Short hash of the fields of [`HostClass`].
    pub class_id: String,
    /// What the class is made of.
    pub class: HostClass,
    /// Full kernel release and version.
    pub kernel: String,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Distribution, as it names itself.
    pub distribution: String,
    /// Which strategies of the tracer this kernel takes, as they were tried before the run. Empty where no tracer was to
    /// run.
    #[serde(default)]
    pub strategies: Vec<StrategyProbe>,
    /// What `doctor` says of it. Empty in files of before it was asked.
    #[serde(default)]
    pub facts: Vec<Fact>,
}

/// Numbers of two machines are compared only where all of this is equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostClass {
    /// Model name of the first processor.
    pub cpu_model: String,
    /// Online processors.
    pub cores: u32,
    /// Kernel version, major.minor.
    pub kernel: String,
    /// Timer frequency of the kernel, in ticks a second; absent where the kernel's configuration is not readable.
    pub hz: Option<u32>,
    /// How the kernel accounts CPU time: `tick`, `gen`, `native` or `unknown`.
    pub accounting: String,
    /// `v1`, `v2` or `hybrid`.
    pub cgroup_mode: String,
    /// Clock source.
    pub clock: String,
    /// Hypervisor as the processor names it, or `none`.
    pub virtualisation: String,
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn a_file_of_before_the_machine_was_judged_is_still_read() {
        let old = r#"{"schema":"tracetax/host/v1","class_id":"afc865c9","class":{"cpu_model":"AMD EPYC","cores":2,
            "kernel":"6.18","hz":250,"accounting":"tick","cgroup_mode":"hybrid","clock":"tsc",
            "virtualisation":"KVMKVMKVM"},"kernel":"6.18.0","memory_bytes":1,"distribution":"Debian"}"#;
        let read: Host = serde_json::from_str(old).unwrap();
        assert_eq!((read.class_id.as_str(), read.facts.len(), read.strategies.len()), ("afc865c9", 0, 0));
    }
}
