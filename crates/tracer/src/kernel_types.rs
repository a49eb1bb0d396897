//! What the running kernel tells of its own types: BTF (Documentation/bpf/btf.rst of the kernel).
//!
//! Crates that read it keep every type, 100,000 of them, which takes 17 to 60 MB. Here a few offsets are wanted, so the
//! file is walked and only positions are kept.

use anyhow::{Context as _, Result, ensure};

/// Where the kernel tells it.
const FILE: &str = "/sys/kernel/btf/vmlinux";
const MAGIC: u32 = 0xeb9f;

const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;

/// The types of a kernel, by number.
#[derive(Debug)]
pub struct KernelTypes {
    bytes: Vec<u8>,
    strings: usize,
    /// Where each begins; number 0 is none.
    types: Vec<usize>,
}

/// One type: `struct btf_type`, and what follows it.
#[derive(Debug, Clone, Copy)]
struct Type {
    at: usize,
    kind: u32,
    /// Members, or values.
    count: usize,
    /// Are offsets of members beside sizes of bit fields?
    bits: bool,
}

impl KernelTypes {
    /// Those of the running kernel.
    ///
    /// # Errors
    /// When it tells none.
    pub fn read() -> Result<Self> {
        // As text: an error of this file is the kernel's answer, not one of our own files.
        let bytes = std::fs::read(FILE).map_err(|error| anyhow::anyhow!("{FILE}: {error}"))?;
        Self::parse(bytes).with_context(|| format!("{FILE} is not understood"))
    }

    fn parse(bytes: Vec<u8>) -> Result<Self> {
        let head = |at| word(&bytes, at).context("cut off");
        ensure!(head(0)? & 0xffff == MAGIC, "no BTF");
        let begin = head(4)? as usize;
        let [types, types_len, strings] = [head(8)?, head(12)?, head(16)?].map(|word| word as usize);
        let mut this = Self { bytes, strings: begin + strings, types: vec![0] };
        let (mut at, end) = (begin + types, begin + types + types_len);
        while at < end {
            this.types.push(at);
            at += this
                .type_at(at)
                .and_then(Type::len)
                .with_context(|| format!("type {}", this.types.len() - 1))?;
        }
        Ok(this)
    }

    /// Offset in bytes of the member that `path` names: a structure, one of its members, one of that, and so on.
    /// Members without a name are looked through.
    #[must_use]
    pub fn offset(&self, path: &[&str]) -> Option<u32> {
        let (first, members) = path.split_first()?;
        let mut within = self.named(STRUCT, first)?;
        let mut bits = 0;
        for member in members {
            let (offset, number) = self.member(within, member)?;
            bits += offset;
            within = self.type_of(number)?;
        }
        Some(bits / 8)
    }

    /// The value that an enumeration gives a name.
    #[must_use]
    pub fn value(&self, enumeration: &str, name: &str) -> Option<u32> {
        let found = self.named(ENUM, enumeration)?;
        let mut values = (0..found.count).map(|index| found.at + 12 + 8 * index);
        let at = values.find(|at| self.name_at(*at) == Some(name.as_bytes()))?;
        word(&self.bytes, at + 4)
    }

    /// Offset in bits and type of a member.
    fn member(&self, of: Type, name: &str) -> Option<(u32, u32)> {
        (0..of.count).find_map(|index| {
            let at = of.at + 12 + 12 * index;
            let [number, offset] = [word(&self.bytes, at + 4)?, word(&self.bytes, at + 8)?];
            let offset = if of.bits { offset & 0xff_ffff } else { offset };
            match self.name_at(at)? {
                found if found == name.as_bytes() => Some((offset, number)),
                b"" => {
                    let (inner, number) = self.member(self.type_of(number)?, name)?;
                    Some((offset + inner, number))
                }
                _ => None,
            }
        })
    }

    fn named(&self, kind: u32, name: &str) -> Option<Type> {
        let types = self.types.iter().skip(1).filter_map(|at| self.type_at(*at));
        types.filter(|found| found.kind == kind).find(|found| self.name_at(found.at) == Some(name.as_bytes()))
    }

    /// The type of this number, as far as it has members.
    fn type_of(&self, number: u32) -> Option<Type> {
        let found = self.type_at(*self.types.get(number as usize).filter(|at| **at != 0)?)?;
        Some(if matches!(found.kind, STRUCT | UNION) { found } else { Type { count: 0, ..found } })
    }

    fn type_at(&self, at: usize) -> Option<Type> {
        let info = word(&self.bytes, at + 4)?;
        Some(Type { at, kind: info >> 24 & 0x1f, count: (info & 0xffff) as usize, bits: info >> 31 != 0 })
    }

    /// The name that the word at `at` refers to.
    fn name_at(&self, at: usize) -> Option<&[u8]> {
        let name = self.bytes.get(self.strings + word(&self.bytes, at)? as usize..)?;
        name.split(|byte| *byte == 0).next()
    }
}

impl Type {
    fn len(self) -> Option<usize> {
        let more = match self.kind {
            // Pointers, forward declarations, other names of types, functions, floats.
            2 | 7..=12 | 16 | 18 => 0,
            // Integers, variables, tags.
            1 | 14 | 17 => 4,
            // Arrays.
            3 => 12,
            // Structures, unions, sections, enumerations of 64 bits.
            STRUCT | UNION | 15 | 19 => 12 * self.count,
            // Enumerations, signatures.
            ENUM | 13 => 8 * self.count,
            _ => return None,
        };
        Some(12 + more)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::{ENUM, KernelTypes, MAGIC, STRUCT, UNION};

    const INTEGER: u32 = 1;
    const POINTER: u32 = 2;
    /// Beside the kind: offsets of members are beside sizes of bit fields.
    const BITS: u32 = 1 << 31;

    /// Types as the kernel tells them. Names are given by `names`, in which each begins where a type says.
    fn file(types: &[u32], names: &str) -> Vec<u8> {
        let bytes = 4 * types.len() as u32;
        let head = [MAGIC | 1 << 16, 24, 0, bytes, bytes, names.len() as u32];
        let words = head.iter().chain(types).flat_map(|word| word.to_le_bytes());
        words.chain(names.bytes()).collect()
    }

    const fn info(kind: u32, count: u32) -> u32 {
        kind << 24 | count
    }

    const NAMES: &str = "\0int\0outer\0inner\0x\0y\0kind\0A\0B\0";

    /// Where a name begins.
    fn name(name: &str) -> u32 {
        NAMES.find(&format!("\0{name}\0")).unwrap() as u32 + 1
    }

    /// `struct inner { int x; union { int *y; }; }; struct outer { int x; struct inner inner; }; enum kind { A = 3, B = 7 };`
    fn types() -> KernelTypes {
        let types = [
            // 1: int, 2: int *, 3: the union.
            &[name("int"), info(INTEGER, 0), 4, 32][..],
            &[0, info(POINTER, 0), 1],
            &[0, info(UNION, 1), 8, name("y"), 2, 0],
            // 4: inner, 5: outer, 6: kind.
            &[name("inner"), info(STRUCT, 2), 16, name("x"), 1, 0, 0, 3, 64],
            &[name("outer"), info(STRUCT, 2) | BITS, 24, name("x"), 1, 7 << 24, name("inner"), 4, 64],
            &[name("kind"), info(ENUM, 2), 4, name("A"), 3, name("B"), 7],
        ];
        KernelTypes::parse(file(&types.concat(), NAMES)).unwrap()
    }

    #[test]
    fn members_are_found_through_structures_and_what_has_no_name() {
        let types = types();
        assert_eq!(types.offset(&["inner", "y"]), Some(8));
        assert_eq!(types.offset(&["outer", "x"]), Some(0));
        assert_eq!(types.offset(&["outer", "inner"]), Some(8));
        assert_eq!(types.offset(&["outer", "inner", "x"]), Some(8));
        assert_eq!(types.offset(&["outer", "inner", "y"]), Some(16));
    }

    #[test]
    fn values_are_found() {
        assert_eq!(types().value("kind", "A"), Some(3));
        assert_eq!(types().value("kind", "B"), Some(7));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let types = types();
        assert_eq!(types.offset(&[]), None);
        assert_eq!(types.offset(&["kind"]), None);
        assert_eq!(types.offset(&["outer", "y"]), None);
        assert_eq!(types.offset(&["outer", "x", "y"]), None);
        assert_eq!((types.value("kind", "C"), types.value("outer", "x")), (None, None));
    }

    #[test]
    fn what_is_no_btf_or_of_an_unknown_kind_is_refused() {
        let refused = |bytes, says: &str| {
            let error = format!("{:#}", KernelTypes::parse(bytes).unwrap_err());
            assert!(error.contains(says), "`{says}` is not in: {error}");
        };
        refused(vec![], "cut off");
        refused(vec![0; 24], "no BTF");
        refused(file(&[0, info(INTEGER, 0), 4, 32, 0, info(31, 0), 0], ""), "type 2");
        let whole = file(&[0, info(POINTER, 0), 1, 0, info(POINTER, 0), 1], "");
        refused(whole[..whole.len() - 8].to_vec(), "type 2");
    }
}
