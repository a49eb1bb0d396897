//! The BPF programs for tracing that others have loaded: they are run by the same events, and cost the same service.

use std::{collections::BTreeMap, fs, path::Path};

use aya::programs::{ProgramInfo, loaded_programs};
use record::agent::{Holder, OtherProgram, OtherPrograms};

/// Types of programs that run where the kernel or a process is traced (`enum bpf_prog_type` of linux/bpf.h): their numbers
/// and names there. Probes on functions of processes are of type `kprobe` too.
const KINDS: [(u32, &str); 7] = [
    (2, "kprobe"),
    (5, "tracepoint"),
    (7, "perf_event"),
    (17, "raw_tracepoint"),
    (24, "raw_tracepoint_writable"),
    (26, "tracing"),
    (29, "lsm"),
];

/// Programs of the kernel itself that list its maps and programs when somebody reads a file
/// (kernel/bpf/preload/iterators/iterators.bpf.c). They trace nothing.
const OF_THE_KERNEL: [&str; 2] = ["dump_bpf_map", "dump_bpf_prog"];

/// All that are loaded now. This process must hold none yet: its own would be among them.
#[must_use]
pub fn all() -> OtherPrograms {
    let mut programs = Vec::new();
    for info in loaded_programs() {
        match info {
            Ok(info) => programs.extend(described(&info)),
            Err(error) => return OtherPrograms::Refused(error.to_string()),
        }
    }
    if !programs.is_empty() {
        let mut holders = holders(Path::new("/proc"));
        for program in &mut programs {
            program.holders = holders.remove(&program.id).unwrap_or_default();
        }
    }
    OtherPrograms::Loaded(programs)
}

fn described(info: &ProgramInfo) -> Option<OtherProgram> {
    let number = info.program_type() as u32;
    let (_, kind) = KINDS.into_iter().find(|(known, _)| *known == number)?;
    let name = String::from_utf8_lossy(info.name()).into_owned();
    let is_foreign = !OF_THE_KERNEL.contains(&name.as_str());
    is_foreign.then(|| OtherProgram { id: info.id(), name, kind: kind.into(), holders: Vec::new() })
}

/// Who holds each program, by a descriptor of it or of a link (kernel/bpf/syscall.c, `bpf_prog_show_fdinfo` and
/// `bpf_link_show_fdinfo`). A process may end while it is looked at: then it holds nothing.
fn holders(proc: &Path) -> BTreeMap<u32, Vec<Holder>> {
    let mut found: BTreeMap<u32, Vec<Holder>> = BTreeMap::new();
    for entry in fs::read_dir(proc).into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let mut ids = held(&entry.path().join("fdinfo"));
        ids.sort_unstable();
        ids.dedup();
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        for id in ids {
            found.entry(id).or_default().push(Holder { pid, name: name.trim().into() });
        }
    }
    found
}

fn held(descriptors: &Path) -> Vec<u32> {
    let entries = fs::read_dir(descriptors).into_iter().flatten().flatten();
    let texts = entries.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    texts
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("prog_id:")?.trim().parse().ok()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use record::agent::Holder;

    use super::holders;

    #[test]
    fn a_program_is_held_by_descriptors_of_it_and_of_its_links_and_each_process_counts_once() {
        let proc = tempfile::tempdir().unwrap();
        let descriptor = |pid: u32, number: u32, text: &str| {
            let folder = proc.path().join(pid.to_string());
            fs::create_dir_all(folder.join("fdinfo")).unwrap();
            fs::write(folder.join("comm"), format!("process {pid}\n")).unwrap();
            fs::write(folder.join("fdinfo").join(number.to_string()), text).unwrap();
        };
        descriptor(7, 3, "pos:\t0\nprog_type:\t17\nprog_id:\t40\n");
        descriptor(7, 4, "pos:\t0\nlink_type:\traw_tracepoint\nprog_id:\t40\n");
        descriptor(7, 5, "pos:\t0\nmap_id:\t41\n");
        descriptor(8, 3, "prog_id:\t40\n");
        descriptor(9, 0, "pos:\t0\n");
        fs::write(proc.path().join("version"), "prog_id:\t40\n").unwrap();
        let holder = |pid| Holder { pid, name: format!("process {pid}") };
        let mut found = holders(proc.path());
        found.values_mut().for_each(|holders| holders.sort_by_key(|holder| holder.pid));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(40, vec![holder(7), holder(8)])]);
    }
}
