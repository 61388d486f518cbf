//! Benchmarks of the reference proxy, and the configurations that they use.
//!
//! Run them with `cargo xtask bench`. Figures of one machine are compared only with figures of the same machine, side by side.

pub mod peers;

use std::fmt::Write;

/// The numbers of routes that are measured.
pub const ROUTES: [usize; 3] = [10, 1_000, 10_000];

/// Upstreams that the routes share.
const UPSTREAMS: usize = 20;

/// A configuration with `routes` routes over as many hosts, in YAML, listening on a free port of the loopback interface.
///
/// The path `/generation` of any other host is answered by the proxy itself, with the header `x-generation: GENERATION`. That header is all
/// in which two generations differ: a change as small as an operator's.
pub fn config(routes: usize, generation: u64) -> String {
    let mut text = format!(
        "listeners:\n  - name: traffic\n    address: 127.0.0.1:0\n\
         log:\n  level: warn\n\
         response_headers:\n  set:\n    x-generation: \"{generation}\"\nupstreams:\n"
    );
    for upstream in 0..UPSTREAMS {
        push(
            &mut text,
            format_args!(
                "  - name: pool-{upstream}\n    endpoints:\n      - address: 127.0.0.1:{}\n",
                20_000 + upstream
            ),
        );
    }
    text += "routes:\n  - path: /generation\n    respond: { status: 204 }\n";
    for route in 1..routes {
        push(
            &mut text,
            format_args!(
                "  - host: host-{route}.example.org\n    prefix: /api\n    upstream: pool-{}\n",
                route % UPSTREAMS
            ),
        );
    }
    text
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = text.write_fmt(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_has_as_many_routes_as_asked_for() {
        let count = |text: String| text.matches("path:").count() + text.matches("prefix:").count();
        for routes in ROUTES {
            assert_eq!(count(config(routes, 1)), routes);
        }
    }

    #[test]
    fn generations_differ_in_the_stamp_alone() {
        let (one, two) = (config(10, 1), config(10, 2));
        let differing = one.lines().zip(two.lines()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
    }
}
