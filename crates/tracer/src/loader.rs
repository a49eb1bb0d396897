//! A loader that does not read the kernel's own types, which none of our programs is relocated by.

use aya::EbpfLoader;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The loader.
///
/// aya 0.14 has none that leaves `/sys/kernel/btf/vmlinux` alone: `EbpfLoader::new` reads and parses it, which takes
/// 17 MB, twice what this process takes otherwise, whether or not `btf(None)` follows. It goes on without where the
/// file cannot be opened; so for that moment this process, which has one thread, may open no more files
/// (`RLIMIT_NOFILE`, getrlimit(2)).
#[must_use]
pub fn without_kernel_types<'a>() -> EbpfLoader<'a> {
    let limit = getrlimit(Resource::Nofile);
    // Where the limit cannot be changed, the loader takes its memory and works as well.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(0), maximum: limit.maximum });
    let loader = EbpfLoader::new();
    let _ = setrlimit(Resource::Nofile, limit);
    loader
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    use super::without_kernel_types;

    #[test]
    fn the_limit_is_as_before() {
        let before = getrlimit(Resource::Nofile);
        drop(without_kernel_types());
        assert_eq!(getrlimit(Resource::Nofile), before);
    }

    /// Its `Debug` shows each field; the types of a kernel would fill pages.
    #[test]
    fn it_holds_no_types() {
        let loader = format!("{:?}", without_kernel_types());
        assert!(loader.contains("btf: None"), "{}", &loader[..loader.len().min(200)]);
    }
}
