//! Heap that was needed to load the programs, and is not needed any more.

/// Gives what is free of it back to the kernel, where the C library can (`malloc_trim(3)` of glibc). Kept, it would be
/// resident, and a leak would fill it first and not be seen in the resident memory until it is full: one of a megabyte a
/// minute for more than two.
#[allow(unsafe_code, reason = "the C library's, and nobody has wrapped it")]
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes no pointer, locks what it works on, and leaves alone what is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}
