//! How many entries the maps have: a map that a strategy does not use has one.

use aya::EbpfLoader;
use tracer_common::names;

use crate::choice::Strategy;

/// The maps that grow with the connections or threads of the watched process. The object gives each its size.
const GROWING: [&str; 4] = [names::CONNECTIONS, names::ASKED, names::STREAMS, names::MESSAGES];

/// Has `loader` make no map larger than `strategy` needs.
pub fn fit(loader: &mut EbpfLoader<'_>, strategy: Strategy) {
    for map in GROWING.iter().filter(|map| !used(strategy).contains(map)) {
        loader.map_max_entries(map, 1);
    }
}

/// Those of the growing maps that the strategy uses.
fn used(strategy: Strategy) -> &'static [&'static str] {
    match strategy {
        Strategy::RawTracepoint => &[names::CONNECTIONS],
        Strategy::SyscallTracepoint => &[names::CONNECTIONS, names::ASKED],
        Strategy::Fentry | Strategy::Kprobe => &[names::STREAMS, names::MESSAGES],
        Strategy::CgroupSkb | Strategy::UprobeNop | Strategy::UprobeEntry => &[],
    }
}
