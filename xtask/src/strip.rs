//! Takes out of the eBPF object what only debuggers read. The loader reads the whole file, and the agent's memory is
//! charged for it.

use anyhow::{Context, Result};
use object::{
    build::elf::{Builder, SectionData},
    elf::SHT_STRTAB,
};

/// The object without debug information and without the relocations of sections that the loader takes as they are.
///
/// Types (`.BTF`, `.BTF.ext`) stay: the linker has made them of the debug information, and the kernel wants them.
///
/// # Errors
/// When `bytes` are no ELF file.
pub(crate) fn strip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut object = Builder::read(bytes).context("the linker left no ELF file")?;
    for section in object.sections.iter_mut().filter(|section| is_for_debuggers(&section.name)) {
        section.delete = true;
    }
    name_table(&mut object);
    // Relocations of deleted sections and symbols that nothing refers to any more.
    object.delete_orphans();
    object.set_section_sizes();
    let mut stripped = Vec::new();
    object.write(&mut stripped)?;
    Ok(stripped)
}

/// The linker keeps the names of sections among those of symbols, which the writer cannot.
fn name_table(object: &mut Builder<'_>) {
    if object.sections.iter().any(|section| matches!(section.data, SectionData::SectionString)) {
        return;
    }
    let names = object.sections.add();
    names.name = ".shstrtab".into();
    names.sh_type = SHT_STRTAB;
    names.sh_addralign = 1;
    names.data = SectionData::SectionString;
}

fn is_for_debuggers(section: &[u8]) -> bool {
    let prefixes: [&[u8]; 3] = [b".debug_", b".rel.debug_", b".rel.BTF"];
    prefixes.iter().any(|prefix| section.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use object::write::{Object, Relocation, StandardSegment, Symbol, SymbolId, SymbolSection};
    use object::{
        Architecture, BinaryFormat, Endianness, File, Object as _, ObjectSection as _, ObjectSymbol as _,
        RelocationFlags, RelocationTarget, SectionKind, SymbolFlags, SymbolKind, SymbolScope,
    };

    use super::*;

    const SECTIONS: [(&str, SectionKind); 6] = [
        (".text", SectionKind::Text),
        ("maps", SectionKind::Data),
        (".debug_info", SectionKind::Debug),
        (".BTF", SectionKind::Other),
        (".BTF.ext", SectionKind::Other),
        (".debug_str", SectionKind::DebugString),
    ];

    /// Each section has its own name as content, a symbol for all of it, and refers to the map.
    fn object() -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::Bpf, Endianness::Little);
        let mut symbols: Vec<(_, SymbolId)> = Vec::new();
        for (name, kind) in SECTIONS {
            let segment = object.segment_name(StandardSegment::Data).to_vec();
            let section = object.add_section(segment, name.into(), kind);
            object.append_section_data(section, format!("{name:.<16}").as_bytes(), 8);
            let symbol = Symbol {
                name: format!("{name}_symbol").into_bytes(),
                value: 0,
                size: 16,
                kind: if name == ".text" { SymbolKind::Text } else { SymbolKind::Data },
                scope: SymbolScope::Compilation,
                weak: false,
                section: SymbolSection::Section(section),
                flags: SymbolFlags::None,
            };
            symbols.push((section, object.add_symbol(symbol)));
        }
        let map = symbols[1].1;
        for (section, _) in symbols {
            let flags = RelocationFlags::Elf { r_type: object::elf::R_BPF_64_64 };
            object.add_relocation(section, Relocation { offset: 0, symbol: map, addend: 0, flags }).unwrap();
        }
        object.write().unwrap()
    }

    #[test]
    fn only_what_debuggers_read_is_taken_out() {
        let bytes = strip(&object()).unwrap();
        let file = File::parse(&*bytes).unwrap();
        for (name, _) in SECTIONS {
            let section = file.section_by_name(name);
            let is_there = section.is_some();
            assert_eq!(is_there, !name.starts_with(".debug"), "{name}");
            assert_eq!(file.symbols().any(|symbol| symbol.name() == Ok(&format!("{name}_symbol"))), is_there);
            if let Some(section) = section {
                assert_eq!(section.data().unwrap(), format!("{name:.<16}").as_bytes());
                assert_eq!(section.relocations().count(), usize::from(!name.starts_with(".BTF")), "{name}");
            }
        }
    }

    #[test]
    fn code_refers_to_the_same_map_as_before() {
        let bytes = strip(&object()).unwrap();
        let file = File::parse(&*bytes).unwrap();
        let (offset, relocation) = file.section_by_name(".text").unwrap().relocations().next().unwrap();
        let RelocationTarget::Symbol(symbol) = relocation.target() else { panic!("{relocation:?}") };
        let symbol = file.symbol_by_index(symbol).unwrap();
        assert_eq!((offset, symbol.name().unwrap(), symbol.size()), (0, "maps_symbol", 16));
    }

    #[test]
    fn what_is_stripped_stays_as_it_is() {
        let once = strip(&object()).unwrap();
        assert!(once.len() < object().len());
        assert_eq!(strip(&once).unwrap(), once);
    }

    #[test]
    fn something_else_is_no_object() {
        assert!(strip(b"#!/bin/sh").unwrap_err().to_string().contains("no ELF file"));
    }
}
