//! Reads an eBPF object, as the loader would: what it holds, and how large each part is once it is linked.

use std::{
    collections::{BTreeMap, HashSet},
    panic::catch_unwind,
};

use anyhow::{Context, Result, bail};
use aya_obj::{Function, Map, Object, ProgramSection, generated::bpf_insn};
use object::{File, Object as _, ObjectSection as _, ObjectSymbol as _, SectionIndex, SymbolKind};
use record::inspect::{
    Inspection, ObjectConstant, ObjectFunction, ObjectMap, ObjectProgram, ReckonedFor, SCHEMA,
};

use super::{
    memory::{self, Definition},
    sound,
};

/// Names of functions by the number of their type.
type ByType = BTreeMap<u32, String>;

/// What `bytes` hold.
///
/// # Errors
/// Says what is wrong, where they are no sound eBPF object.
pub fn read(bytes: &[u8], machine: ReckonedFor) -> Result<Inspection> {
    let file = sound::check(bytes)?;
    // Its parser panics at some kinds of damage that were not looked for; nothing of it is kept then.
    let found = catch_unwind(|| read_sound(bytes, &file, machine));
    found.unwrap_or_else(|_| bail!("it is damaged: the parser of eBPF objects gave up"))
}

fn read_sound(bytes: &[u8], file: &File<'_>, machine: ReckonedFor) -> Result<Inspection> {
    let parsed = Object::parse(bytes).context("it is no eBPF object")?;
    let by_type = functions_by_type(&parsed);
    let functions = functions(&parsed);
    let linked = link(parsed)?;
    Ok(Inspection {
        schema: SCHEMA.to_owned(),
        object_bytes: bytes.len() as u64,
        btf_bytes: section_bytes(file, ".BTF"),
        btf_ext_bytes: section_bytes(file, ".BTF.ext"),
        license: linked.license.to_string_lossy().into_owned(),
        programs: programs(file, &linked, &by_type)?,
        functions,
        maps: maps(&linked, machine)?,
        constants: constants(file)?,
        reckoned_for: machine,
        loaded: None,
    })
}

/// Puts the functions that a program calls behind it, as the loader does before it hands it to the kernel.
fn link(mut object: Object) -> Result<Object> {
    let code: HashSet<usize> = object.functions.keys().map(|(section, _)| *section).collect();
    object.relocate_calls(&code).context("its programs cannot be linked")?;
    Ok(object)
}

fn section_bytes(file: &File<'_>, name: &str) -> u64 {
    file.section_by_name(name).map_or(0, |section| section.size())
}

fn programs(file: &File<'_>, linked: &Object, by_type: &ByType) -> Result<Vec<ObjectProgram>> {
    let mut found = Vec::new();
    for (name, program) in &linked.programs {
        let function = linked.functions.get(&program.function_key());
        let function = function.with_context(|| format!("program {name} has no instructions"))?;
        let section = file.section_by_index(SectionIndex(program.section_index))?;
        found.push(ObjectProgram {
            name: plain(name),
            section: section.name()?.to_owned(),
            kind: kind(&program.section),
            instructions: function.instructions.len() as u64,
            bytes: bytes(function),
            functions: linked.btf_ext.is_some().then(|| called(function, by_type)),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A linked program has a type for each of its functions, its own being at instruction 0. The kernel refuses a program with
/// a function that has none, so nothing is missed in one that can be loaded.
fn called(program: &Function, by_type: &ByType) -> Vec<String> {
    let types = program.func_info.func_info.iter().filter(|info| info.insn_off != 0);
    let mut names: Vec<String> = types.filter_map(|info| by_type.get(&info.type_id).cloned()).collect();
    names.sort();
    names
}

fn functions_by_type(parsed: &Object) -> ByType {
    let types = shared(parsed).filter_map(|function| {
        let info = function.func_info.func_info.first()?;
        Some((info.type_id, plain(&function.name)))
    });
    types.collect()
}

fn functions(parsed: &Object) -> Vec<ObjectFunction> {
    let mut found: Vec<ObjectFunction> = shared(parsed)
        .map(|function| ObjectFunction {
            name: plain(&function.name),
            instructions: function.instructions.len() as u64,
            bytes: bytes(function),
        })
        .collect();
    found.sort_by(|a, b| (&a.name, a.bytes).cmp(&(&b.name, b.bytes)));
    found
}

/// Functions that are no programs.
fn shared(parsed: &Object) -> impl Iterator<Item = &Function> {
    let programs: HashSet<_> = parsed.programs.values().map(aya_obj::Program::function_key).collect();
    parsed.functions.iter().filter(move |(key, _)| !programs.contains(*key)).map(|(_, function)| function)
}

fn bytes(function: &Function) -> u64 {
    size_of_val::<[bpf_insn]>(&function.instructions) as u64
}

/// A name as its author wrote it. The compiler adds a hash, which is another one with each compiler.
fn plain(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

fn kind(section: &ProgramSection) -> String {
    let name = match section {
        ProgramSection::RawTracePoint => "raw tracepoint",
        ProgramSection::TracePoint => "tracepoint",
        ProgramSection::CgroupSkb { .. } => "cgroup skb",
        ProgramSection::UProbe { .. } => "uprobe",
        ProgramSection::URetProbe { .. } => "uretprobe",
        ProgramSection::KProbe => "kprobe",
        ProgramSection::KRetProbe => "kretprobe",
        ProgramSection::FEntry { .. } => "fentry",
        ProgramSection::FExit { .. } => "fexit",
        other => return format!("{other:?}"),
    };
    name.to_owned()
}

fn maps(parsed: &Object, machine: ReckonedFor) -> Result<Vec<ObjectMap>> {
    let mut found =
        parsed.maps.iter().map(|(name, map)| object_map(name, map, machine)).collect::<Result<Vec<_>>>()?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn object_map(name: &str, map: &Map, machine: ReckonedFor) -> Result<ObjectMap> {
    let definition = Definition {
        map_type: map.map_type(),
        key_bytes: map.key_size().into(),
        value_bytes: map.value_size().into(),
        max_entries: map.max_entries().into(),
        flags: map.map_flags(),
    };
    if map.inner().is_some() {
        bail!("map {name} is a map of maps, which this tool does not know");
    }
    Ok(ObjectMap {
        name: name.to_owned(),
        kind: memory::kind(definition.map_type)
            .map_or_else(|| format!("type {}", definition.map_type), str::to_owned),
        key_bytes: definition.key_bytes,
        value_bytes: definition.value_bytes,
        max_entries: definition.max_entries,
        memory_bytes: memory::memory_bytes(definition, machine),
    })
}

/// Constants that have a name for the loader. What the compiler made of literals has none.
fn constants(file: &File<'_>) -> Result<Vec<ObjectConstant>> {
    let mut found = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Data && symbol.is_global()) {
        let Some(section) = symbol.section_index() else { continue };
        let section = file.section_by_index(section)?;
        if !section.name()?.starts_with(".rodata") {
            continue;
        }
        let value = section.data_range(symbol.address(), symbol.size())?;
        found.push(ObjectConstant {
            name: plain(symbol.name()?),
            section: section.name()?.to_owned(),
            bytes: symbol.size(),
            value: value.unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect(),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
