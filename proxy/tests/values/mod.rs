//! Values that a key takes, and values that it does not.

use std::time::Duration;

use reloadspec_proxy::config::keys::{self, Form, Key, Kind};
use serde_json::{Value, json};

/// Values that are good, the bounds among them.
pub(crate) fn good(key: &Key) -> Vec<Value> {
    let forms = |form: Form| form.examples.iter().map(|text| json!(text)).collect::<Vec<_>>();
    match key.kind {
        Kind::Table(_) | Kind::Tables(_) => Vec::new(),
        Kind::Fields => vec![json!({}), json!({"x-a": "1", "authorization": "Bearer x"})],
        Kind::Texts(form) => vec![json!([]), json!(form.examples)],
        Kind::TextOrTexts(form) => [vec![json!([]), json!(form.examples)], forms(form)].concat(),
        Kind::Text(form) => forms(form),
        Kind::Words(words) => vec![json!(words), json!([words[0]])],
        Kind::Word(words) => words.iter().map(|word| json!(word)).collect(),
        Kind::Number { low, high } => vec![json!(low), json!(high)],
        Kind::Choice(numbers) => numbers.iter().map(|number| json!(number)).collect(),
        Kind::Size { low, high } => {
            let (low_text, high_text) = (format!("{low}B"), format!("{high}B"));
            vec![
                json!(low),
                json!(high),
                json!(low_text),
                json!(high_text),
                json!("1KiB"),
            ]
        }
        Kind::Duration => ["1ms", "24h", "90s", "5m"].map(|text| json!(text)).to_vec(),
        Kind::Cut => ["never", "1ms", "24h", "5m"].map(|text| json!(text)).to_vec(),
    }
}

/// Values that are not, and whether a schema can say so.
pub(crate) fn bad(key: &Key) -> Vec<(Value, bool)> {
    let by_shape = |values: &[Value]| {
        values
            .iter()
            .map(|value| (value.clone(), true))
            .collect::<Vec<_>>()
    };
    let mut all = match key.kind {
        Kind::Table(_) => vec![(json!({"nonsense": 1}), true), (json!("x"), true)],
        Kind::Tables(_) => by_shape(&[json!([{"nonsense": 1}]), json!("x"), json!({})]),
        Kind::Fields => by_shape(&[
            json!({"x-a": 1}),
            json!({"x-a": ""}),
            json!(["x-a"]),
            json!("x-a"),
        ]),
        Kind::Texts(_) => by_shape(&[json!([1]), json!([""]), json!("x-a"), json!({})]),
        Kind::TextOrTexts(_) => by_shape(&[json!([1]), json!([""]), json!(""), json!({})]),
        Kind::Text(form) if form.pattern.is_some() => {
            by_shape(&[json!(""), json!("with blanks  "), json!(1)])
        }
        Kind::Text(_) => by_shape(&[json!(1), json!([]), json!({})]),
        Kind::Words(words) => by_shape(&[json!([]), json!(["nonsense"]), json!(words[0]), json!([1])]),
        Kind::Word(_) => by_shape(&[json!("nonsense"), json!(""), json!(1), json!([])]),
        Kind::Number { low, high } => {
            let below = low.checked_sub(1).map(|number| json!(number));
            let mut values = vec![json!(high + 1), json!("many"), json!(-1), json!(1.5), json!([])];
            values.extend(below);
            by_shape(&values)
        }
        Kind::Choice(numbers) => {
            let mut values = vec![json!("many"), json!([])];
            let near = numbers.iter().flat_map(|number| [number - 1, number + 1]);
            values.extend(near.filter(|number| !numbers.contains(number)).map(Value::from));
            by_shape(&values)
        }
        Kind::Size { low, high } => {
            let below = low.checked_sub(1);
            let above = high.checked_add(1);
            let mut values = by_shape(&[json!("5KB"), json!("many"), json!(-1), json!("1.5MiB"), json!([])]);
            for number in below.into_iter().chain(above) {
                values.push((json!(number), true));
                values.push((json!(format!("{number}B")), false));
            }
            values
        }
        Kind::Duration | Kind::Cut => {
            let beyond = keys::LONGEST + Duration::from_millis(1);
            let mut values = by_shape(&[
                json!("5"),
                json!(5),
                json!("1.5s"),
                json!("5 s"),
                json!("5d"),
                json!({}),
            ]);
            if key.kind == Kind::Duration {
                values.push((json!("never"), true));
            }
            let beyond = json!(format!("{}ms", beyond.as_millis()));
            values.extend([(json!("0s"), false), (beyond, false)]);
            values
        }
    };
    all.push((Value::Null, true));
    all
}
