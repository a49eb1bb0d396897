//! A few bytes of a message, copied out of the memory of a process, to be looked at byte by byte or eight at a time.

use zerocopy::IntoBytes as _;

/// Most bytes that a chunk holds.
pub const CHUNK: usize = 128;

/// Words that follow, so that eight bytes can be read at any place up to the end.
const MARGIN_WORDS: usize = 1;
const WORDS: usize = CHUNK / 8 + MARGIN_WORDS;

/// Up to [`CHUNK`] bytes of a message. Kept as words, so that it is cleared, filled and searched in words.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Chunk {
    words: [u64; WORDS],
    /// How many bytes are of the message. Those after them mean nothing.
    pub len: u32,
}

impl Chunk {
    /// No bytes.
    pub const EMPTY: Self = Self { words: [0; WORDS], len: 0 };

    /// Where the bytes are to be copied to, at most [`CHUNK`] of them.
    #[inline(always)]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.words.as_mut_bytes()
    }

    /// The byte at `at`; 0 beyond [`CHUNK`].
    #[inline(always)]
    #[must_use]
    pub fn byte(&self, at: usize) -> u8 {
        let at = opaque(at);
        if at > CHUNK { 0 } else { self.words.as_bytes()[at] }
    }

    /// The eight bytes from `8 * index` on, the first in the lowest bits.
    #[inline(always)]
    #[must_use]
    pub fn aligned_word(&self, index: usize) -> u64 {
        self.words[index]
    }

    /// The eight bytes from `at` on, the first in the lowest bits; 0 beyond [`CHUNK`].
    #[inline(always)]
    #[must_use]
    pub fn word(&self, at: usize) -> u64 {
        let at = opaque(at);
        if at > CHUNK { 0 } else { unaligned(self.words.as_bytes(), at) }
    }
}

/// The eight bytes of `bytes` from `at` on, in one move: the compiler would take eight, since it knows of no kernel
/// that reads words at any place. The verifier allows it in memory that a function was handed by a pointer, but not on
/// a function's own stack; so whoever looks for words must be a function of the kind of `http/head.rs`.
#[cfg(target_arch = "bpf")]
#[inline(always)]
#[allow(
    unsafe_code,
    reason = "one instruction: a read of the eight bytes that the slice was checked to hold"
)]
fn unaligned(bytes: &[u8], at: usize) -> u64 {
    let from = bytes.as_ptr().wrapping_add(at);
    let word: u64;
    unsafe {
        core::arch::asm!("{0} = *(u64 *)({1} + 0)", out(reg) word, in(reg) from, options(pure, readonly, nostack));
    }
    word
}

#[cfg(not(target_arch = "bpf"))]
#[inline(always)]
fn unaligned(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// The bytes of `word` that equal `byte`, as the highest bit of each.
///
/// Exact for all bytes: the sum carries into the highest bit of a byte unless its seven lower bits are zero.
#[inline(always)]
#[must_use]
pub fn equal_bytes(word: u64, byte: u8) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let different = word ^ every_byte(byte);
    !(((different & !HIGH) + !HIGH) | different) & HIGH
}

/// Eight times the same byte.
#[inline(always)]
#[must_use]
pub const fn every_byte(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// The same number, of which the compiler knows nothing. Otherwise it takes the check of an index apart and adds the
/// pieces to the pointer, where the verifier no longer sees that they stay within the array.
#[cfg(target_arch = "bpf")]
#[inline(always)]
#[must_use]
#[allow(unsafe_code, reason = "one instruction: a move of a register to itself")]
pub fn opaque(mut number: usize) -> usize {
    unsafe { core::arch::asm!("{0} = {0}", inout(reg) number, options(pure, nomem, nostack)) };
    number
}

/// The same number.
#[cfg(not(target_arch = "bpf"))]
#[inline(always)]
#[must_use]
pub fn opaque(number: usize) -> usize {
    number
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Chunk, equal_bytes};

    #[test]
    fn words_are_the_bytes_at_any_place() {
        let mut chunk = Chunk::EMPTY;
        for (index, byte) in chunk.bytes_mut().iter_mut().enumerate() {
            *byte = index as u8;
        }
        for at in 0..=CHUNK {
            let bytes: Vec<u8> = (at..at + 8).map(|index| index as u8).collect();
            assert_eq!(chunk.word(at).to_le_bytes(), bytes[..], "at {at}");
            assert_eq!(chunk.byte(at), at as u8);
        }
        assert_eq!((chunk.word(CHUNK + 1), chunk.byte(CHUNK + 1)), (0, 0));
    }

    #[test]
    fn equal_bytes_are_exact() {
        for wanted in [0, 1, b'\n', b' ', 0x7f, 0x80, 0xff] {
            for byte in 0..=u8::MAX {
                let word = u64::from_le_bytes([byte, wanted, !wanted, byte, wanted ^ 0x80, byte, 0, wanted]);
                let expected = word.to_le_bytes().map(|at| if at == wanted { 0x80 } else { 0 });
                assert_eq!(equal_bytes(word, wanted).to_le_bytes(), expected, "{wanted} in {word:016x}");
            }
        }
    }
}
