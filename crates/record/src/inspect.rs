//! `inspect.json`: what an eBPF object holds, and what the kernel made of it.
//!
//! Nothing here is measured with noise: the same object gives the same file, so a later one may be held against it for
//! equality. What the kernel made of it is equal on the same kernel alone.

use serde::{Deserialize, Serialize};

use crate::agent::{LoadedMap, LoadedProgram, StrategyProbe};

/// Schema id of `inspect.json`.
pub const SCHEMA: &str = "tracetax/inspect/v1";

/// One object. Every list is sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// [`SCHEMA`].
    pub schema: String,
    /// Size of the whole file.
    pub object_bytes: u64,
    /// Size of the section `.BTF`, the types; 0 where there is none.
    pub btf_bytes: u64,
    /// Size of the section `.BTF.ext`, which ties instructions to functions and lines; 0 where there is none.
    pub btf_ext_bytes: u64,
    /// The license that the programs claim.
    pub license: String,
    /// What attaches to the kernel.
    pub programs: Vec<ObjectProgram>,
    /// What programs call.
    pub functions: Vec<ObjectFunction>,
    /// What the loader will make of each map.
    pub maps: Vec<ObjectMap>,
    /// Constants that the loader may set before the programs are verified.
    pub constants: Vec<ObjectConstant>,
    /// What the maps' bytes were reckoned for.
    pub reckoned_for: ReckonedFor,
    /// What the kernel made of it; absent where it was not loaded.
    pub loaded: Option<Loaded>,
}

/// What the kernel made of the object. Strategies stand in the tracer's own order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loaded {
    /// Strategies that this kernel takes.
    pub strategies: Vec<LoadedStrategy>,
    /// Those it refuses, with its reason.
    pub unavailable: Vec<StrategyProbe>,
}

/// A strategy, loaded alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadedStrategy {
    /// Its name.
    pub strategy: String,
    /// Its programs.
    pub programs: Vec<LoadedProgram>,
    /// The maps that the tracer holds with it.
    pub maps: Vec<LoadedMap>,
}

/// A program, whole: the loader puts the functions that it calls behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectProgram {
    /// Its symbol.
    pub name: String,
    /// Its section, which says where it may attach.
    pub section: String,
    /// The kind of program.
    pub kind: String,
    /// Instructions with all functions it calls. One that loads 64 bits counts twice, as it does for the kernel.
    pub instructions: u64,
    /// The same in bytes.
    pub bytes: u64,
    /// Functions it calls, directly or not. Absent where the object does not tell (`.BTF.ext`).
    pub functions: Option<Vec<String>>,
}

/// A function that programs share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFunction {
    /// Its symbol.
    pub name: String,
    /// Instructions of its own.
    pub instructions: u64,
    /// The same in bytes.
    pub bytes: u64,
}

/// A map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectMap {
    /// Its symbol, or its section where the compiler made it of data.
    pub name: String,
    /// The kind of map, in the kernel's words (`percpu_array`).
    pub kind: String,
    /// Size of a key.
    pub key_bytes: u64,
    /// Size of a value, on one processor.
    pub value_bytes: u64,
    /// Entries it can hold; bytes for a ring buffer.
    pub max_entries: u64,
    /// Memory that it will take at least. Absent where no formula for its kind is known.
    pub memory_bytes: Option<u64>,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectConstant {
    /// Its symbol.
    pub name: String,
    /// Its section.
    pub section: String,
    /// Its size.
    pub bytes: u64,
    /// Its value in the object, as hexadecimal digits of its bytes in the order of memory.
    pub value: String,
}

/// What the memory of a map depends on beside its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReckonedFor {
    /// Processors that the machine may ever have; a map per processor has a value for each.
    pub possible_cpus: u64,
    /// Size of a page.
    pub page_bytes: u64,
}
