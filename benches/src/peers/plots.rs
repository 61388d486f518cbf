//! Groups of figures in, a plot of horizontal bars out, as SVG. Lines across the end of a bar are its spread.

use std::fmt::Write;

use crate::peers::results::{REFERENCE, Results};
use crate::peers::statistics::{Spread, short};
use crate::peers::tables::round_medians;

const WIDTH: f64 = 860.0;
/// Where bars begin and end; labels are to the left, figures to the right.
const LEFT: f64 = 240.0;
const RIGHT: f64 = 740.0;
const STEP: f64 = 18.0;
const TOP: f64 = 44.0;

/// How long a bar is for its figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Twice as much is twice as long.
    Linear,
    /// Ten times as much is one step more.
    Logarithmic,
}

/// Bars that belong together.
struct Group {
    label: String,
    bars: Vec<(String, Spread)>,
}

/// All plots of which there are figures, by the names of their files.
pub fn all(results: &Results) -> Vec<(String, String)> {
    let apply = groups(results, "apply/", |row, proxy| {
        let medians: Vec<_> = round_medians(results, row, proxy)
            .into_iter()
            .map(|(_, it)| it)
            .collect();
        Spread::of(&medians)
    });
    let reloads = groups(results, "reloads/", |row, proxy| {
        let rounds = |side: &str| results.rounds(row, proxy, &format!("{side}_p99_ms"));
        Spread::of_ratios(&rounds("with"), &rounds("without"))
    });
    let throughput = groups(results, "throughput/", |row, proxy| {
        let figures = results.figures(row, proxy, "per_cpu_second");
        Spread::of(&figures.iter().map(|figure| figure / 1000.0).collect::<Vec<_>>())
    });
    let memory: Vec<_> = ["idle", "many_routes", "after_changes"]
        .into_iter()
        .map(|name| Group {
            label: name.replace('_', " "),
            bars: bars(results, "memory", |row, proxy| {
                let figures = results.figures(row, proxy, &format!("{name}_kib"));
                Spread::of(&figures.iter().map(|figure| figure / 1024.0).collect::<Vec<_>>())
            }),
        })
        .filter(|group| !group.bars.is_empty())
        .collect();
    let plots = [
        (
            "apply",
            "ms from a new file to its first answer, by routes (logarithmic)",
            Scale::Logarithmic,
            apply,
        ),
        (
            "reloads",
            "p99 with changes : without, by routes (logarithmic)",
            Scale::Logarithmic,
            reloads,
        ),
        (
            "throughput",
            "thousands of requests for a second of processor time",
            Scale::Linear,
            throughput,
        ),
        ("memory", "MiB (logarithmic)", Scale::Logarithmic, memory),
    ];
    let plots = plots.into_iter().filter(|(_, _, _, groups)| !groups.is_empty());
    plots
        .map(|(name, title, scale, groups)| (format!("peers-{name}.svg"), plot(title, scale, &groups)))
        .collect()
}

fn groups(results: &Results, begin: &str, figure: impl Fn(&str, &str) -> Option<Spread>) -> Vec<Group> {
    let rows = results.rows(begin).into_iter();
    let groups = rows.map(|row| Group {
        label: row.trim_start_matches(begin).to_owned(),
        bars: bars(results, row, &figure),
    });
    groups.filter(|group| !group.bars.is_empty()).collect()
}

fn bars(
    results: &Results,
    row: &str,
    figure: impl Fn(&str, &str) -> Option<Spread>,
) -> Vec<(String, Spread)> {
    let proxies = results.proxies(row).into_iter();
    proxies
        .filter_map(|proxy| Some((proxy.to_owned(), figure(row, proxy)?)))
        .collect()
}

fn plot(title: &str, scale: Scale, groups: &[Group]) -> String {
    let all = || {
        groups
            .iter()
            .flat_map(|group| group.bars.iter().map(|(_, spread)| spread))
    };
    let greatest = all().map(|it| it.high).fold(f64::MIN_POSITIVE, f64::max);
    let least = all()
        .map(|it| it.low)
        .fold(greatest, f64::min)
        .max(f64::MIN_POSITIVE);
    // The shortest bar of a logarithmic scale is of half the least figure.
    let share = |figure: f64| match scale {
        Scale::Linear => figure / greatest,
        Scale::Logarithmic => (2.0 * figure / least).ln() / (2.0 * greatest / least).ln(),
    };
    let x = |figure: f64| LEFT + (RIGHT - LEFT) * share(figure).clamp(0.0, 1.0);
    let rows: usize = groups.iter().map(|group| group.bars.len() + 1).sum();
    let height = TOP + STEP * rows as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"12\" y=\"24\" font-size=\"15\">{title}</text>\n"
    );
    let mut y = TOP;
    for group in groups {
        line(
            &mut svg,
            format_args!(
                "<text x=\"12\" y=\"{}\" font-weight=\"bold\">{}</text>",
                y + 12.0,
                group.label
            ),
        );
        for (name, spread) in &group.bars {
            let colour = if name == REFERENCE { "#b3501b" } else { "#7d93a8" };
            let (end, low, high, middle) = (x(spread.median), x(spread.low), x(spread.high), y + 8.0);
            line(
                &mut svg,
                format_args!(
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{name}</text>",
                    LEFT - 8.0,
                    y + 12.0
                ),
            );
            line(
                &mut svg,
                format_args!(
                    "<rect x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"12\" fill=\"{colour}\"/>",
                    y + 2.0,
                    end - LEFT
                ),
            );
            line(
                &mut svg,
                format_args!(
                    "<path d=\"M{low:.1} {middle}H{high:.1}M{low:.1} {y}v16M{high:.1} {y}v16\" stroke=\"#222222\"/>"
                ),
            );
            line(
                &mut svg,
                format_args!(
                    "<text x=\"{:.1}\" y=\"{}\">{}</text>",
                    high + 6.0,
                    y + 12.0,
                    short(spread.median)
                ),
            );
            y += STEP;
        }
        y += STEP;
    }
    svg + "</svg>\n"
}

fn line(svg: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = writeln!(svg, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::results::Measurement;

    #[test]
    fn a_plot_has_a_bar_for_each_proxy_and_its_spread() {
        let results = Results {
            measurements: vec![
                Measurement::new("apply/10", REFERENCE, 0).with_samples(&[1.0]),
                Measurement::new("apply/10", REFERENCE, 1).with_samples(&[2.0]),
                Measurement::new("apply/10", "nginx", 0).with_samples(&[40.0]),
            ],
            ..Results::default()
        };
        let plots = all(&results);
        assert_eq!(plots.len(), 1);
        let (name, svg) = &plots[0];
        assert_eq!(name, "peers-apply.svg");
        assert_eq!(svg.matches("height=\"12\"").count(), 2);
        assert!(svg.contains(">reference</text>") && svg.contains(">40.0</text>"));
        // The longest bar ends where bars end; the spread of two rounds is as wide as they are apart.
        assert!(svg.contains(&format!("M{RIGHT:.1}")), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
