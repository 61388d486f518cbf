//! What load generators print in, figures out.

use crate::peers::statistics::percentile;

/// What a closed loop came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loop {
    /// Requests that were answered, well or not.
    pub requests: u64,
    /// Those that were not answered by 2xx or 3xx, and those that were not answered.
    pub failed: u64,
    /// The time that 99 of 100 took at most.
    pub p99_ms: f64,
}

/// Reads what `wrk --latency` prints.
pub fn wrk(text: &str) -> Option<Loop> {
    let line = |part: &str| text.lines().map(str::trim).find(|line| line.contains(part));
    let requests = line(" requests in ")?.split(' ').next()?.parse().ok()?;
    let p99_ms = milliseconds(line("99%")?.split_whitespace().nth(1)?)?;
    let number = |word: &str| word.trim_end_matches(',').parse::<u64>().ok();
    let statuses = line("Non-2xx or 3xx responses:").and_then(|line| number(line.rsplit(' ').next()?));
    let lost = line("Socket errors:").map(|line| line.split(' ').filter_map(number).sum());
    Some(Loop {
        requests,
        failed: statuses.unwrap_or(0) + lost.unwrap_or(0),
        p99_ms,
    })
}

/// Reads what `h2load` prints, and the log of its requests (`--log-file`): when each began, its status, and its microseconds.
pub fn h2load(text: &str, log: &str) -> Option<Loop> {
    let line = text.lines().find(|line| line.starts_with("requests: "))?;
    let count = |what: &str| {
        let part = line.trim_start_matches("requests: ").split(", ");
        part.into_iter()
            .find_map(|part| part.strip_suffix(what)?.trim().parse::<u64>().ok())
    };
    let times: Vec<f64> = log
        .lines()
        .filter_map(|line| line.split('\t').nth(2)?.trim().parse::<f64>().ok())
        .collect();
    let unsuccessful = text
        .lines()
        .find_map(|line| line.strip_prefix("status codes: "))
        .map_or(0, |line| {
            let bad = line
                .split(", ")
                .filter(|part| part.ends_with("4xx") || part.ends_with("5xx"));
            bad.filter_map(|part| part.split(' ').next()?.parse::<u64>().ok())
                .sum()
        });
    Some(Loop {
        requests: count("done")?,
        // Those that were under way when the time was over count as failed to it, and are not.
        failed: unsuccessful + count("errored")? + count("timeout")?,
        p99_ms: percentile(&times, 99.0) / 1000.0,
    })
}

/// A duration as wrk writes it: `1.23us`, `4.5ms`, `6.00s`, `1.5m`.
fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)];
    units.into_iter().find_map(|(unit, factor)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * factor)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRK: &str = "\
Running 3s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     3.83ms    3.20ms  22.88ms   84.72%
    Req/Sec    19.12k    10.44k   40.63k    73.33%
  Latency Distribution
     50%    2.99ms
     75%    5.10ms
     90%    7.99ms
     99%   14.20ms
  114281 requests in 6.02s, 17.22MB read
";

    #[test]
    fn what_wrk_prints_is_read() {
        let seen = wrk(WRK).unwrap();
        assert_eq!((seen.requests, seen.failed), (114_281, 0));
        assert!((seen.p99_ms - 14.2).abs() < 1e-9);
    }

    #[test]
    fn all_that_failed_to_wrk_is_added_up() {
        let text = format!(
            "{WRK}  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n"
        );
        assert_eq!(wrk(&text).unwrap().failed, 54_321);
        assert_eq!(
            wrk("unable to connect to 127.0.0.1:8000 Connection refused"),
            None
        );
    }

    #[test]
    fn units_of_wrk_are_told_apart() {
        for (text, expected) in [
            ("250.00us", 0.25),
            ("14.20ms", 14.2),
            ("1.50s", 1500.0),
            ("2m", 120_000.0),
        ] {
            assert!((milliseconds(text).unwrap() - expected).abs() < 1e-9, "{text}");
        }
        assert_eq!(milliseconds("nan"), None);
    }

    #[test]
    fn what_h2load_prints_is_read() {
        let text = "\
finished in 2.00s, 45000.50 req/s, 3.21MB/s
requests: 90001 total, 90641 started, 90001 done, 89990 succeeded, 11 failed, 2 errored, 1 timeout
status codes: 89993 2xx, 0 3xx, 5 4xx, 3 5xx
";
        let log = "1\t200\t1000\n2\t200\t2000\n3\t200\t30000\n";
        let seen = h2load(text, log).unwrap();
        assert_eq!((seen.requests, seen.failed), (90_001, 11));
        assert!((seen.p99_ms - 30.0).abs() < 1e-9);
        assert_eq!(h2load("no such thing", log), None);
    }
}
