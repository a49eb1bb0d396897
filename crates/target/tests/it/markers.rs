//! The real binary's file: the two functions that a tracer may hook are there, and begin as promised.
#![cfg(target_arch = "x86_64")]

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// The first `N` bytes of a function of the target's binary.
fn first_bytes<const N: usize>(name: &str) -> [u8; N] {
    let file = std::fs::read(env!("CARGO_BIN_EXE_target")).unwrap();
    let file = object::File::parse(&*file).unwrap();
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(name));
    let symbol = symbol.unwrap_or_else(|| panic!("{name} is not in the symbol table"));
    let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
    let code = section.data_range(symbol.address(), N as u64).unwrap().unwrap();
    code.try_into().unwrap()
}

#[test]
fn one_marker_begins_with_a_nop_of_five_bytes() {
    assert_eq!(first_bytes("tracetax_request_nop"), [0x0f, 0x1f, 0x44, 0x00, 0x00]);
}

#[test]
fn the_other_begins_with_an_ordinary_push() {
    assert_eq!(first_bytes("tracetax_request_entry"), [0x55]);
}
