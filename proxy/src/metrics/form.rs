//! The two text forms that Prometheus reads.
//!
//! In: OpenMetrics 1.0, and what a request accepts. Out: the text in the form that it gets.

use std::fmt::Write as _;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The text format of Prometheus, version 0.0.4, for whoever asks for nothing else.
    Prometheus,
    /// OpenMetrics 1.0, for whoever accepts it by name.
    OpenMetrics,
}

const OPEN_METRICS: &str = "application/openmetrics-text";

// === impl Form ===

impl Form {
    /// By the values of `Accept` (RFC 9110 §12.5.1). OpenMetrics wins where it is named, unless with a weight of 0.
    pub fn accepted<'a>(accept: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ranges = accept.into_iter().flat_map(|accept| accept.split(','));
        let is_named = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts
                .next()
                .is_some_and(|media| media.eq_ignore_ascii_case(OPEN_METRICS));
            named && parts.all(|parameter| !is_refusal(parameter))
        };
        if ranges.any(|range| is_named(range.trim())) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(super) fn of(self, text: String) -> String {
        match self {
            Self::Prometheus => prometheus(&text),
            Self::OpenMetrics => text,
        }
    }
}

/// A weight of nothing: `q=0`, `q=0.0` and the like.
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter
        .split_once('=')
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse() == Ok(0.0_f32))
}

/// A counter is called there what its only series is called, with `_total`; and there is no end mark.
fn prometheus(text: &str) -> String {
    let counters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut shown = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let about = ["# HELP ", "# TYPE "]
            .iter()
            .find_map(|mark| Some((*mark, line.strip_prefix(mark)?.split_once(' ')?)));
        // Writing to a string cannot fail.
        let _ = match about {
            Some((mark, (name, rest))) if counters.contains(&name) => {
                writeln!(shown, "{mark}{name}_total {rest}")
            }
            _ => writeln!(shown, "{line}"),
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_openmetrics_gets_it() {
        let scraper =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        assert_eq!(Form::accepted([scraper]), Form::OpenMetrics);
        assert_eq!(Form::accepted(["text/html", scraper]), Form::OpenMetrics);
        assert_eq!(Form::accepted([]), Form::Prometheus);
        for accept in [
            "*/*",
            "text/plain",
            "application/openmetrics-text; q=0",
            "application/openmetrics-text; version=1.0.0; q=0.000, text/plain",
        ] {
            assert_eq!(Form::accepted([accept]), Form::Prometheus, "{accept}");
        }
    }

    #[test]
    fn a_counter_is_called_by_its_series() {
        let open = "# HELP a_b Things.\n# TYPE a_b counter\na_b_total{x=\"# TYPE c counter\"} 1\n\
                    # HELP c Others.\n# TYPE c gauge\nc 2\n# EOF\n";
        let expected = "# HELP a_b_total Things.\n# TYPE a_b_total counter\na_b_total{x=\"# TYPE c counter\"} 1\n\
                        # HELP c Others.\n# TYPE c gauge\nc 2\n";
        assert_eq!(Form::Prometheus.of(open.to_owned()), expected);
        assert_eq!(Form::OpenMetrics.of(open.to_owned()), open);
    }
}
