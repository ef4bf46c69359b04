//! Reading metrics as Prometheus would.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::have;

/// The value of one series in Prometheus text; `None` when it is not there.
///
/// `labels` are all of the labels, in any order: `{a="1",b="2"}` is not found by `a="1"` alone.
pub(crate) fn metric_value(text: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut wanted: Vec<_> = labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    wanted.sort();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (mut found, rest) = match rest.strip_prefix('{') {
            Some(inside) => parse_labels(inside)?,
            None => (Vec::new(), rest),
        };
        let value = rest.strip_prefix(' ')?.split(' ').next()?;
        found.sort();
        if found != wanted {
            return None;
        }
        match value {
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            number => number.parse().ok(),
        }
    })
}

/// The sum of a family over all its series.
pub(crate) fn metric_total(metrics: &str, family: &str) -> i64 {
    let value = |line: &str| line.rsplit(' ').next().and_then(|text| text.parse::<f64>().ok());
    metrics
        .lines()
        .filter(|line| line.strip_prefix(family).is_some_and(|rest| rest.starts_with(['{', ' '])))
        .map(|line| value(line).expect("a sample ends in a number"))
        .sum::<f64>() as i64
}

type Labels = Vec<(String, String)>;

/// Reads `a="1",b="2"}` and gives what follows it.
fn parse_labels(mut text: &str) -> Option<(Labels, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start_matches([',', ' ']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at + 1,
                (_, '\\') => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((name.to_owned(), value));
        text = &rest[end..];
    }
}

/// Runs `promtool` with `stdin`; gives what it printed, as an error where it objects. `None`, said
/// aloud, where there is no promtool.
#[track_caller]
pub(crate) fn promtool(args: &[&str], stdin: &str) -> Option<Result<String, String>> {
    if !have("promtool", "prometheus") {
        return None;
    }
    let mut child = Command::new("promtool")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let text = stdin.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("promtool can be waited for");
    // It may refuse its arguments before it reads anything; then its exit code tells.
    drop(writer.join().expect("the writer does not panic"));
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(if output.status.success() { Ok(printed) } else { Err(printed) })
}

/// Whether `promtool check metrics` has nothing to object to; passes, said aloud, where there is
/// no promtool.
///
/// # Errors
///
/// What promtool objects to.
#[track_caller]
pub(crate) fn promtool_check_metrics(text: &str) -> Result<(), String> {
    match promtool(&["check", "metrics"], text) {
        None => Ok(()),
        Some(result) => result.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# HELP x_total a{b=\"c\"} 9
# TYPE x_total counter
x_total 3
x_total_more 5
y{a=\"1\",b=\"say \\\"hej\\\", å\"} 2.5
y{a=\"1\"} +Inf 1700000000000
";

    #[test]
    fn a_series_is_found_by_all_its_labels_in_any_order() {
        assert_eq!(metric_value(TEXT, "x_total", &[]), Some(3.0));
        assert_eq!(metric_value(TEXT, "x_total_more", &[]), Some(5.0));
        assert_eq!(metric_value(TEXT, "x", &[]), None);
        assert_eq!(metric_value(TEXT, "y", &[("b", "say \"hej\", å"), ("a", "1")]), Some(2.5));
        assert_eq!(metric_value(TEXT, "y", &[("a", "1")]), Some(f64::INFINITY));
        assert_eq!(metric_value(TEXT, "y", &[("b", "1")]), None);
    }

    #[test]
    fn promtool_objects_to_a_counter_without_total() {
        let good = "# HELP x_total Things.\n# TYPE x_total counter\nx_total 3\n";
        assert_eq!(promtool_check_metrics(good), Ok(()));
        let bad = good.replace("x_total", "x");
        if let Some(result) = promtool(&["check", "metrics"], &bad) {
            assert!(result.unwrap_err().contains("_total"));
        }
    }
}
