//! Any bytes as a configuration: refused with a reason, or accepted; never a panic, and the same each time.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reloadspec_proxy::reload::{self, Candidate};

fuzz_target!(|bytes: &[u8]| {
    for name in ["proxy.yaml", "proxy.json"] {
        let candidate = Candidate::new(Path::new(name), bytes.to_vec());
        match (reload::check(&candidate), reload::check(&candidate)) {
            (Ok(one), Ok(other)) => assert_eq!(one.components(), other.components()),
            (Err(one), Err(other)) => {
                let (one, other) = (one.to_string(), other.to_string());
                assert!(!one.is_empty());
                assert_eq!(one, other);
            }
            _ => panic!("the same bytes are accepted once and refused once"),
        }
    }
});
