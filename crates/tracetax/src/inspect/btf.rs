//! Are the types of an object (`.BTF`) whole? A walk over them, which keeps nothing
//! (`Documentation/bpf/btf.rst` of the kernel).

use anyhow::{Context, Result, bail, ensure};

const MAGIC: u32 = 0xeb9f;
/// `struct btf_header`.
const HEADER_BYTES: usize = 24;
/// `struct btf_type`, which begins every type: name, info, size or type.
const TYPE_BYTES: usize = 12;
/// The largest linkage of a variable that `aya-obj` has a name for. It would take any other number for one of its own.
const LAST_LINKAGE: u32 = 2;

const VAR: u32 = 14;

/// Walks over the types.
///
/// # Errors
/// Names the first type that is not as it must be.
pub fn check(btf: &[u8]) -> Result<()> {
    let types = types(btf)?;
    let mut at = 0;
    for id in 1.. {
        if at == types.len() {
            return Ok(());
        }
        at += type_bytes(types.get(at..).unwrap_or_default())
            .with_context(|| format!("type {id} of its .BTF is damaged"))?;
    }
    bail!("its .BTF has too many types")
}

/// The part of the section that has the types.
fn types(btf: &[u8]) -> Result<&[u8]> {
    let broken = || "its .BTF is cut off";
    ensure!(word(btf, 0).context("its .BTF is empty")? & 0xffff == MAGIC, "its .BTF has a wrong beginning");
    let [header, offset, length] = [4, 8, 12].map(|at| word(btf, at).map(|word| word as usize));
    let header = header.with_context(broken)?;
    ensure!(header >= HEADER_BYTES, "its .BTF has too short a head");
    let begin = header + offset.with_context(broken)?;
    let end = begin + length.with_context(broken)?;
    btf.get(begin..end).with_context(broken)
}

/// The size of the type that `bytes` begin with.
fn type_bytes(bytes: &[u8]) -> Result<usize> {
    let info = word(bytes, 4).context("cut off")?;
    let (kind, count) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
    let more = match kind {
        // Pointers, forward declarations, names of other types, functions, floats.
        2 | 7..=12 | 16 | 18 => 0,
        // Integers, variables, tags.
        1 | VAR | 17 => 4,
        // Arrays.
        3 => 12,
        // Structures, unions, sections, enumerations of 64 bits.
        4 | 5 | 15 | 19 => 12 * count,
        // Enumerations, signatures.
        6 | 13 => 8 * count,
        other => bail!("kind {other} is not known"),
    };
    let whole = TYPE_BYTES + more;
    ensure!(bytes.len() >= whole, "cut off");
    if kind == VAR {
        ensure!(word(bytes, TYPE_BYTES).is_some_and(|linkage| linkage <= LAST_LINKAGE), "unknown linkage");
    }
    Ok(whole)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(types: &[u32]) -> Vec<u8> {
        let bytes = 4 * types.len() as u32;
        let head = [MAGIC | 1 << 16, HEADER_BYTES as u32, 0, bytes, bytes, 1];
        let words = head.iter().chain(types).flat_map(|word| word.to_le_bytes());
        words.chain([0]).collect()
    }

    const fn info(kind: u32, count: u32) -> u32 {
        kind << 24 | count
    }

    fn refused(types: &[u32], says: &str) {
        let error = format!("{:#}", check(&section(types)).unwrap_err());
        assert!(error.contains(says), "`{says}` is not in: {error}");
    }

    #[test]
    fn whole_types_are_passed() {
        check(&section(&[])).unwrap();
        check(&section(&[0, info(1, 0), 4, 32, 0, info(2, 0), 1])).unwrap();
        check(&section(&[0, info(VAR, 0), 1, 1])).unwrap();
        check(&section(&[0, info(4, 2), 8, 0, 1, 0, 0, 1, 32])).unwrap();
    }

    #[test]
    fn broken_types_are_told_by_their_number() {
        refused(&[0, info(1, 0), 4], "type 1 of its .BTF is damaged: cut off");
        refused(
            &[0, info(2, 0), 1, 0, info(31, 0), 0],
            "type 2 of its .BTF is damaged: kind 31 is not known",
        );
        refused(&[0, info(4, 3), 8, 0, 1, 0, 0, 1, 32], "cut off");
        refused(&[0, info(VAR, 0), 1, 3], "unknown linkage");
        refused(&[0, 0, 0], "kind 0 is not known");
    }

    #[test]
    fn every_cut_is_told() {
        let whole = section(&[0, info(1, 0), 4, 32, 0, info(2, 0), 1]);
        let types_end = whole.len() - 1;
        for length in 0..types_end {
            assert!(check(&whole[..length]).is_err(), "cut at {length}");
        }
    }
}
