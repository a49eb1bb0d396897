//! The door `replies`: see `tracetax::foreign`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| tracetax::foreign::replies(input));
