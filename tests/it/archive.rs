//! The archive of reports, and what citizens see: over a real folder of editions and a real engine.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use svarstid::domain::calendar::Day;
use svarstid::domain::snapshot::Snapshot;
use svarstid::engine::edition::Edition;
use svarstid::report::{Audience, Language, Order, Report};
use svarstid::shell::access::Access;

use crate::cases::CONFIG;
use crate::http::{Site, town};
use crate::metrics::NOW;
use crate::support::{TempDir, get, wait_until};
use crate::town::Town;

const LIMIT: Duration = Duration::from_secs(60);
const FORMATS: [(&str, &str); 4] = [
    ("html", "text/html; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("json", "application/json"),
];

/// October: thirty calls to the social desk, one of them lost.
fn october() -> Town {
    let calls: String = (0..30)
        .map(|n| {
            let end = if n == 7 { "hungup" } else { "answered" };
            format!("08:{n:02}:00.000 entered social c{n}\n08:{n:02}:09.000 {end} social c{n}\n")
        })
        .collect();
    Town::of(&calls)
}

/// A snapshot whose departments are the town's.
fn picture() -> Snapshot {
    let mut picture = town();
    picture.departments.truncate(3);
    for (at, (slug, name)) in
        [("kansli", "Kansliet"), ("social", "Socialförvaltningen"), ("kultur", "Kulturen")]
            .into_iter()
            .enumerate()
    {
        picture.departments[at].slug = slug.into();
        picture.departments[at].name = name.into();
    }
    picture
}

/// Editions as the publisher writes them.
struct Shelf(TempDir);

impl Shelf {
    fn new() -> Shelf {
        Shelf(TempDir::new())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes an edition of October; `audiences` are those that it is published for.
    fn publish(&self, town: &Town, number: u16, audiences: &[Audience], before: Option<&Town>) {
        let day = Day::parse(&format!("2026-11-{:02}", 3 + number)).unwrap();
        let about = Edition { period: "2026-10".parse().unwrap(), number, day, places: Vec::new() };
        let folder = self.path().join(format!("2026-10/{number}"));
        fs::create_dir_all(&folder).unwrap();
        let mut files = Vec::new();
        let mut corrections = None;
        for audience in audiences {
            for slug in [None, Some("social")] {
                let of = |town: &Town| town.report_of("2026-10", slug, *audience);
                let report = of(town).published(&about, before.map(of).as_ref());
                corrections = report.corrections.or(corrections);
                for (format, _) in FORMATS {
                    let bytes = bytes(&report, format);
                    let name = format!("{}-{}.sv.{format}", report.name(), audience.name());
                    files.push(json!({
                        "name": name, "department": slug, "audience": audience.name(),
                        "language": "sv", "format": format, "bytes": bytes.len(),
                    }));
                    fs::write(folder.join(name), bytes).unwrap();
                }
            }
        }
        let about = json!({
            "period": "2026-10", "edition": number, "published": day.to_string(),
            "corrections": corrections, "files": files,
        });
        let index = self.path().join("index.json");
        let mut all: Value = fs::read(&index).map_or_else(
            |_| json!({"editions": []}),
            |text| serde_json::from_slice(&text).unwrap(),
        );
        all["editions"].as_array_mut().unwrap().push(about);
        fs::write(index, all.to_string()).unwrap();
    }

    fn site(&self) -> Site {
        Site::publishing(picture(), Access::open(), Some(self.path().to_owned()))
    }
}

fn bytes(report: &Report, format: &str) -> Vec<u8> {
    match format {
        "html" => report.to_html().into_bytes(),
        "json" => report.to_json().into_bytes(),
        "xlsx" => report.to_xlsx().unwrap(),
        _ => {
            let mut bytes = Vec::new();
            report.write_csv(&mut bytes).unwrap();
            bytes
        }
    }
}

/// Where a page's links lead.
fn links(page: &str) -> BTreeSet<String> {
    let hrefs = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    hrefs.map(|href| href.replace("&amp;", "&").replace("&#38;", "&")).collect()
}

#[test]
fn where_nothing_is_published_and_nothing_counted_it_is_said_with_the_remedy() {
    let mut site = Site::start(picture());
    site.answers(Town::new(CONFIG).engine, NOW);
    let page = site.get("/rapporter");
    assert!(page.text().contains("publish.directory"), "{}", page.text());
    assert!(page.text().contains("Det finns inga siffror ännu"));
    assert!(site.get("/publik").text().contains("Ingen period är avslutad ännu"));
    assert_eq!(site.get("/rapporter/2026-10").status, 404);
    site.stop();

    let shelf = Shelf::new();
    let mut site = shelf.site();
    site.answers(october().engine, NOW);
    assert!(site.get("/rapporter").text().contains("Ingen utgåva är publicerad ännu"));
    site.stop();
}

#[test]
fn the_archive_lists_the_latest_editions_and_every_link_leads_to_its_file() {
    let shelf = Shelf::new();
    let (first, second) = (Town::of("08:00:00.000 entered social a"), october());
    let both = [Audience::Internal, Audience::Public];
    shelf.publish(&first, 1, &both, None);
    shelf.publish(&second, 2, &both, Some(&first));
    let mut site = shelf.site();
    site.answers(october().engine, NOW);
    let list = site.get("/rapporter");
    let list = list.text();
    assert!(list.contains("Utgåva 2, publicerad 2026-11-05"), "{list}");
    assert!(list.contains("siffror i utgåva 1"), "{list}");
    assert!(!list.contains("Utgåva 1,"), "the latest alone: {list}");
    assert!(list.contains("href=\"/rapporter/2026-W41\""), "a week is made on demand");
    assert!(list.contains("href=\"/rapporter/2026-10-05\""), "a day too");
    let page = site.get("/rapporter/2026-10");
    for text in ["Utgåva 2", "Utgåva 1", "Socialförvaltningen", "<form method=\"get\""] {
        assert!(page.text().contains(text), "{text}");
    }
    let files: Vec<String> = links(list)
        .into_iter()
        .chain(links(page.text()))
        .filter(|l| l.contains("/api/v1/reports/"))
        .collect();
    assert_eq!(files.len(), 4 + 2 * 2 * 2 * 4, "{files:?}");
    for link in files {
        let file = site.get(&link);
        assert_eq!(file.status, 200, "{link}");
        let extension = link.rsplit('.').next().unwrap();
        let wanted = FORMATS.iter().find(|(format, _)| *format == extension).unwrap().1;
        assert_eq!(file.header("content-type"), Some(wanted), "{link}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.contains("style-src 'sha256-"), extension == "html", "{policy}");
    }
    let english = site.get("/rapporter?lang=en");
    assert!(english.text().contains("October 2026") && english.text().contains("Edition 2"));
    assert!(english.text().contains("hreflang=\"sv\""), "it is in Swedish only");
    site.stop();
}

#[test]
fn a_report_is_made_on_demand_in_every_format_under_the_names_of_published_ones() {
    let mut site = Site::start(picture());
    site.answers(october().engine, NOW);
    for (format, content_type) in FORMATS {
        let address = format!(
            "/rapporter/2026-10?department=social&audience=internal&lang=en&format={format}"
        );
        let report = site.get(&address);
        assert_eq!(report.status, 200, "{format}: {}", String::from_utf8_lossy(&report.body));
        assert_eq!(report.header("content-type"), Some(content_type));
        assert_eq!(report.header("content-language"), Some("en"));
        assert_eq!(report.header("cache-control"), Some("private, no-cache"));
        let name = format!("attachment; filename=\"2026-10-social-internal.en.{format}\"");
        let wanted = (format != "html").then_some(name.as_str());
        assert_eq!(report.header("content-disposition"), wanted);
        let tag = report.header("etag").unwrap().to_owned();
        let again = get(site.address, &address, &[("If-None-Match", &tag)]).unwrap();
        assert_eq!(again.status, 304, "{format}: the same report has the same bytes");
    }
    let of_the_town = october().report("2026-10").to_json();
    assert_eq!(site.get("/rapporter/2026-10?department=&format=json").text().trim(), of_the_town);
    for lost in [
        "2026-10?department=nagon&format=csv",
        "2026-10?format=pdf",
        "2026-10?format=csv&audience=alla",
        "2026-10?lang=de",
        "2026-10?lang=de&format=csv",
        "2026-13",
        "2025-10",
        "2025-10?format=csv",
        "2026-11?format=csv&audience=public",
        // Days and weeks are not for citizens.
        "2026-10-05?format=csv&audience=public",
        "2026-W41?format=csv&audience=public",
        "oktober",
    ] {
        let page = site.get(&format!("/rapporter/{lost}"));
        assert_eq!(page.status, 404, "{lost}");
        assert!(page.text().contains("Sidan finns inte"), "{lost}");
    }
    site.stop();
}

#[test]
fn who_comes_while_another_report_is_made_is_told_to_come_again() {
    let mut site = Site::start(picture());
    let address = site.address;
    let path = "/rapporter/2026-10?format=csv";
    let first = std::thread::spawn(move || get(address, path, &[]).unwrap());
    let question = site.questions.blocking_recv().unwrap();
    for (language, text) in
        [("sv", "En annan rapport tas fram"), ("en", "Another report is being made")]
    {
        let busy = get(address, path, &[("Accept-Language", language)]).unwrap();
        assert_eq!((busy.status, busy.header("retry-after")), (503, Some("3")));
        assert!(busy.text().contains(text), "{}", busy.text());
    }
    question.answer(&october().engine, NOW);
    assert_eq!(first.join().unwrap().status, 200);
    site.stop();
}

#[test]
fn while_the_history_is_read_editions_are_there_and_nothing_is_made() {
    let shelf = Shelf::new();
    shelf.publish(&october(), 1, &[Audience::Internal, Audience::Public], None);
    let mut reading = picture();
    reading.caught_up = false;
    let mut site = Site::publishing(reading, Access::open(), Some(shelf.path().to_owned()));
    let page = site.get("/rapporter");
    assert!(page.text().contains("Utgåva 1") && page.text().contains("historiken läses in"));
    assert_eq!(site.get("/rapporter/2026-10").status, 200);
    assert!(site.get("/publik").text().contains("Utgåva 1, publicerad 2026-11-04"));
    for waiting in ["/rapporter/2026-W41", "/rapporter/2026-10?format=csv", "/publik/2026-09"] {
        let page = site.get(waiting);
        assert_eq!((page.status, page.header("retry-after")), (503, Some("10")), "{waiting}");
    }
    site.stop();
}

#[test]
fn citizens_see_the_edition_that_stands_and_not_what_is_counted_since() {
    let shelf = Shelf::new();
    let (first, second) = (Town::of("08:00:00.000 entered social a"), october());
    shelf.publish(&first, 1, &[Audience::Internal, Audience::Public], None);
    shelf.publish(&second, 2, &[Audience::Public], Some(&first));
    shelf.publish(&second, 3, &[Audience::Internal], Some(&second));
    let mut site = shelf.site();
    // Since then everything was found to be otherwise.
    let since = Town::of("08:00:00.000 entered social a\n08:00:01.000 answered social a");
    site.answers(since.engine, NOW);
    for (format, content_type) in FORMATS {
        let written = fs::read(shelf.path().join(format!("2026-10/2/2026-10-public.sv.{format}")));
        for address in
            [format!("/publik/2026-10/{format}"), format!("/publik/2026-10?format={format}")]
        {
            let given = site.get(&address);
            assert_eq!(given.body, *written.as_ref().unwrap(), "{address}");
            assert_eq!(given.header("content-type"), Some(content_type));
            assert_eq!(given.header("cache-control"), Some("no-cache"));
        }
    }
    let page = site.get("/publik/2026-10");
    let page = page.text();
    assert!(page.contains("Utgåva 2, publicerad 2026-11-05"), "{page}");
    assert!(!page.contains("Preliminär"));
    // 29 of 30 is 96.67 %.
    assert!(page.contains("97\u{a0}%"), "{page}");
    let start = site.get("/publik");
    assert!(start.text().contains("<p class=\"figure\">97\u{a0}%</p>"), "{}", start.text());
    assert!(start.text().contains("✓ uppfyllt"));
    let own = site.get("/publik/2026-10?department=social");
    assert!(own.text().contains("Oktober 2026: Social\u{ad}förvaltningen"), "{}", own.text());
    let english = site.get("/publik/2026-10?lang=en");
    assert!(english.text().contains("This edition is in Swedish only"));
    assert!(english.text().contains("<div class=\"report\" lang=\"sv\">"));
    for lost in
        ["2026-10?department=kultur", "2026-10?department=nagon", "2026-10/pdf", "2026-10/3"]
    {
        assert_eq!(site.get(&format!("/publik/{lost}")).status, 404, "{lost}");
    }
    site.stop();
}

#[test]
fn where_nothing_is_published_citizens_see_what_is_preliminary_by_their_rules() {
    let mut site = Site::start(picture());
    site.answers(october().engine, NOW);
    for path in ["/publik", "/publik/2026-10", "/publik/2026-10?department=social&lang=en"] {
        let page = site.get(path);
        assert_eq!(page.status, 200, "{path}");
        let text = page.text();
        assert!(text.contains("Preliminär") || text.contains("Preliminary"), "{path}");
        assert!(text.contains("97\u{a0}%"), "{path}: whole percent: {text}");
        assert!(!text.contains("96,7") && !text.contains("96.7"), "{path}: no decimals");
    }
    let order = Order {
        period: "2026-10".parse().unwrap(),
        department: None,
        audience: Audience::Public,
        language: Language::Swedish,
    };
    let wanted = october().engine.report(&order).to_json();
    assert_eq!(site.get("/publik/2026-10/json").text().trim(), wanted);
    site.stop();
}

#[test]
fn citizens_are_never_told_of_what_is_not_over_nor_of_days_and_weeks() {
    let shelf = Shelf::new();
    shelf.publish(&october(), 1, &[Audience::Public], None);
    for mut site in [shelf.site(), Site::start(picture())] {
        site.answers(october().engine, NOW);
        for (path, language, text) in [
            ("/publik/2026-11", "sv", "Sidan finns inte"),
            ("/publik/2026-11/csv", "en", "There is no such page"),
            ("/publik/2026", "sv", "Sidan finns inte"),
            ("/publik/2026-T3", "sv", "Sidan finns inte"),
            ("/publik/2026-10-05", "sv", "Sidan finns inte"),
            ("/publik/2026-W41/json", "sv", "Sidan finns inte"),
            ("/publik/2027-01", "en", "There is no such page"),
            ("/publik/2024-01", "en", "There is no such page"),
            ("/publik/i-gar", "sv", "Sidan finns inte"),
            ("/publik/", "sv", "Sidan finns inte"),
            ("/publik/2026-10/csv/mer", "sv", "Sidan finns inte"),
            ("/publik/2026-10?lang=de", "sv", "Sidan finns inte"),
        ] {
            let page = get(site.address, path, &[("Accept-Language", language)]).unwrap();
            assert_eq!(page.status, 404, "{path}");
            assert!(page.text().contains(text), "{path}: {}", page.text());
        }
        let list = links(site.get("/publik").text());
        let is_told = |link: &String| link.contains("2026-11") || link.contains("W41");
        assert!(!list.iter().any(is_told), "{list:?}");
        site.stop();
    }
}

#[test]
fn ways_from_citizens_pages_lead_to_citizens_pages_alone() {
    let shelf = Shelf::new();
    shelf.publish(&october(), 1, &[Audience::Public], None);
    for mut site in [shelf.site(), Site::start(picture())] {
        site.answers(october().engine, NOW);
        for path in ["/publik", "/publik/2026-10", "/publik?lang=en", "/publik/2026-13"] {
            let page = site.get(path);
            for link in links(page.text()) {
                let own = link.split(['?', '#']).next().unwrap();
                let is_citizens = own.is_empty()
                    || own == "/publik"
                    || own.starts_with("/publik/")
                    || ["/om-matten", "/tillganglighet", "/style.css", "/icon.svg"].contains(&own);
                assert!(is_citizens, "{path}: {link}");
                if !own.is_empty() && !path.contains("13") {
                    assert_eq!(site.get(&link).status, 200, "{path}: {link}");
                }
            }
        }
        site.stop();
    }
}

#[test]
fn a_report_for_citizens_is_made_once_and_those_who_wait_are_bounded() {
    let mut site = Site::start(picture());
    let address: SocketAddr = site.address;
    let ask = move |path: &'static str| {
        std::thread::spawn(move || get(address, path, &[]).map(|page| page.status).unwrap_or(0))
    };
    let first = ask("/publik/2026-10");
    let question = site.questions.blocking_recv().unwrap();
    question.answer(&october().engine, NOW);
    assert_eq!(first.join().unwrap(), 200);
    assert_eq!(site.get("/publik/2026-10/csv").status, 200, "no second question is asked");
    assert!(site.questions.try_recv().is_err());

    // The next report is asked for and not made; more than so many do not wait for it.
    let floods: Vec<_> = (0..60).map(|_| ask("/publik/2026-10?department=social")).collect();
    let busy = || floods.iter().filter(|flood| flood.is_finished()).count();
    wait_until("those beyond the bound to be turned away", LIMIT, || busy() >= 60 - 33);
    site.stop();
    let answers: BTreeSet<u16> = floods.into_iter().map(|flood| flood.join().unwrap()).collect();
    assert!(answers.contains(&503) && !answers.contains(&200), "{answers:?}");
}
