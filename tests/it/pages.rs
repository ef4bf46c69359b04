//! What people read on the pages is what programs read in the metrics and in the interface: three
//! answers about one picture, of a municipality on a Monday morning.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use serde_json::Value;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::snapshot::Snapshot;
use svarstid::simulate::{Parameters, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::http::Site;
use crate::oracle;
use crate::support::metric_value;

/// The picture after four days, with callers waiting.
fn morning() -> Snapshot {
    let mut parameters =
        Parameters::new(4, "2026-10-01".parse().unwrap(), "2026-10-06".parse().unwrap());
    parameters.every_agent_state = true;
    let config = oracle::configuration(&parameters);
    let mut engine = oracle::engine(&config);
    engine.open_partition("test", 0);
    let monday = Day::parse("2026-10-05").unwrap();
    let now = Zone::stockholm().at_wall_clock(monday, 10 * 60 + 40);
    let so_far = Simulation::new(parameters).unwrap().take_while(|one| one.arrival_ms <= now.0);
    for (offset, record) in so_far.enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.commit();
    let mut snapshot = engine.snapshot(now);
    snapshot.caught_up = true;
    assert!(snapshot.all.live.waiting > 0, "somebody waits");
    snapshot
}

/// The three answers.
struct Told {
    site: Site,
    metrics: String,
    live: Value,
    compared: usize,
}

/// What a page says of one thing: its cells, or its lines.
struct Said(Vec<String>);

impl Said {
    /// The element of a page with an id, up to its end, cut where one of `at` begins.
    #[track_caller]
    fn of(page: &str, id: &str, end: &str, at: &str) -> Said {
        let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("{id}"));
        let (inside, _) = rest.split_once(end).unwrap();
        Said(inside.split(at).skip(1).map(|part| plain(&format!("<{part}"))).collect())
    }

    fn row(page: &str, id: &str) -> Said {
        Said::of(page, id, "</tr>", "<td")
    }
}

/// Text without markup, soft hyphens and more than one space at a time.
fn plain(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push(' ');
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let text = text.replace('\u{a0}', " ").replace('\u{ad}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `1 234`.
fn count(text: &str) -> f64 {
    text.replace(' ', "").parse().unwrap_or_else(|_| panic!("{text} is no count"))
}

/// `1:09` or `1:02:03` as seconds.
fn seconds(text: &str) -> f64 {
    text.split(':').fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}

impl Told {
    fn by(snapshot: Snapshot) -> Told {
        let site = Site::start(snapshot);
        let metrics = site.get("/metrics").text().to_owned();
        let live = serde_json::from_str(site.get("/api/v1/live").text()).unwrap();
        Told { site, metrics, live, compared: 0 }
    }

    fn page(&self, path: &str) -> String {
        let page = self.site.get(path);
        assert_eq!(page.status, 200, "{path}");
        page.text().to_owned()
    }

    /// The slug of each unit, none of the whole; and what the interface says of it.
    fn units(&self) -> Vec<(Option<String>, Value)> {
        let departments = self.live["departments"].as_array().unwrap().iter();
        let departments =
            departments.map(|unit| (unit["department"].as_str().map(str::to_owned), unit.clone()));
        let known = departments.filter(|(slug, _)| slug.as_deref() != Some("okand"));
        std::iter::once((None, self.live["all"].clone())).chain(known).collect()
    }

    /// A value of the metrics: of the whole, or of a department.
    fn metric(&self, slug: Option<&str>, family: &str, more: &[(&str, &str)]) -> Option<f64> {
        match slug {
            None => metric_value(&self.metrics, &format!("svarstid_all_{family}"), more),
            Some(slug) => {
                let labels = [&[("department", slug)], more].concat();
                metric_value(&self.metrics, &format!("svarstid_{family}"), &labels)
            }
        }
    }

    /// One number three times over; the page's own may have been cut to `step`.
    #[track_caller]
    fn same(&mut self, page: f64, metric: Option<f64>, api: &Value, step: f64) {
        let (metric, api) = (metric.unwrap(), api.as_f64().unwrap());
        assert!((metric - api).abs() < 1e-9, "{metric} in the metrics, {api} in the interface");
        assert!((page - metric).abs() < step, "{page} on the page, {metric} in the metrics");
        self.compared += 1;
    }

    /// A length of time in whole seconds; a dash where there is none.
    #[track_caller]
    fn length(&mut self, said: &str, metric: Option<f64>, api: &Value) {
        match said {
            "–" => assert!(metric.unwrap_or(0.0) == 0.0 && api.as_f64().unwrap_or(0.0) == 0.0),
            _ => self.same(seconds(said), metric, api, 1.0),
        }
    }

    /// A goal in a window as a page says it, `✓ Målet nås 88,5 % av 87`.
    #[track_caller]
    fn goal(&mut self, said: &str, slug: Option<&str>, unit: &Value, window: &str, goal: &str) {
        let windows = unit["windows"].as_array().unwrap();
        let of_window = windows.iter().find(|one| one["window"] == window).unwrap();
        let goals = of_window["goals"].as_array().unwrap();
        let api = goals.iter().find(|one| one["goal"] == goal).unwrap().clone();
        let labels = [("goal", goal), ("window", window)];
        let of = self.metric(slug, "goal_window_eligible_events", &labels);
        if api["of"] == 0 {
            assert_eq!((said, of), ("– Inga samtal", Some(0.0)), "{slug:?} {window} {goal}");
            return;
        }
        let word = match api["verdict"].as_str().unwrap() {
            "met" => "✓ Målet nås ",
            "missed" => "✗ Målet nås inte ",
            other => panic!("{other}"),
        };
        let share = said.strip_prefix(word).unwrap_or_else(|| panic!("{said} for {word}"));
        let (percent, n) = share.split_once(" % av ").unwrap();
        self.same(count(n), of, &api["of"], 0.5);
        let ratio = self.metric(slug, "goal_window_ratio", &labels);
        // One decimal; it may be cut where rounding would reach the level.
        let percent: f64 = percent.replace(',', ".").parse().unwrap();
        self.same(percent / 100.0, ratio, &api["ratio"], 0.001);
    }
}

#[test]
fn the_managers_table_says_what_metrics_and_interface_say() {
    let mut told = Told::by(morning());
    let page = told.page("/lage");
    for (slug, unit) in told.units() {
        let slug = slug.as_deref();
        let row = slug.unwrap_or("-all");
        let Said(cells) = Said::row(&page, &format!("row-{row}"));
        let waiting = cells[0].split(' ').next().unwrap();
        let metric = told.metric(slug, "queue_calls_waiting", &[]);
        told.same(count(waiting), metric, &unit["waiting"], 0.5);
        let longest = told.metric(slug, "queue_longest_wait_seconds", &[]);
        told.length(&cells[1], longest, &unit["longest_wait_seconds"]);
        let (logged_in, staffed) = cells[2].split_once(' ').unwrap();
        let metric = told.metric(slug, "agents_logged_in", &[]);
        told.same(count(logged_in), metric, &unit["agents"]["logged_in"], 0.5);
        let word = if unit["staffed"] == true { "bemannat" } else { "obemannat" };
        assert_eq!(staffed, word, "{slug:?}");
        let today = unit["windows"].as_array().unwrap();
        let today = today.iter().find(|one| one["window"] == "today").unwrap();
        let counts = [&today["queue"]["offered"], &today["queue"]["answered"]];
        assert_eq!(
            cells[3..5].iter().map(|n| count(n)).collect::<Vec<_>>(),
            counts.map(|n| n.as_f64().unwrap())
        );
        for (cell, name, percentile) in [(&cells[5], "p50", "50"), (&cells[6], "p90", "90")] {
            let labels = [("window", "today"), ("percentile", percentile)];
            let metric = told.metric(slug, "queue_wait_window_seconds", &labels);
            told.length(cell, metric, &today["queue_wait_seconds"][name]);
        }
        for goal in ["SM1", "SM2", "SM3"] {
            if !page.contains(&format!("id=\"{goal}-{row}\"")) {
                // The switchboard is one unit's.
                assert_eq!(goal, "SM1");
                let labels = [("goal", goal), ("window", "month")];
                let of = told.metric(slug, "goal_window_eligible_events", &labels);
                assert_eq!(of.unwrap_or(0.0), 0.0, "{slug:?}");
                continue;
            }
            let Said(cells) = Said::row(&page, &format!("{goal}-{row}"));
            for (cell, window) in cells.iter().zip(["15m", "1h", "today", "month"]) {
                told.goal(cell, slug, &unit, window, goal);
            }
            let months = unit["month"]["goals"].as_array().unwrap();
            let month = months.iter().find(|one| one["goal"] == goal).unwrap();
            let metric = told.metric(slug, "goal_month_projected_ratio", &[("goal", goal)]);
            let said = cells[5].split(' ').rev().nth(1).unwrap().replace(',', ".");
            told.same(
                said.parse::<f64>().unwrap() / 100.0,
                metric,
                &month["projected_ratio"],
                0.001,
            );
        }
    }
    assert!(told.compared > 250, "{}", told.compared);
    told.site.stop();
}

#[test]
fn wallboards_and_departments_say_what_metrics_and_interface_say() {
    let mut told = Told::by(morning());
    for (slug, unit) in told.units() {
        let slug = slug.as_deref();
        let wall = match slug {
            None => told.page("/vaggtavla"),
            Some(slug) => told.page(&format!("/vaggtavla/{slug}")),
        };
        let tile = |id: &str| {
            let Said(lines) = Said::of(&wall, &format!("tile-{id}"), "</article>", "<p");
            lines
        };
        for goal in ["SM1", "SM2", "SM3"] {
            if !wall.contains(&format!("tile-{goal}")) {
                continue;
            }
            let lines = tile(goal);
            let said = match lines[0].as_str() {
                "–" => "– Inga samtal".to_owned(),
                percent => {
                    let of = lines[2].strip_prefix("i dag, av ").unwrap();
                    let of: String = of.chars().take_while(|c| !c.is_alphabetic()).collect();
                    format!("{} {percent} av {}", lines[1], of.trim())
                }
            };
            told.goal(&said, slug, &unit, "today", goal);
        }
        let metric = told.metric(slug, "queue_calls_waiting", &[]);
        told.same(count(&tile("waiting")[0]), metric, &unit["waiting"], 0.5);
        let metric = told.metric(slug, "queue_longest_wait_seconds", &[]);
        told.length(&tile("longest")[0], metric, &unit["longest_wait_seconds"]);
        let metric = told.metric(slug, "agents_logged_in", &[]);
        told.same(count(&tile("staffed")[0]), metric, &unit["agents"]["logged_in"], 0.5);

        let Some(slug) = slug else { continue };
        let page = told.page(&format!("/avdelning/{slug}"));
        for goal in ["SM1", "SM2", "SM3"] {
            if !page.contains(&format!("id=\"goal-{goal}\"")) {
                continue;
            }
            let Said(cells) = Said::row(&page, &format!("goal-{goal}"));
            for (cell, window) in cells.iter().zip(["15m", "1h", "today", "5d", "week", "month"]) {
                told.goal(cell, Some(slug), &unit, window, goal);
            }
        }
    }
    assert!(told.compared > 300, "{}", told.compared);
    told.site.stop();
}

#[test]
fn the_page_of_questions_says_what_metrics_and_interface_say() {
    let mut told = Told::by(morning());
    let page = told.page("/fragor");
    for (slug, unit) in told.units() {
        let Some(slug) = slug else { continue };
        for questions in unit["questions"].as_array().unwrap() {
            let channel = questions["channel"].as_str().unwrap();
            let id = format!("ask-{slug}-{channel}");
            let labels = [("channel", channel)];
            let series = |told: &Told, family: &str| told.metric(Some(&slug), family, &labels);
            if !page.contains(&format!("id=\"{id}\"")) {
                assert_eq!(series(&told, "questions_received_total"), Some(0.0), "{id}");
                continue;
            }
            let Said(cells) = Said::row(&page, &id);
            let number = |cell: &str| count(cell.trim_start_matches("✗ "));
            let metric = series(&told, "questions_open");
            told.same(number(&cells[1]), metric, &questions["open"], 0.5);
            let metric = series(&told, "questions_overdue");
            told.same(number(&cells[2]), metric, &questions["overdue"], 0.5);
            assert_eq!(Some(number(&cells[5])), series(&told, "questions_received_total"), "{id}");
            assert_eq!(Some(number(&cells[6])), series(&told, "questions_answered_total"), "{id}");
        }
    }
    assert!(told.compared > 20, "{}", told.compared);
    told.site.stop();
}
