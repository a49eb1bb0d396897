//! Is this file an eBPF object whose parts are where it says? Asked before it is read in earnest: `aya-obj` trusts its
//! input. It cuts sections at the places that symbols name and panics at one outside; and it takes some numbers for values
//! of its own enumerations without looking at them, which is undefined behaviour for all others.

use super::btf;
use anyhow::{Context, Result, bail, ensure};
use object::{
    Architecture, Endianness, File, Object as _, ObjectKind, ObjectSection as _, ObjectSymbol as _,
    RelocationTarget, SymbolKind, SymbolSection,
};

/// An instruction, which is what code is counted in.
const INSTRUCTION_BYTES: u64 = 8;

/// The kernel allows no larger value (`map_create` of `kernel/bpf/syscall.c`, `array_map_alloc_check`).
const MAX_VALUE_BYTES: u64 = i32::MAX as u64;

/// `struct bpf_map_def` as aya writes it; its last word says where the map is pinned.
const MAP_BYTES: u64 = 28;
const MAP_PINNING: std::ops::Range<u64> = 24..28;

/// Says what is wrong with `bytes` as an eBPF object.
///
/// # Errors
/// Names the first part that is not as it must be.
pub fn check(bytes: &[u8]) -> Result<File<'_>> {
    let file = File::parse(bytes).context("it is no ELF file, or cut off")?;
    ensure!(file.architecture() == Architecture::Bpf, "it is a file for {:?}", file.architecture());
    ensure!(file.kind() == ObjectKind::Relocatable, "it is no object of a compiler, but {:?}", file.kind());
    ensure!(
        file.is_64() && file.endianness() == Endianness::Little,
        "its words are not those of this machine"
    );
    for section in file.sections() {
        check_section(&file, &section)
            .with_context(|| format!("section {} is damaged", section.index().0))?;
    }
    for symbol in file.symbols() {
        check_symbol(&file, &symbol).with_context(|| format!("symbol {} is damaged", symbol.index().0))?;
    }
    for section in file.sections().filter(|section| section.name() == Ok(".BTF")) {
        btf::check(section.data()?)?;
    }
    Ok(file)
}

fn check_section<'data>(file: &File<'data>, section: &object::Section<'data, '_>) -> Result<()> {
    section.name()?;
    section.data()?;
    ensure!(section.address() == 0, "it has an address");
    // Data becomes the value of a map.
    ensure!(section.size() <= MAX_VALUE_BYTES, "it is larger than the kernel allows");
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(symbol) = relocation.target() else {
            bail!("a relocation refers to no symbol");
        };
        let symbol =
            file.symbol_by_index(symbol).context("a relocation refers to a symbol that is not there")?;
        ensure!(offset < section.size(), "a relocation lies outside");
        let kinds = [SymbolKind::Text, SymbolKind::Section];
        let is_call = symbol.kind() == SymbolKind::Text;
        ensure!(!is_call || symbol.section_index().is_some(), "a call leads nowhere");
        ensure!(
            !is_text(file, &symbol) || kinds.contains(&symbol.kind()),
            "a relocation refers to code as if it were data"
        );
    }
    Ok(())
}

fn is_text<'data>(file: &File<'data>, symbol: &object::Symbol<'data, '_>) -> bool {
    let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
    section.is_some_and(|section| section.kind() == object::SectionKind::Text)
}

fn check_symbol<'data>(file: &File<'data>, symbol: &object::Symbol<'data, '_>) -> Result<()> {
    symbol.name()?;
    let SymbolSection::Section(index) = symbol.section() else { return Ok(()) };
    let section = file.section_by_index(index).context("its section is not there")?;
    let end = symbol.address().checked_add(symbol.size());
    ensure!(end.is_some_and(|end| end <= section.size()), "it reaches beyond its section");
    let parts = [symbol.address(), symbol.size()];
    if section.name()?.starts_with("maps") {
        check_map(&section, symbol)?;
    }
    let whole = parts.iter().all(|part| part.is_multiple_of(INSTRUCTION_BYTES));
    ensure!(symbol.kind() != SymbolKind::Text || whole, "it cuts an instruction");
    Ok(())
}

fn check_map<'data>(section: &object::Section<'data, '_>, symbol: &object::Symbol<'data, '_>) -> Result<()> {
    if symbol.size() == 0 {
        return Ok(());
    }
    ensure!(symbol.size() == MAP_BYTES, "it is no definition of a map");
    let pinning =
        section.data_range(symbol.address() + MAP_PINNING.start, MAP_PINNING.end - MAP_PINNING.start)?;
    let known = [0_u32, 1].map(u32::to_le_bytes);
    ensure!(
        pinning.is_some_and(|pinning| known.iter().any(|word| word == pinning)),
        "it is pinned in an unknown way"
    );
    Ok(())
}
