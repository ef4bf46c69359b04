//! Many snapshots as one OpenMetrics text: the history of the service, for `promtool tsdb
//! create-blocks-from openmetrics`.
//!
//! Families, labels and values are those of `/metrics`, and every series has two labels more, `job`
//! and `instance`, which a scrape would add. Left out is what a program tells of itself (stream,
//! ledger, pages, process): of a past that it did not live through it can tell nothing.
//!
//! The format wants every series in one piece, in the order of time; snapshots come the other way
//! round. So all of it is in memory until it is written: eight bytes a sample, about 90 MB for a
//! month of fifty departments.
//!
//! Bounds of buckets are written as `/metrics` writes them (`le="5"`, where the format would rather
//! have `5.0`), since Prometheus 2 takes them for other series and Prometheus 3 for the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use prometheus::core::Collector as _;
use prometheus::proto::{Bucket, LabelPair, Metric};

use super::collector::SnapshotCollector;
use super::names::{CATALOGUE, Family, Kind};
use crate::domain::snapshot::Snapshot;
use crate::domain::units::Timestamp;

/// Snapshots on their way to a text.
#[derive(Debug)]
pub struct OpenMetrics {
    /// The labels of every series, `job="…",instance="…"`.
    target: String,
    /// Seconds since 1970.
    steps: Vec<i64>,
    /// By family, then by its labels.
    families: BTreeMap<&'static str, BTreeMap<String, Series>>,
    samples: u64,
}

/// The values of one set of labels.
#[derive(Debug)]
struct Series {
    /// Suffix and bound of each value of a step: one for a counter or a gauge, all buckets, the
    /// count and the sum for a histogram.
    lines: Vec<(&'static str, Option<f64>)>,
    /// The step of the first value.
    first: usize,
    /// As many as there are lines for each step since; not a number where there is no sample.
    values: Vec<f64>,
}

impl OpenMetrics {
    /// An empty text; what a scrape of the daemon would have as its job and its instance.
    pub fn new(job: &str, instance: &str) -> OpenMetrics {
        let target = format!("job=\"{}\",instance=\"{}\"", escaped(job), escaped(instance));
        OpenMetrics { target, steps: Vec::new(), families: BTreeMap::new(), samples: 0 }
    }

    /// How many samples there are.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The first and the last moment, and how many there are.
    pub fn steps(&self) -> Option<(Timestamp, Timestamp, usize)> {
        let at = |seconds: &i64| Timestamp(seconds * 1_000);
        Some((at(self.steps.first()?), at(self.steps.last()?), self.steps.len()))
    }

    /// Adds a snapshot; its clock is a whole second after that of the one before.
    pub fn add(&mut self, snapshot: &Arc<Snapshot>) {
        let step = self.steps.len();
        self.steps.push(snapshot.now.0.div_euclid(1_000));
        for drawn in SnapshotCollector::new(Arc::clone(snapshot)).collect() {
            let Some(family) = told(drawn.name()) else { continue };
            let all = self.families.entry(family.name).or_default();
            for metric in drawn.get_metric() {
                let labels = labels(metric.get_label());
                let series =
                    all.entry(labels).or_insert_with(|| Series::new(family.kind, metric, step));
                self.samples += series.lines.len() as u64;
                series.push(family.kind, step, metric);
            }
        }
    }

    /// Writes the whole text.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for family in CATALOGUE {
            let Some(all) = self.families.get(family.name) else { continue };
            let name = stem(family);
            writeln!(out, "# TYPE {name} {}", family.kind.word())?;
            writeln!(out, "# HELP {name} {}", escaped(family.help))?;
            for (labels, series) in all {
                self.write_series(family, labels, series, out)?;
            }
        }
        writeln!(out, "# EOF")
    }

    fn write_series(
        &self,
        family: &Family,
        labels: &str,
        series: &Series,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let comma = if labels.is_empty() { "" } else { "," };
        let heads: Vec<String> = series
            .lines
            .iter()
            .map(|(suffix, bound)| {
                let mut head = format!("{}{suffix}{{{labels}{comma}{}", family.name, self.target);
                if let Some(bound) = bound {
                    let bound = if bound.is_infinite() { "+Inf".into() } else { bound.to_string() };
                    write!(head, ",le=\"{bound}\"").expect("a string takes everything");
                }
                head.push('}');
                head
            })
            .collect();
        let rows = series.values.chunks(heads.len());
        for (seconds, values) in self.steps.iter().skip(series.first).zip(rows) {
            for (head, value) in heads.iter().zip(values).filter(|(_, value)| !value.is_nan()) {
                writeln!(out, "{head} {value} {seconds}")?;
            }
        }
        Ok(())
    }
}

impl Series {
    fn new(kind: Kind, metric: &Metric, first: usize) -> Series {
        let lines = match kind {
            Kind::Counter | Kind::Gauge => vec![("", None)],
            Kind::Histogram => {
                let bounds = metric.get_histogram().get_bucket().iter().map(Bucket::upper_bound);
                let buckets = bounds.chain([f64::INFINITY]).map(|bound| ("_bucket", Some(bound)));
                buckets.chain([("_count", None), ("_sum", None)]).collect()
            }
        };
        Series { lines, first, values: Vec::new() }
    }

    fn push(&mut self, kind: Kind, step: usize, metric: &Metric) {
        self.values.resize((step - self.first) * self.lines.len(), f64::NAN);
        match kind {
            Kind::Counter => self.values.push(metric.get_counter().get_value()),
            Kind::Gauge => self.values.push(metric.get_gauge().get_value()),
            Kind::Histogram => {
                let histogram = metric.get_histogram();
                let within = |bucket: &Bucket| bucket.cumulative_count() as f64;
                let count = histogram.get_sample_count() as f64;
                self.values.extend(histogram.get_bucket().iter().map(within));
                self.values.extend([count, count, histogram.get_sample_sum()]);
            }
        }
    }
}

/// The family of this name, unless it is one that a program tells of itself.
fn told(name: &str) -> Option<&'static Family> {
    CATALOGUE.iter().find(|family| family.name == name).filter(|family| family.is_of_service())
}

/// The name of a family of counters goes without the suffix of its samples.
fn stem(family: &Family) -> &'static str {
    match family.kind {
        Kind::Counter => family.name.strip_suffix("_total").unwrap_or(family.name),
        Kind::Gauge | Kind::Histogram => family.name,
    }
}

fn labels(pairs: &[LabelPair]) -> String {
    let mut text = String::new();
    for pair in pairs {
        let comma = if text.is_empty() { "" } else { "," };
        write!(text, "{comma}{}=\"{}\"", pair.name(), escaped(pair.value()))
            .expect("a string takes everything");
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
