//! A small eBPF object for tests: two programs, two functions, two maps, a constant.

use object::{
    Architecture, BinaryFormat, Endianness, RelocationFlags, SectionKind, SymbolFlags, SymbolKind,
    SymbolScope,
    write::{Object, Relocation, SectionId, StandardSegment, Symbol, SymbolId, SymbolSection},
};

/// Relocation of a call to a function (`Documentation/bpf/llvm_reloc.rst` of the kernel).
const R_BPF_64_32: u32 = 10;

const EXIT: [u8; 8] = [0x95, 0, 0, 0, 0, 0, 0, 0];
/// `r0 = 7`.
const MOVE: [u8; 8] = [0xb7, 0, 0, 0, 7, 0, 0, 0];
/// A call of another function of the object (`BPF_PSEUDO_CALL`), of which only the relocation says which.
const CALL: [u8; 8] = [0x85, 0x10, 0, 0, 0xff, 0xff, 0xff, 0xff];

/// The names and sizes of its parts: programs with and without the functions they call.
pub const ALONE_INSTRUCTIONS: u64 = 2;
pub const CALLER_INSTRUCTIONS: u64 = 3 + FIRST_INSTRUCTIONS + SECOND_INSTRUCTIONS;
pub const FIRST_INSTRUCTIONS: u64 = 2;
pub const SECOND_INSTRUCTIONS: u64 = 4;

/// Its bytes.
pub fn object() -> Vec<u8> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
    let text = section(&mut object, ".text", SectionKind::Text);
    let first = symbol(&mut object, text, "first", SymbolKind::Text, &[MOVE, EXIT].concat());
    let second = symbol(&mut object, text, "second", SymbolKind::Text, &[MOVE, MOVE, CALL, EXIT].concat());
    // The second calls the first, as the caller does.
    calls(&mut object, text, 8 * (FIRST_INSTRUCTIONS + 2), first);
    let program = section(&mut object, "raw_tp/sys_exit", SectionKind::Text);
    symbol(&mut object, program, "caller", SymbolKind::Text, &[CALL, CALL, EXIT].concat());
    calls(&mut object, program, 0, first);
    calls(&mut object, program, 8, second);
    let program = section(&mut object, "cgroup_skb/egress", SectionKind::Text);
    symbol(&mut object, program, "alone", SymbolKind::Text, &[MOVE, EXIT].concat());
    let maps = section(&mut object, "maps", SectionKind::Data);
    map(&mut object, maps, "RING", [27, 0, 0, 4096, 0]);
    map(&mut object, maps, "TABLE", [6, 4, 12, 3, 0]);
    let constants = section(&mut object, ".rodata", SectionKind::ReadOnlyData);
    symbol(&mut object, constants, "LIMIT", SymbolKind::Data, &0x0102_0304_u32.to_le_bytes());
    let license = section(&mut object, "license", SectionKind::ReadOnlyData);
    object.append_section_data(license, b"GPL\0", 1);
    object.write().unwrap()
}

fn section(object: &mut Object<'_>, name: &str, kind: SectionKind) -> SectionId {
    object.add_section(object.segment_name(StandardSegment::Data).to_vec(), name.into(), kind)
}

fn symbol(
    object: &mut Object<'_>,
    section: SectionId,
    name: &str,
    kind: SymbolKind,
    data: &[u8],
) -> SymbolId {
    let value = object.append_section_data(section, data, 8);
    object.add_symbol(Symbol {
        name: name.into(),
        value,
        size: data.len() as u64,
        kind,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(section),
        flags: SymbolFlags::None,
    })
}

fn calls(object: &mut Object<'_>, section: SectionId, offset: u64, symbol: SymbolId) {
    let flags = RelocationFlags::Elf { r_type: R_BPF_64_32 };
    object.add_relocation(section, Relocation { offset, symbol, addend: 0, flags }).unwrap();
}

/// `struct bpf_map_def` as aya writes it: the five words of the kernel, an id, and where it is pinned.
fn map(object: &mut Object<'_>, section: SectionId, name: &str, definition: [u32; 5]) {
    let words = definition.into_iter().chain([0, 0]);
    let data: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
    symbol(object, section, name, SymbolKind::Data, &data);
}
