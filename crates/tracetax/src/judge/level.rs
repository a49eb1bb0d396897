//! The levels that a soak follows over time.

use record::block::{Block, ProcessUse};

/// A level of one window, at its end.
pub struct Level {
    /// Its name, ending in its unit.
    pub name: &'static str,
    /// None where it could not be read.
    pub of: fn(&Block) -> Option<f64>,
}

/// All of them. The first is what the agent's growth is judged by: all that it holds itself, and what the kernel holds for
/// it. Both are exact and told on every kernel, which cannot be said of what is charged to a group.
pub const LEVELS: [Level; 12] = [
    Level { name: "agent_rss_and_maps_mb", of: |block| Some(mb(agent(block)?.rss_bytes) + maps(block)?) },
    Level { name: "agent_rss_mb", of: |block| Some(mb(agent(block)?.rss_bytes)) },
    Level { name: "agent_pss_mb", of: |block| Some(mb(agent(block)?.pss_bytes)) },
    Level { name: "agent_maps_mb", of: maps },
    Level { name: "agent_group_mb", of: |block| block.window.as_ref()?.agent_group_bytes.map(mb) },
    Level { name: "agent_descriptors", of: |block| Some(agent(block)?.descriptors as f64) },
    Level { name: "agent_threads", of: |block| Some(agent(block)?.threads as f64) },
    Level { name: "target_rss_mb", of: |block| Some(mb(block.target.rss_bytes)) },
    Level { name: "target_pss_mb", of: |block| Some(mb(block.target.pss_bytes)) },
    Level { name: "target_group_mb", of: |block| block.window.as_ref()?.target_group_bytes.map(mb) },
    Level { name: "target_descriptors", of: |block| Some(block.target.descriptors as f64) },
    Level { name: "target_threads", of: |block| Some(block.target.threads as f64) },
];

fn agent(block: &Block) -> Option<&ProcessUse> {
    block.agent.as_ref()
}

fn maps(block: &Block) -> Option<f64> {
    block.window.as_ref()?.map_bytes.map(mb)
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
