//! What the kernel has made of the object: programs and maps, in its own figures.

use std::{collections::BTreeMap, fs, io};

use anyhow::{Context, Result};
use aya::{
    Ebpf,
    maps::{MapInfo, MapType},
    programs::ProgramInfo,
};
use record::agent::{LoadedMap, LoadedProgram};

/// The programs of `ebpf` that are loaded.
///
/// # Errors
/// With the kernel's reason.
pub fn programs(ebpf: &Ebpf) -> Result<Vec<LoadedProgram>> {
    Ok(infos(ebpf)?.into_iter().map(|(name, info)| described(name, &info)).collect())
}

/// Runs of the programs of `ebpf`, and their time in nanoseconds, while run-time statistics were on.
///
/// # Errors
/// With the kernel's reason.
pub fn runs(ebpf: &Ebpf) -> Result<(u64, u64)> {
    let infos = infos(ebpf)?;
    let count = infos.iter().map(|(_, info)| info.run_count()).sum();
    let time_ns = infos.iter().map(|(_, info)| info.run_time().as_nanos() as u64).sum();
    Ok((count, time_ns))
}

fn infos(ebpf: &Ebpf) -> Result<Vec<(&str, ProgramInfo)>> {
    let loaded = ebpf.programs().filter(|(_, program)| program.fd().is_ok());
    let mut infos = loaded.map(|(name, program)| Ok((name, program.info()?))).collect::<Result<Vec<_>>>()?;
    infos.sort_by_key(|(name, _)| *name);
    Ok(infos)
}

fn described(name: &str, info: &ProgramInfo) -> LoadedProgram {
    LoadedProgram {
        name: name.into(),
        verified_instructions: info.verified_instruction_count().unwrap_or(0).into(),
        jited_bytes: info.size_jitted().into(),
        translated_bytes: info.size_translated().unwrap_or(0).into(),
    }
}

/// All maps that this process holds, by name.
///
/// # Errors
/// With the kernel's reason.
pub fn maps() -> Result<Vec<LoadedMap>> {
    let mut maps = held()?
        .into_iter()
        .map(|(id, memory_bytes)| {
            let info = MapInfo::from_id(id)?;
            let kind = kind(info.map_type()?);
            let name = String::from_utf8_lossy(info.name()).into();
            Ok(LoadedMap { name, kind, max_entries: info.max_entries().into(), memory_bytes })
        })
        .collect::<Result<Vec<_>>>()?;
    maps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(maps)
}

/// Ids of the maps that this process has open, with their memory (`bpf_map_show_fdinfo` of kernel/bpf/syscall.c).
fn held() -> Result<BTreeMap<u32, u64>> {
    let mut held = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/fdinfo").context("cannot list the open files of this process")? {
        let text = match fs::read_to_string(entry?.path()) {
            // The listing names the descriptor it was made by.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text?,
        };
        if let Some(id) = field(&text, "map_id:") {
            held.insert(id as u32, field(&text, "memlock:").context("a map without `memlock`")?);
        }
    }
    Ok(held)
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// The kernel's word for a type of map (`enum bpf_map_type` of linux/bpf.h), as bpftool writes it.
fn kind(kind: MapType) -> String {
    match kind {
        MapType::Hash => "hash".into(),
        MapType::Array => "array".into(),
        MapType::PerCpuHash => "percpu_hash".into(),
        MapType::PerCpuArray => "percpu_array".into(),
        MapType::LruHash => "lru_hash".into(),
        MapType::TaskStorage => "task_storage".into(),
        MapType::SkStorage => "sk_storage".into(),
        MapType::RingBuf => "ringbuf".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}
