//! Two configurations with a line of `%%%` between them: whatever leads from the first to the second ends at the second.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reloadspec_proxy::model::Model;
use reloadspec_proxy::reload::{self, Candidate};

/// Between the two.
const LINE: &[u8] = b"\n%%%\n";

fuzz_target!(|bytes: &[u8]| {
    let Some(at) = bytes.windows(LINE.len()).position(|window| window == LINE) else {
        return;
    };
    let candidate = |bytes: &[u8]| Candidate::new(Path::new("proxy.yaml"), bytes.to_vec());
    let (first, second) = (candidate(&bytes[..at]), candidate(&bytes[at + LINE.len()..]));
    let nothing = Model::default();
    let (Ok(to_first), Ok(to_second)) = (reload::plan(&nothing, &first), reload::plan(&nothing, &second)) else {
        return;
    };
    let (first, wanted) = (to_first.apply(&nothing), to_second.apply(&nothing));
    let across = reload::plan(&first, &second).expect("it was accepted before");
    assert_eq!(across.apply(&first), wanted);
    assert!(reload::plan(&wanted, &second).expect("it was accepted before").is_empty());
    assert_eq!(across.is_empty(), first == wanted);
});
