//! The archive: what is published, with every format, and what can be made on demand.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::form;
use super::frame::Frame;
use super::locale::Locale;
use super::period;
use super::view::View;
use crate::cli::ReportFormat;
use crate::report::{Audience, Language, Period, Periods};
use crate::shell::published::{Edition, Sheet};

/// The page's path.
pub(super) const PATH: &str = "/rapporter";
/// Links of a group that are seen at once; the others are one click away.
const SEEN: usize = 8;
/// Days that are listed.
const DAYS: i32 = 7;

/// A file that can be fetched.
pub(super) struct Link {
    pub(super) href: String,
    pub(super) label: &'static str,
    /// How long it is, in words.
    pub(super) size: String,
    /// What it is of, for those who do not see where the link stands.
    pub(super) of: String,
    pub(super) code: &'static str,
}

/// What a format is called.
pub(super) fn label(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Html => "HTML",
        ReportFormat::Csv => "CSV",
        ReportFormat::Xlsx => "Excel",
        ReportFormat::Json => "JSON",
    }
}

/// The page.
#[derive(Template)]
#[template(path = "archive.html")]
pub(super) struct Page {
    frame: Frame,
    kinds: Vec<(&'static str, Vec<Row>)>,
    /// Why nothing is published.
    nothing: String,
    making: Vec<Making>,
    /// Why nothing can be made.
    unmade: String,
}

/// A published period.
struct Row {
    href: String,
    name: String,
    edition: String,
    corrects: String,
    formats: Vec<Link>,
}

/// Periods of a group that can be made on demand.
struct Making {
    title: &'static str,
    seen: Vec<Made>,
    more: Vec<Made>,
    more_words: String,
}

struct Made {
    href: String,
    name: String,
    is_open: bool,
}

impl Page {
    /// `periods` is `None` while they cannot be told.
    pub(super) fn of(
        view: &View<'_>,
        is_kept: bool,
        editions: &[Edition],
        periods: Option<&Periods>,
    ) -> Page {
        let locale = view.locale;
        let mut latest: BTreeMap<Period, &Edition> = BTreeMap::new();
        for edition in editions {
            let known = latest.entry(edition.period).or_insert(edition);
            if edition.number > known.number {
                *known = edition;
            }
        }
        let published: BTreeSet<Period> = latest.keys().copied().collect();
        let kinds = period::sorted(latest).into_iter().map(|(group, periods)| {
            let rows = periods.into_iter().map(|(_, edition)| Row::of(locale, edition));
            (group.title(locale.language), rows.collect())
        });
        let nothing = match is_kept {
            true => locale.say(
                "Ingen utgåva är publicerad ännu. En period publiceras av sig själv några arbetsdagar \
                 efter att den är slut.",
                "No edition is published yet. A period is published by itself some working days after \
                 it is over.",
            ),
            false => locale.say(
                "Den här tjänsten sparar inga utgåvor. Ange en mapp som publish.directory i dess \
                 inställningar, så publiceras varje avslutad period där.",
                "This service keeps no editions. Name a folder as publish.directory in its settings, \
                 and each period that is over is published there.",
            ),
        };
        Page {
            frame: Frame::still(locale, locale.say("Rapporter", "Reports"), PATH),
            kinds: kinds.collect(),
            nothing: nothing.to_owned(),
            making: periods.map(|periods| making(view, periods, &published)).unwrap_or_default(),
            unmade: match periods {
                Some(_) => locale.say(
                    "Det finns inga siffror ännu: de kommer med den första händelsen från \
                     telefonsystemet.",
                    "There are no figures yet: they come with the first event of the telephone system.",
                ),
                None => locale.say(
                    "Perioderna kan inte visas just nu: historiken läses in. Ladda om sidan om en stund.",
                    "The periods cannot be shown now: the history is being read. Reload the page in a \
                     while.",
                ),
            }
            .to_owned(),
        }
    }
}

/// Periods with figures that are not published, and the latest days.
fn making(view: &View<'_>, periods: &Periods, published: &BTreeSet<Period>) -> Vec<Making> {
    let locale = view.locale;
    let days = periods.days().into_iter().flat_map(|(first, last)| {
        let latest = (0..DAYS).map(move |back| Period::Day(last.plus(-back)));
        latest.take_while(move |day| day.span().0 >= first)
    });
    let listed = periods.each().filter(|(period, _)| !published.contains(period));
    let listed = listed.chain(days.map(|day| (day, day.is_closed(view.snapshot.now))));
    let made = |(period, is_closed): (Period, bool)| Made {
        href: locale.href(&format!("{PATH}/{period}")),
        name: period::name(period, locale.language),
        is_open: !is_closed,
    };
    let groups = period::sorted(listed).into_iter().map(|(group, periods)| {
        let mut seen: Vec<Made> = periods.into_iter().map(made).collect();
        let more = seen.split_off(seen.len().min(SEEN));
        Making {
            title: group.title(locale.language),
            more_words: format!("{} {}", more.len(), locale.say("äldre", "older")),
            seen,
            more,
        }
    });
    groups.collect()
}

impl Row {
    fn of(locale: Locale, edition: &Edition) -> Row {
        let name = period::name(edition.period, locale.language);
        Row {
            href: locale.href(&format!("{PATH}/{}", edition.period)),
            edition: edition_words(locale, edition),
            corrects: corrects_words(locale, edition),
            formats: whole(locale, edition)
                .into_iter()
                .map(|sheet| link(locale, edition, sheet, &name))
                .collect(),
            name,
        }
    }
}

pub(super) fn edition_words(locale: Locale, edition: &Edition) -> String {
    let published = locale.say("publicerad", "published");
    format!(
        "{} {}, {published} {}",
        locale.say("Utgåva", "Edition"),
        edition.number,
        edition.published
    )
}

/// What an edition corrects; nothing for a first one.
pub(super) fn corrects_words(locale: Locale, edition: &Edition) -> String {
    let Some(count) = edition.corrections else { return String::new() };
    let before = edition.number.saturating_sub(1);
    match count {
        0 => format!(
            "{} {before}",
            locale.say("Inget ändrat sedan utgåva", "Nothing changed since edition")
        ),
        1 => format!(
            "{} {before}",
            locale.say("Rättar 1 siffra i utgåva", "Corrects 1 figure of edition")
        ),
        _ => format!(
            "{} {count} {} {before}",
            locale.say("Rättar", "Corrects"),
            locale.say("siffror i utgåva", "figures of edition")
        ),
    }
}

/// The files of the whole municipality for the one who looks: the municipality's own before those for
/// citizens, and his language before another.
fn whole(locale: Locale, edition: &Edition) -> Vec<&Sheet> {
    let of = |audience, language| -> Vec<&Sheet> {
        let sheets = edition.sheets.iter().filter(|sheet| {
            sheet.department.is_none() && sheet.audience == audience && sheet.language == language
        });
        sheets.collect()
    };
    let (own, other) = (locale.language, locale.other().language);
    [Audience::Internal, Audience::Public]
        .into_iter()
        .flat_map(|audience| [(audience, own), (audience, other)])
        .map(|(audience, language)| of(audience, language))
        .find(|sheets| !sheets.is_empty())
        .unwrap_or_default()
}

fn link(locale: Locale, edition: &Edition, sheet: &Sheet, of: &str) -> Link {
    Link {
        href: format!("/api/v1/reports/{}/{}/{}", edition.period, edition.number, sheet.name),
        label: label(sheet.format),
        size: form::size(sheet.bytes, locale.language),
        of: of.to_owned(),
        code: sheet.language.code(),
    }
}

/// One period: its editions with all their files, and how to have its reports made.
#[derive(Template)]
#[template(path = "period.html")]
pub(super) struct PeriodPage {
    frame: Frame,
    days: String,
    is_open: bool,
    /// Whether a report of it can be made for citizens.
    is_for_citizens: bool,
    editions: Vec<Shelf>,
    making: Option<Order>,
}

/// An edition with all its files.
struct Shelf {
    title: String,
    says: String,
    tables: Vec<Files>,
}

/// The files for one audience in one language: a row for the whole municipality and for each
/// department, a column for each format.
struct Files {
    id: String,
    caption: String,
    formats: Vec<&'static str>,
    rows: Vec<(String, Vec<Option<Link>>)>,
}

/// What can be asked for.
struct Order {
    action: String,
    departments: Vec<(String, String)>,
    languages: [(&'static str, &'static str, bool); 2],
    formats: Vec<(&'static str, &'static str)>,
}

impl PeriodPage {
    /// `None` for a period that is neither published nor has any figures.
    pub(super) fn of(
        view: &View<'_>,
        of: Period,
        editions: &[Edition],
        periods: Option<&Periods>,
    ) -> Option<PeriodPage> {
        let locale = view.locale;
        let days = periods.and_then(Periods::days);
        let (from, end) = of.span();
        let has_figures = days.is_some_and(|(first, last)| first < end && from <= last);
        let mut own: Vec<&Edition> = editions.iter().filter(|one| one.period == of).collect();
        own.sort_by_key(|one| std::cmp::Reverse(one.number));
        if own.is_empty() && !has_figures {
            return None;
        }
        let name = period::name(of, locale.language);
        let path = format!("{PATH}/{of}");
        Some(PeriodPage {
            days: period::days(of),
            is_open: !of.is_closed(view.snapshot.now),
            is_for_citizens: of.is_for_citizens() && of.is_closed(view.snapshot.now),
            editions: own.into_iter().map(|edition| Shelf::of(view, edition)).collect(),
            making: has_figures.then(|| Order::of(view, path.clone())),
            frame: Frame::still(locale, name, &path),
        })
    }
}

impl Shelf {
    fn of(view: &View<'_>, edition: &Edition) -> Shelf {
        let locale = view.locale;
        // The municipality's own before those for citizens, and the reader's language first.
        let mut groups: BTreeMap<(bool, bool, &str), Vec<&Sheet>> = BTreeMap::new();
        for sheet in &edition.sheets {
            let is_other = sheet.language != locale.language;
            let key = (sheet.audience == Audience::Public, is_other, sheet.language.code());
            groups.entry(key).or_default().push(sheet);
        }
        let tables = groups.into_iter().map(|((is_public, _, code), sheets)| {
            let audience = match is_public {
                false => locale.say("för kommunen", "for the municipality"),
                true => locale.say("för invånare", "for citizens"),
            };
            let language = match code {
                "sv" => locale.say("på svenska", "in Swedish"),
                _ => locale.say("på engelska", "in English"),
            };
            let id = format!("u{}-{}-{code}", edition.number, if is_public { "o" } else { "i" });
            let title = format!("{} {}", locale.say("Utgåva", "Edition"), edition.number);
            Files::of(view, edition, &sheets, id, format!("{title} {audience}, {language}"))
        });
        Shelf {
            title: format!("{} {}", locale.say("Utgåva", "Edition"), edition.number),
            says: [
                format!("{} {}", locale.say("Publicerad", "Published"), edition.published),
                corrects_words(locale, edition),
            ]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join(". "),
            tables: tables.collect(),
        }
    }
}

impl Files {
    fn of(
        view: &View<'_>,
        edition: &Edition,
        sheets: &[&Sheet],
        id: String,
        caption: String,
    ) -> Files {
        let formats: Vec<ReportFormat> = ReportFormat::ALL
            .into_iter()
            .filter(|format| sheets.iter().any(|sheet| sheet.format == *format))
            .collect();
        let mut names: Vec<(Option<&str>, String)> = sheets
            .iter()
            .map(|sheet| sheet.department.as_deref())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|slug| (slug, department_name(view, slug)))
            .collect();
        names.sort_by_key(|(slug, name)| (slug.is_some(), form::sort_key(name)));
        let rows = names.into_iter().map(|(slug, name)| {
            let cells = formats.iter().map(|format| {
                let found = sheets
                    .iter()
                    .find(|sheet| sheet.format == *format && sheet.department.as_deref() == slug);
                found.map(|sheet| link(view.locale, edition, sheet, &name))
            });
            let cells = cells.collect();
            (form::breakable(&name), cells)
        });
        Files {
            id,
            caption,
            rows: rows.collect(),
            formats: formats.into_iter().map(label).collect(),
        }
    }
}

/// A department's name; its slug when it is gone.
pub(super) fn department_name(view: &View<'_>, slug: Option<&str>) -> String {
    match slug {
        None => view.say("Hela kommunen", "The whole municipality").to_owned(),
        Some(slug) => view
            .department(slug)
            .map_or_else(|| slug.to_owned(), |department| department.name.clone()),
    }
}

impl Order {
    fn of(view: &View<'_>, action: String) -> Order {
        let locale = view.locale;
        let departments = view.departments();
        let departments = departments.into_iter().map(|one| (one.slug.clone(), one.name.clone()));
        let is = |language| locale.language == language;
        Order {
            action,
            departments: departments.collect(),
            languages: [
                ("sv", locale.say("svenska", "Swedish"), is(Language::Swedish)),
                ("en", locale.say("engelska", "English"), is(Language::English)),
            ],
            formats: ReportFormat::ALL.map(|format| (format.name(), label(format))).to_vec(),
        }
    }
}
