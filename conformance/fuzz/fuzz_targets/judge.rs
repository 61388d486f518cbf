//! Any event log: refused with a reason, or judged; never a panic, and the same verdicts each time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use reloadspec::report::log;
use reloadspec::{catalogue, judge};

fuzz_target!(|bytes: &[u8]| {
    let Ok(logs) = log::read(bytes) else { return };
    for timeline in logs.iter().flat_map(|log| &log.timelines) {
        // Whatever case it was recorded for, each may be asked of it.
        for case in catalogue::all() {
            let results = judge::judge(&case, timeline);
            assert_eq!(results, judge::judge(&case, timeline), "{}", case.id);
        }
    }
});
