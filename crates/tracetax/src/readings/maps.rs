//! Memory of the BPF maps that a process has open.

use std::{collections::BTreeMap, fs};

/// Sum over the maps, each counted once, in bytes, as the kernel reckons it now (`bpf_map_show_fdinfo` of
/// kernel/bpf/syscall.c). `None` where the process is gone or may not be looked at.
#[must_use]
pub fn map_bytes(pid: u32) -> Option<u64> {
    let entries = fs::read_dir(format!("/proc/{pid}/fdinfo")).ok()?;
    // A descriptor that is closed meanwhile holds no map any more.
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    let maps: BTreeMap<u64, u64> = texts.filter_map(|text| map(&text)).collect();
    Some(maps.values().sum())
}

/// Id and memory of the map behind a descriptor; `None` for any other descriptor.
fn map(fdinfo: &str) -> Option<(u64, u64)> {
    Some((field(fdinfo, "map_id:")?, field(fdinfo, "memlock:")?))
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::{map, map_bytes};

    #[test]
    fn a_map_is_told_from_other_descriptors() {
        let text = "pos:\t0\nflags:\t02000002\nmap_type:\t27\nmemlock:\t274840\nmap_id:\t12\nfrozen:\t0\n";
        assert_eq!(map(text), Some((12, 274_840)));
        assert_eq!(map("pos:\t0\nprog_type:\t17\nmemlock:\t4096\nprog_id:\t9\n"), None);
    }

    #[test]
    fn a_process_without_maps_holds_none_and_one_that_is_gone_says_nothing() {
        assert_eq!(map_bytes(std::process::id()), Some(0));
        assert_eq!(map_bytes(u32::MAX), None);
    }
}
