//! The boards for Grafana, as classic JSON.
//!
//! What the boards ask for is written from the catalogue of metrics, so a board cannot ask for a
//! metric that does not exist. The rules they keep: figures are folded over the instances, which
//! all export the same ones; the month's figures are the daemon's own gauges, never a growth that
//! Prometheus estimates; nothing asks for a bound of a bucket; no one person can be seen; a word
//! stands beside every colour. Only panels that come with Grafana are used.

mod department;
mod goals;
mod operations;
mod panel;
mod quality;
mod query;
mod questions;
mod staffing;
mod wall;
mod words;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::metrics::names;
use panel::Panel;
use query::each;

/// The oldest Grafana that the boards are written for.
const GRAFANA: &str = "10.4.0";

/// The version of Grafana's classic format.
const SCHEMA: u64 = 39;

/// Columns of Grafana's grid.
const GRID_WIDTH: u64 = 24;

/// Which departments a board can be narrowed down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Departments {
    /// It is about the whole.
    None,
    /// Exactly one.
    One,
    /// Any number, all of them to begin with.
    Many,
}

/// One board.
#[derive(Clone, Debug)]
pub struct Board {
    uid: &'static str,
    title: &'static str,
    description: &'static str,
    refresh: &'static str,
    from: &'static str,
    departments: Departments,
    /// Whether instances can be chosen; they are the same to all but operations.
    is_technical: bool,
    panels: Vec<Panel>,
}

/// One query of a board, its variables replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The board's title.
    pub board: String,
    /// The panel's title, or the name of the variable or annotation that asks.
    pub panel: String,
    /// PromQL.
    pub expression: String,
}

/// A variable that is filled by a query.
struct Variable {
    name: &'static str,
    label: &'static str,
    /// What Prometheus is asked.
    expression: String,
    /// The label whose values are the choices; without one, a line of the answer holds them.
    values_of: Option<&'static str>,
    is_multi: bool,
    is_hidden: bool,
}

/// A series of moments beside the curves.
struct Annotation {
    name: &'static str,
    expression: String,
    title: &'static str,
    text: &'static str,
    color: &'static str,
}

/// All seven boards, those for everyone first.
pub fn all() -> Vec<Board> {
    vec![
        wall::board(),
        goals::board(),
        department::board(),
        staffing::board(),
        questions::board(),
        quality::board(),
        operations::board(),
    ]
}

impl Board {
    /// The id in addresses and the name of the file.
    pub fn uid(&self) -> &'static str {
        self.uid
    }

    /// Every query of the panels, variables and annotations with variables replaced by values;
    /// those without a value stay as they are.
    pub fn asked(&self, values: &[(&str, &str)]) -> Vec<Asked> {
        let of_panels = self.panels.iter().flat_map(|panel| {
            panel.expressions().map(|expression| (panel.title, expression.to_owned()))
        });
        let of_variables = self.variables().into_iter().map(|one| (one.name, one.expression));
        let of_annotations = annotations().into_iter().map(|one| (one.name, one.expression));
        of_panels
            .chain(of_variables)
            .chain(of_annotations)
            .map(|(panel, expression)| Asked {
                board: self.title.to_owned(),
                panel: panel.to_owned(),
                expression: replaced(&expression, values),
            })
            .collect()
    }

    /// The text of the board's file.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(&self.document());
        text.expect("a document of text, numbers and lists can be written") + "\n"
    }

    fn document(&self) -> Value {
        json!({
            "__inputs": [],
            "__requires": self.requires(),
            "annotations": {"list": annotation_list()},
            "description": self.description,
            "editable": false,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "links": [{
                "asDropdown": false,
                "icon": "external link",
                "includeVars": false,
                "keepTime": false,
                "tags": ["svarstid"],
                "targetBlank": false,
                "title": "Tavlor",
                "tooltip": "Övriga tavlor",
                "type": "dashboards",
                "url": "",
            }],
            "liveNow": false,
            "panels": self.placed(),
            "refresh": self.refresh,
            "schemaVersion": SCHEMA,
            "style": "dark",
            "tags": ["svarstid"],
            "templating": {"list": self.templates()},
            "time": {"from": self.from, "to": "now"},
            "timepicker": {},
            // The days of the figures are those of Sweden, wherever the reader sits.
            "timezone": "Europe/Stockholm",
            "title": self.title,
            "uid": self.uid,
            "version": 1,
            "weekStart": "monday",
        })
    }

    fn requires(&self) -> Value {
        let kinds: BTreeSet<&str> = self.panels.iter().map(Panel::kind).collect();
        let grafana = json!({
            "id": "grafana", "name": "Grafana", "type": "grafana", "version": GRAFANA,
        });
        let prometheus = json!({
            "id": "prometheus", "name": "Prometheus", "type": "datasource", "version": "1.0.0",
        });
        let panels = kinds
            .iter()
            .map(|kind| json!({"id": kind, "name": kind, "type": "panel", "version": ""}));
        [grafana, prometheus].into_iter().chain(panels).collect()
    }

    /// The panels from left to right in rows, each as high as its highest.
    fn placed(&self) -> Vec<Value> {
        let (mut x, mut y, mut height) = (0, 0, 0);
        let place = |(at, panel): (usize, &Panel)| {
            if x + panel.width > GRID_WIDTH {
                (x, y, height) = (0, y + height, 0);
            }
            let placed = panel.json(at + 1, x, y);
            x += panel.width;
            height = height.max(panel.height);
            placed
        };
        self.panels.iter().enumerate().map(place).collect()
    }

    fn variables(&self) -> Vec<Variable> {
        let build = names::BUILD_INFO.name;
        let of_label = |name, label, expression| Variable {
            name,
            label,
            expression,
            values_of: Some(name),
            is_multi: true,
            is_hidden: !self.is_technical,
        };
        let mut variables = vec![
            of_label("job", "Job", build.to_owned()),
            of_label("instance", "Instance", format!("{build}{{job=~\"$job\"}}")),
        ];
        if self.departments != Departments::None {
            variables.push(Variable {
                name: "department",
                label: "Förvaltning",
                expression: format!(
                    "max by (department, name) ({})",
                    each(&names::DEPARTMENT_INFO, "")
                ),
                values_of: None,
                is_multi: self.departments == Departments::Many,
                is_hidden: false,
            });
        }
        variables
    }

    fn templates(&self) -> Vec<Value> {
        let datasource = json!({
            "current": {},
            "hide": hide(!self.is_technical),
            "includeAll": false,
            "label": "Data source",
            "multi": false,
            "name": "datasource",
            "options": [],
            "query": "prometheus",
            "refresh": 1,
            "regex": "",
            "skipUrlSync": false,
            "type": "datasource",
        });
        let queried = self.variables().into_iter().map(|variable| variable.json());
        [datasource].into_iter().chain(queried).collect()
    }
}

impl Variable {
    fn json(&self) -> Value {
        let (query, regex) = match self.values_of {
            Some(label) => (format!("label_values({}, {label})", self.expression), ""),
            None => {
                let both = r#"/department="(?<value>[^"]+)".*name="(?<text>.+)"\}/"#;
                (format!("query_result({})", self.expression), both)
            }
        };
        let mut json = json!({
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "definition": query,
            "hide": hide(self.is_hidden),
            "includeAll": self.is_multi,
            "label": self.label,
            "multi": self.is_multi,
            "name": self.name,
            "options": [],
            "query": query,
            "refresh": 2,
            "regex": regex,
            "skipUrlSync": false,
            "sort": 1,
            "type": "query",
        });
        if self.is_multi {
            json["allValue"] = json!(".+");
            json["current"] = json!({"selected": true, "text": ["All"], "value": ["$__all"]});
        } else {
            json["current"] = json!({});
        }
        json
    }
}

/// Grafana's number for whether a variable is shown.
fn hide(is_hidden: bool) -> u8 {
    if is_hidden { 2 } else { 0 }
}

fn annotations() -> Vec<Annotation> {
    let incidents = each(&names::INCIDENTS, "");
    vec![
        Annotation {
            name: "Händelser i huvudboken",
            // A point a minute at most; nothing is counted by this.
            expression: format!(
                "sum by (kind) (max without (instance) (increase({incidents}[2m]))) > 0"
            ),
            title: "Något som inte borde hända: {{kind}}",
            text: "Se tavlan Drift.",
            color: panel::YELLOW,
        },
        Annotation {
            name: "Larm",
            expression: query::FIRING.to_owned(),
            title: "Larm: {{alertname}}",
            text: "{{department}} {{goal}}",
            color: panel::RED,
        },
    ]
}

fn annotation_list() -> Vec<Value> {
    let ours = annotations().into_iter().map(|one| {
        json!({
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "enable": true,
            "expr": one.expression,
            "hide": false,
            "iconColor": one.color,
            "name": one.name,
            "step": "60s",
            "tagKeys": "kind,alertname,department",
            "textFormat": one.text,
            "titleFormat": one.title,
        })
    });
    let built_in = json!({
        "builtIn": 1,
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": true,
        "hide": true,
        "iconColor": panel::BLUE,
        "name": "Anteckningar",
        "type": "dashboard",
    });
    [built_in].into_iter().chain(ours).collect()
}

/// The expression with `$name` replaced where `values` has the name.
fn replaced(expression: &str, values: &[(&str, &str)]) -> String {
    let mut parts = expression.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = part.find(|c| !is_of_name(c)).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        match values.iter().find(|(variable, _)| *variable == name) {
            Some((_, value)) => out.push_str(value),
            None => {
                out.push('$');
                out.push_str(name);
            }
        }
        out.push_str(rest);
    }
    out
}
