//! How a target's answers read: what stands where in them, and what it should say of a file.
//!
//! In: the text of an answer, and a place in it that the target's folder names. Out: what stands there. Never: a question.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Answer, ConfigWrite, Generation, Question, VersionReadings};

/// How much earlier than it should be a time may be, for want of a common clock, in seconds.
const CLOCK_SLACK_S: f64 = 0.02;

/// How the answers of a target read, as far as its folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Readings {
    /// In its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusReadings>,
    /// In its metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<MetricReadings>,
    /// In what says which of its versions serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<VersionReadings>,
    /// Whether it asks for a credential of who gives it orders.
    pub credential: bool,
}

/// Places in a status: a JSON pointer where one begins with `/`, else a regular expression whose first group it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReadings {
    /// What names the configuration that serves: its digest, its number, or something of what is in it.
    pub identity: String,
    /// What was wrong with the last file, if something was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How much is being drained: a number, 0 where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draining: Option<String>,
}

/// Series of the metrics: a name, with or without some of its labels; more than one, if they are to be added, with ` + ` between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricReadings {
    /// A counter of reloads that went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<String>,
    /// A counter of reloads that did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// A counter of reloads whose duration was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// The time of the last one that went well, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// 1 if the last one went well, else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_outcome: Option<String>,
    /// 1 while the file is watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watching: Option<String>,
    /// How much is being drained, of connections, listeners, or whatever the target counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draining: Option<String>,
    /// Further counters, of traffic or of anything else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counters: Vec<String>,
}

/// What an answer should tell of a file that was delivered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expected {
    /// That it serves.
    Taken {
        /// Its generation.
        generation: Generation,
        /// When it began to be delivered, by the time of day in seconds since 1970.
        written_s: Option<f64>,
    },
    /// That it was refused.
    Refused,
}

/// What an answer does not tell as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Of what: `success`, `identity`, `error`, …
    pub subject: &'static str,
    /// What it should tell.
    pub expected: String,
    /// What it tells.
    pub observed: String,
}

// === impl Expected ===

impl Expected {
    /// What an answer should tell of a file.
    pub fn of(write: &ConfigWrite, answer: &Answer) -> Self {
        if write.flaw.is_some() {
            return Self::Refused;
        }
        let ago_s = answer.at.saturating_sub(write.begin) as f64 / 1e9;
        Self::Taken {
            generation: write.generation,
            written_s: answer.wall_ms.map(|ms| ms as f64 / 1e3 - ago_s),
        }
    }
}

// === impl Readings ===

impl Readings {
    /// Whether the target's folder says nothing of them.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How much an answer to a question says is being drained, if it is declared to say so.
    pub fn draining(&self, question: Question, said: &str) -> Option<f64> {
        match question {
            Question::Status => read(said, self.status.as_ref()?.draining.as_ref()?)?.parse().ok(),
            Question::Metrics => metric(said, self.metrics.as_ref()?.draining.as_ref()?),
            _ => None,
        }
    }

    /// What an answer lacks of what it should tell of a file, as against the answer of before that file.
    pub fn lacks(&self, question: Question, before: &str, now: &str, expected: Expected) -> Vec<Lack> {
        match (question, &self.status, &self.metrics) {
            (Question::Status, Some(status), _) => status.lacks(before, now, expected),
            (Question::Metrics, _, Some(metrics)) => metrics.lacks(before, now, expected),
            _ => Vec::new(),
        }
    }
}

// === impl StatusReadings ===

impl StatusReadings {
    fn lacks(&self, before: &str, now: &str, expected: Expected) -> Vec<Lack> {
        let identity = |text| read(text, &self.identity);
        let (was, is) = (identity(before), identity(now));
        let told = |what: &Option<String>| what.clone().unwrap_or_else(|| "nothing".to_owned());
        let mut lacks = Vec::new();
        let mut lack = |subject, expected: String, observed| {
            lacks.push(Lack {
                subject,
                expected,
                observed,
            });
        };
        match expected {
            Expected::Taken { generation, .. } => {
                let stamp = generation.to_string();
                // An identity that is a stamp can be held against that of the file; another only against the one of before.
                let is_stamp = is.as_deref().is_some_and(|is| is.parse::<Generation>().is_ok());
                if is.is_none() || is == was || (is_stamp && is.as_ref() != Some(&stamp)) {
                    let wanted = if is_stamp {
                        stamp
                    } else {
                        format!("another than {}", told(&was))
                    };
                    lack("identity", wanted, told(&is));
                }
            }
            Expected::Refused if is != was => lack("identity", told(&was), told(&is)),
            Expected::Refused => {}
        }
        if let Some(place) = &self.error {
            let error = read(now, place);
            match (expected, &error) {
                (Expected::Taken { .. }, Some(error)) => lack("error", "none".to_owned(), error.clone()),
                (Expected::Refused, None) => {
                    lack(
                        "error",
                        "what was wrong with the file".to_owned(),
                        "nothing".to_owned(),
                    );
                }
                _ => {}
            }
        }
        lacks
    }
}

// === impl MetricReadings ===

impl MetricReadings {
    /// All counters that it names.
    pub fn all_counters(&self) -> impl Iterator<Item = &str> {
        let of_reloads = [&self.success, &self.failure, &self.duration];
        let of_reloads = of_reloads.into_iter().flatten();
        of_reloads.chain(&self.counters).map(String::as_str)
    }

    /// Whether it names a series that tells of reloads.
    pub fn tells_of_reloads(&self) -> bool {
        let gauges = [&self.last_success, &self.last_outcome, &self.watching];
        let counters = [&self.success, &self.failure, &self.duration];
        gauges.into_iter().chain(counters).any(Option::is_some)
    }

    /// The lines of a text that it names.
    pub fn lines(&self, text: &str) -> String {
        let gauges = [
            &self.last_success,
            &self.last_outcome,
            &self.watching,
            &self.draining,
        ];
        let gauges = gauges.into_iter().flatten().map(String::as_str);
        let all: Vec<&str> = self.all_counters().chain(gauges).collect();
        let names: Vec<&str> = all.iter().flat_map(|series| parts(series)).map(name_of).collect();
        let is_named = |line: &str| names.contains(&name_of(line.split(' ').next().unwrap_or(line)));
        let is_kept = |line: &&str| is_named(line) || line.contains(Generation::SECRET);
        let lines: Vec<&str> = text.lines().filter(is_kept).collect();
        lines.join("\n")
    }

    fn lacks(&self, before: &str, now: &str, expected: Expected) -> Vec<Lack> {
        let mut lacks = Vec::new();
        let mut hold = |subject, series: &Option<String>, wanted: &dyn Fn(f64, f64) -> Option<String>| {
            let Some(series) = series else { return };
            // What never happened may have no line yet.
            let was = metric(before, series).unwrap_or(0.0);
            let is = metric(now, series);
            if let Some(wanted) = wanted(was, is.unwrap_or(0.0)) {
                let value = is.map_or_else(|| "no such line".to_owned(), |is| is.to_string());
                lacks.push(Lack {
                    subject,
                    expected: format!("{series} {wanted}"),
                    observed: value,
                });
            }
        };
        let more = |was: f64, is: f64| (is <= was).then(|| format!("above {was}"));
        let same = |was: f64, is: f64| (is.total_cmp(&was).is_ne()).then(|| format!("still {was}"));
        let one = |_: f64, is: f64| (is.total_cmp(&1.0).is_ne()).then(|| "1".to_owned());
        let zero = |_: f64, is: f64| (is.total_cmp(&0.0).is_ne()).then(|| "0".to_owned());
        match expected {
            Expected::Taken { written_s, .. } => {
                hold("success", &self.success, &more);
                hold("duration", &self.duration, &more);
                hold("last success", &self.last_success, &|was, is| {
                    let written = written_s.unwrap_or(was);
                    // Some count whole seconds alone.
                    let least = if is.fract() == 0.0 {
                        written.floor()
                    } else {
                        written - CLOCK_SLACK_S
                    };
                    (is < least).then(|| format!("{least:.3} or later"))
                });
                hold("last outcome", &self.last_outcome, &one);
            }
            Expected::Refused => {
                hold("success", &self.success, &same);
                hold("failure", &self.failure, &more);
                hold("last success", &self.last_success, &same);
                hold("last outcome", &self.last_outcome, &zero);
            }
        }
        hold("watching", &self.watching, &one);
        lacks
    }
}

/// What stands in a text at a place; nothing, if that is empty.
pub fn read(text: &str, place: &str) -> Option<String> {
    let found = if place.starts_with('/') {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        match value.pointer(place)? {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    } else {
        let groups = Regex::new(place).ok()?;
        groups.captures(text)?.get(1)?.as_str().to_owned()
    };
    Some(found).filter(|found| !found.is_empty())
}

/// The value of a series, added up over all of its lines.
pub fn metric(text: &str, series: &str) -> Option<f64> {
    let values = parts(series).flat_map(|part| {
        let (name, wanted) = (name_of(part), labels(part));
        text.lines().filter_map(move |line| {
            // A label's value may hold blanks, the name none.
            let end = line
                .rfind('}')
                .map_or_else(|| line.find(' '), |at| Some(at + 1))?;
            let (head, rest) = line.split_at_checked(end)?;
            let is_it = name_of(head) == name && wanted.iter().all(|label| labels(head).contains(label));
            is_it
                .then(|| rest.split_whitespace().next()?.parse::<f64>().ok())
                .flatten()
        })
    });
    values.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

fn parts(series: &str) -> impl Iterator<Item = &str> {
    series.split(" + ").map(str::trim)
}

fn name_of(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The labels of a series, each as it stands.
fn labels(series: &str) -> Vec<String> {
    let Ok(label) = Regex::new(r#"\w+="(?:[^"\\]|\\.)*""#) else {
        return Vec::new();
    };
    label
        .find_iter(series)
        .map(|found| found.as_str().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{MetricReadings, metric, read};

    const TEXT: &str = "# HELP reloads_total of the file\nreloads_total{status=\"ok\",by=\"a b}\"} 3\n\
        reloads_total{status=\"no\",by=\"c\"} 2 1700000000\nreloads_total_more 7\nup 1\nat 1.7e9\n";

    #[test]
    fn a_series_is_added_up_over_the_lines_that_have_its_labels() {
        let cases = [
            ("reloads_total", Some(5.0)),
            ("reloads_total{status=\"no\"}", Some(2.0)),
            ("reloads_total{status=\"no\"} + up", Some(3.0)),
            ("reloads_total{status=\"other\"}", None),
            ("at", Some(1.7e9)),
            ("nothing", None),
        ];
        for (series, value) in cases {
            assert_eq!(metric(TEXT, series), value, "{series}");
        }
    }

    #[test]
    fn of_a_text_the_lines_are_kept_that_are_named() {
        let named = MetricReadings {
            success: Some("reloads_total{status=\"ok\"}".into()),
            watching: Some("up".into()),
            ..MetricReadings::default()
        };
        assert_eq!(named.lines(TEXT).lines().count(), 3);
    }

    #[test]
    fn a_place_is_a_pointer_or_a_pattern() {
        let text = r#"{"a": {"b": "x", "n": 7, "none": null, "empty": ""}}"#;
        assert_eq!(read(text, "/a/b").as_deref(), Some("x"));
        assert_eq!(read(text, "/a/n").as_deref(), Some("7"));
        assert_eq!(read(text, r#""n": (\d+)"#).as_deref(), Some("7"));
        for nothing in ["/a/none", "/a/empty", "/a/c", "no (group)", "("] {
            assert_eq!(read(text, nothing), None, "{nothing}");
        }
    }
}
