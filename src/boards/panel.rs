//! One panel of a board as Grafana's classic JSON.

use serde_json::{Map, Value, json};

use super::query::target;

/// Words and colours that tell whether a goal is met, by how far the share is from its level.
///
/// The colours are told apart by people who cannot see red and green, and never stand alone.
pub(super) const VERDICT: &[(Option<f64>, &str, &str)] =
    &[(None, RED, "Nås inte"), (Some(-NEAR), YELLOW, "Nära"), (Some(0.0), GREEN, "Målet nås")];

/// A miss by two percentage points or less is near.
const NEAR: f64 = 0.02;

/// The curve of a goal's level.
const LEVEL: &str = "Målets nivå";

pub(super) const GREEN: &str = "#3fb27f";
pub(super) const YELLOW: &str = "#e0a500";
pub(super) const RED: &str = "#ff6b5e";
pub(super) const GREY: &str = "#8a94a3";
pub(super) const BLUE: &str = "#5b9bd5";

/// How a query's answer is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Curves over the board's time.
    Range,
    /// The moment's numbers.
    Instant,
    /// The moment's rows with labels as columns.
    Table,
    /// Buckets over the board's time.
    Heatmap,
}

/// One query.
#[derive(Clone, Debug)]
struct Target {
    expression: String,
    legend: String,
    reading: Reading,
}

/// A panel under construction; the letters of its queries are `A`, `B` and on.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    kind: &'static str,
    pub(super) title: &'static str,
    description: &'static str,
    pub(super) width: u64,
    pub(super) height: u64,
    unit: &'static str,
    targets: Vec<Target>,
    defaults: Map<String, Value>,
    overrides: Vec<Value>,
    options: Value,
    transformations: Vec<Value>,
    interval: Option<&'static str>,
}

impl Panel {
    fn new(kind: &'static str, title: &'static str, description: &'static str) -> Self {
        Panel {
            kind,
            title,
            description,
            width: 12,
            height: 8,
            unit: "short",
            targets: Vec::new(),
            defaults: Map::new(),
            overrides: Vec::new(),
            options: json!({}),
            transformations: Vec::new(),
            interval: None,
        }
        .colors(&[(None, BLUE)])
    }

    /// Large numbers.
    pub(super) fn stat(title: &'static str, description: &'static str) -> Self {
        let mut panel = Panel::new("stat", title, description).size(6, 5);
        panel.options = json!({
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false},
            "textMode": "value_and_name",
            "wideLayout": true,
        });
        panel.default("noValue", json!("–"))
    }

    /// Rows and columns.
    pub(super) fn table(title: &'static str, description: &'static str) -> Self {
        let mut panel = Panel::new("table", title, description);
        panel.options = json!({"cellHeight": "sm", "showHeader": true, "footer": {"show": false}});
        let cell = json!({"align": "auto", "cellOptions": {"type": "auto"}, "inspect": false});
        panel.default("custom", cell).default("noValue", json!("–"))
    }

    /// Curves.
    pub(super) fn curves(title: &'static str, description: &'static str) -> Self {
        let mut panel = Panel::new("timeseries", title, description);
        panel.options = json!({
            "legend": {
                "calcs": ["lastNotNull", "max"],
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": true,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        });
        let custom = json!({
            "drawStyle": "line",
            "fillOpacity": 8,
            "lineInterpolation": "linear",
            "lineWidth": 2,
            "showPoints": "auto",
            "spanNulls": false,
            "thresholdsStyle": {"mode": "off"},
        });
        panel
            .default("color", json!({"mode": "palette-classic"}))
            .default("custom", custom)
            .default("noValue", json!("Inga värden"))
    }

    /// States side by side over time: `state-timeline` changes, `status-history` has one a step.
    fn states(kind: &'static str, title: &'static str, description: &'static str) -> Self {
        let mut panel = Panel::new(kind, title, description);
        panel.options = json!({
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
            "rowHeight": 0.85,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        });
        let custom = json!({"fillOpacity": 80, "lineWidth": 1});
        panel.default("custom", custom).default("noValue", json!("Inga värden"))
    }

    /// States as long as they last.
    pub(super) fn timeline(title: &'static str, description: &'static str) -> Self {
        Panel::states("state-timeline", title, description)
    }

    /// One state a step.
    pub(super) fn history(title: &'static str, description: &'static str) -> Self {
        Panel::states("status-history", title, description)
    }

    /// Buckets of a histogram over time.
    pub(super) fn heatmap(title: &'static str, description: &'static str) -> Self {
        let mut panel = Panel::new("heatmap", title, description).unit("s");
        panel.options = json!({
            "calculate": false,
            "cellGap": 1,
            "color": {"mode": "scheme", "scheme": "Viridis", "steps": 64, "exponent": 0.5},
            "filterValues": {"le": 1e-9},
            "legend": {"show": true},
            "rowsFrame": {"layout": "auto"},
            "tooltip": {"mode": "single", "yHistogram": false},
            "yAxis": {"axisPlacement": "left", "reverse": false, "unit": "s"},
        });
        panel.overrides.clear();
        panel
    }

    pub(super) fn size(mut self, width: u64, height: u64) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    pub(super) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The shortest step of the queries; rates look back over no less.
    pub(super) fn interval(mut self, interval: &'static str) -> Self {
        self.interval = Some(interval);
        self
    }

    pub(super) fn ask(mut self, reading: Reading, legend: &str, expression: String) -> Self {
        self.targets.push(Target { expression, legend: legend.to_owned(), reading });
        self
    }

    /// A field's default.
    pub(super) fn default(mut self, key: &str, value: Value) -> Self {
        self.defaults.insert(key.to_owned(), value);
        self
    }

    /// Colours from a bound on; the first has none.
    pub(super) fn colors(self, steps: &[(Option<f64>, &str)]) -> Self {
        self.default("thresholds", thresholds(steps))
    }

    /// A dashed line at the level of a goal, as it was at each moment.
    pub(super) fn level_of(self, goal: &str) -> Self {
        let dashes = json!({"fill": "dash", "dash": [8, 6]});
        self.ask(Reading::Range, LEVEL, target(goal))
            .field(LEVEL, &[("custom.lineStyle", dashes), ("custom.fillOpacity", json!(0))])
    }

    /// Words and colours for whole numbers.
    pub(super) fn words(self, words: &[(i64, &str, &str)]) -> Self {
        self.default("mappings", json!([numbers(words)]))
            .default("color", json!({"mode": "thresholds"}))
    }

    /// Words and colours for how far a share is from its level.
    pub(super) fn verdict(self) -> Self {
        self.default("mappings", verdict_mappings())
            .default("color", json!({"mode": "thresholds"}))
            .default("thresholds", verdict_thresholds())
    }

    /// Properties of one field by the name that is shown.
    pub(super) fn field(mut self, name: &str, properties: &[(&str, Value)]) -> Self {
        let properties: Vec<Value> =
            properties.iter().map(|(id, value)| json!({"id": id, "value": value})).collect();
        let matcher = json!({"id": "byName", "options": name});
        self.overrides.push(json!({"matcher": matcher, "properties": properties}));
        self
    }

    /// Properties of what one query gives.
    pub(super) fn query_field(mut self, letter: &str, properties: &[(&str, Value)]) -> Self {
        let properties: Vec<Value> =
            properties.iter().map(|(id, value)| json!({"id": id, "value": value})).collect();
        let matcher = json!({"id": "byFrameRefID", "options": letter});
        self.overrides.push(json!({"matcher": matcher, "properties": properties}));
        self
    }

    /// Names for people of series that are named by codes.
    pub(super) fn named_series(self, names: &[(&str, &str)]) -> Self {
        names
            .iter()
            .fold(self, |panel, (code, name)| panel.field(code, &[("displayName", json!(name))]))
    }

    /// A series of counts beside shares, with an axis of its own.
    pub(super) fn count_axis(self, name: &str) -> Self {
        let properties = [
            ("unit", json!("none")),
            ("decimals", json!(0)),
            ("max", Value::Null),
            ("custom.axisPlacement", json!("right")),
            ("custom.drawStyle", json!("bars")),
            ("custom.fillOpacity", json!(20)),
        ];
        self.field(name, &properties)
    }

    /// Numbers of a field that are bad from one on.
    pub(super) fn fault_field(self, name: &str, from: f64) -> Self {
        let properties = [
            ("thresholds", thresholds(&[(None, GREEN), (Some(from), RED)])),
            ("custom.cellOptions", json!({"type": "color-text"})),
            ("color", json!({"mode": "thresholds"})),
        ];
        self.field(name, &properties)
    }

    /// A field that holds how far a share is from its level, in words.
    pub(super) fn verdict_field(self, name: &str) -> Self {
        self.field(name, &verdict_properties())
    }

    /// The same for what one query gives.
    pub(super) fn verdict_query(self, letter: &str) -> Self {
        self.query_field(letter, &verdict_properties())
    }

    /// A field of shares with one decimal.
    pub(super) fn share_field(self, name: &str) -> Self {
        self.field(name, &[("unit", json!("percentunit")), ("decimals", json!(1))])
    }

    /// A column of names that lead to the department's own board.
    pub(super) fn department_field(self, name: &str) -> Self {
        let url = "/d/svarstid-department?var-department=${__data.fields.department}";
        let link = json!({"title": "Öppna förvaltningen", "url": url, "targetBlank": false});
        self.field(name, &[("links", json!([link]))])
            .field("department", &[("custom.hidden", json!(true))])
    }

    /// One row for each set of labels: the columns in order, by the names they have from
    /// Prometheus and those that are shown; other columns are left out.
    pub(super) fn columns(mut self, columns: &[(&str, &str)]) -> Self {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let index: Map<String, Value> =
            names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), json!(at))).collect();
        let shown: Map<String, Value> =
            columns.iter().map(|(name, shown)| ((*name).to_owned(), json!(shown))).collect();
        self.transformations = vec![
            json!({"id": "merge", "options": {}}),
            json!({"id": "filterFieldsByName", "options": {"include": {"names": names}}}),
            json!({
                "id": "organize",
                "options": {"excludeByName": {}, "indexByName": index, "renameByName": shown},
            }),
        ];
        self
    }

    pub(super) fn expressions(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| target.expression.as_str())
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// The panel with its number at its place.
    pub(super) fn json(&self, id: usize, x: u64, y: u64) -> Value {
        let datasource = json!({"type": "prometheus", "uid": "$datasource"});
        let targets: Vec<Value> = self
            .targets
            .iter()
            .zip('A'..='Z')
            .map(|(target, letter)| {
                let is_range = matches!(target.reading, Reading::Range | Reading::Heatmap);
                let format = match target.reading {
                    Reading::Range | Reading::Instant => "time_series",
                    Reading::Table => "table",
                    Reading::Heatmap => "heatmap",
                };
                json!({
                    "datasource": datasource,
                    "editorMode": "code",
                    "expr": target.expression,
                    "format": format,
                    "instant": !is_range,
                    "legendFormat": target.legend,
                    "range": is_range,
                    "refId": letter.to_string(),
                })
            })
            .collect();
        let mut defaults = self.defaults.clone();
        defaults.insert("unit".to_owned(), json!(self.unit));
        let mut panel = json!({
            "datasource": datasource,
            "description": self.description,
            "fieldConfig": {"defaults": defaults, "overrides": self.overrides},
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "id": id,
            "options": self.options,
            "pluginVersion": super::GRAFANA,
            "targets": targets,
            "title": self.title,
            "transformations": self.transformations,
            "type": self.kind,
        });
        if let Some(interval) = self.interval {
            panel["interval"] = json!(interval);
        }
        panel
    }
}

fn thresholds(steps: &[(Option<f64>, &str)]) -> Value {
    let steps: Vec<Value> =
        steps.iter().map(|(from, color)| json!({"color": color, "value": from})).collect();
    json!({"mode": "absolute", "steps": steps})
}

/// Words for whole numbers, as a property of a field.
pub(super) fn numbers(words: &[(i64, &str, &str)]) -> Value {
    let options: Map<String, Value> = words
        .iter()
        .enumerate()
        .map(|(at, (number, color, word))| {
            (number.to_string(), json!({"color": color, "index": at, "text": word}))
        })
        .collect();
    json!({"type": "value", "options": options})
}

/// Words for texts, as a property of a field.
pub(super) fn texts(words: &[(&str, &str)]) -> Value {
    let options: Map<String, Value> = words
        .iter()
        .enumerate()
        .map(|(at, (from, to))| ((*from).to_owned(), json!({"index": at, "text": to})))
        .collect();
    json!([{"type": "value", "options": options}])
}

fn verdict_properties() -> [(&'static str, Value); 4] {
    [
        ("mappings", verdict_mappings()),
        ("thresholds", verdict_thresholds()),
        ("color", json!({"mode": "thresholds"})),
        ("custom.cellOptions", json!({"type": "color-text"})),
    ]
}

fn verdict_thresholds() -> Value {
    let steps: Vec<_> = VERDICT.iter().map(|(from, color, _)| (*from, *color)).collect();
    thresholds(&steps)
}

/// A range holds both its ends and the first that fits counts, so the best comes first. An end
/// that is null counts as 0 to some Grafana, so ends are written out, beyond what shares can be.
fn verdict_mappings() -> Value {
    const BEYOND: f64 = 1000.0;
    let ranges: Vec<Value> = VERDICT
        .iter()
        .rev()
        .enumerate()
        .map(|(at, (from, color, word))| {
            let result = json!({"color": color, "index": at, "text": word});
            let options = json!({"from": from.unwrap_or(-BEYOND), "to": BEYOND, "result": result});
            json!({"type": "range", "options": options})
        })
        .collect();
    json!(ranges)
}
