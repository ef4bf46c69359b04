//! `/publik`: what citizens see. Closed periods alone, by the rules of withholding, and never a figure
//! of the moment.
//!
//! Where a period is published for citizens its latest edition is shown, byte for byte; elsewhere a
//! report is made, and says that it is preliminary. Whoever asks here may be anybody, so that work is
//! bounded: a report that was made is kept for a while, they are made one at a time, and all together
//! take a fifth of the engine's time at most.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use tokio::sync::{Semaphore, mpsc};

use super::api::question::report;
use super::archive::{document, file, format, is_whole, periods};
use super::clock::Stopwatch;
use super::fresh::Keeper;
use super::http::Shared;
use super::pages::{self, Standing, Told, View};
use super::published::{Edition, File, Sheet};
use super::question::{self, Question};
use super::visit::{Refusal, Visit};
use crate::cli::ReportFormat;
use crate::domain::ids::UNKNOWN_DEPARTMENT;
use crate::domain::schedule::Kind;
use crate::report::{Audience, Language, Period, Report};

/// How long a report that was made, and the list of periods, are given again.
const KEPT: Duration = Duration::from_secs(300);
/// Reports that are kept; at the bound the oldest goes.
const REPORTS_MAX: usize = 64;
/// Readers who wait for a report at once, and for how long.
const WAITING_MAX: usize = 32;
const PATIENCE: Duration = Duration::from_secs(5);
/// After a report nobody's is made for so many times as long as it took.
const REST: u32 = 4;

/// Of which period, whose, and in which language.
type Order = (Period, Option<String>, Language);
/// The same, the language by its code; and what was made of it, and when.
type Made = BTreeMap<(Period, Option<String>, &'static str), (Stopwatch, Arc<Report>)>;

/// Where reports for citizens are made.
#[derive(Debug)]
pub(super) struct Desk {
    made: Mutex<Made>,
    closed: Mutex<Option<(Stopwatch, Arc<BTreeSet<Period>>)>>,
    turn: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Desk {
    fn default() -> Desk {
        Desk {
            made: Mutex::default(),
            closed: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }
}

/// Where a report comes from.
enum Source {
    /// An edition, with the files of this report.
    Edition(Edition, Vec<Sheet>),
    /// It was made.
    Made(Arc<Report>),
}

/// The start.
pub(super) async fn start(State(shared): State<Shared>, visit: Visit) -> Response {
    if let Err(why) = visit.in_a_language() {
        return visit.refuse(why);
    }
    let Ok(editions) = shared.published.editions().await else {
        return visit.refuse(Refusal::Failed);
    };
    let now = shared.web.pictures.borrow().now().now;
    let published = editions.iter().filter(|edition| is_public(edition));
    let mut closed: BTreeSet<Period> = published.map(|edition| edition.period).collect();
    let with_figures = shared.desk.closed(&shared).await;
    closed.extend(with_figures.iter().flat_map(|periods| periods.iter()));
    closed.retain(|period| period.is_closed(now));
    let last = |kind| {
        let of_kind = closed.iter().filter(move |period| Kind::of(**period) == Some(kind));
        of_kind.max_by_key(|period| period.span()).copied()
    };
    let (mut told, mut is_known) = (Vec::new(), with_figures.is_ok());
    for period in [Kind::Month, Kind::Year].into_iter().filter_map(last) {
        let found = async {
            let source = source(&shared, &visit, period, None).await?;
            tell(&shared, &visit, period, None, source, ReportFormat::Json).await
        };
        match found.await {
            Ok(one) => told.push(one),
            Err(_) => is_known = false,
        }
    }
    let closed: Vec<Period> = closed.into_iter().collect();
    visit.give(pages::public(visit.locale, &told, &closed, is_known))
}

/// One period's report.
pub(super) async fn period(
    State(shared): State<Shared>,
    period: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    let found = async {
        let Path(text) = period.map_err(|_| Refusal::Nowhere)?;
        let period: Period = text.parse().map_err(|_| Refusal::Nowhere)?;
        if let Some(name) = visit.value("format") {
            return given(&shared, &visit, period, format(name)?).await;
        }
        let department = visit.value("department");
        let source = source(&shared, &visit, period, department).await?;
        let told = tell(&shared, &visit, period, department, source, ReportFormat::Html).await?;
        let snapshot = shared.web.pictures.borrow().now();
        let view = View { snapshot: &snapshot, ready: true, locale: visit.locale };
        Ok(visit.give(pages::public_period(&view, &told)))
    };
    found.await.unwrap_or_else(|why| visit.refuse(why))
}

/// One period's report in one of its formats.
pub(super) async fn data(
    State(shared): State<Shared>,
    names: Result<Path<(String, String)>, PathRejection>,
    visit: Visit,
) -> Response {
    let found = async {
        let Path((text, name)) = names.map_err(|_| Refusal::Nowhere)?;
        let period: Period = text.parse().map_err(|_| Refusal::Nowhere)?;
        given(&shared, &visit, period, format(&name)?).await
    };
    found.await.unwrap_or_else(|why| visit.refuse(why))
}

async fn given(
    shared: &Shared,
    visit: &Visit,
    period: Period,
    format: ReportFormat,
) -> Result<Response, Refusal> {
    match source(shared, visit, period, visit.value("department")).await? {
        Source::Made(report) => document(visit, report, format, Keeper::Anybody).await,
        Source::Edition(edition, sheets) => {
            let sheet = sheets.iter().find(|sheet| sheet.format == format);
            let sheet = sheet.ok_or(Refusal::Nowhere)?;
            let bytes = read(shared, &edition, sheet).await?;
            Ok(file(visit, bytes, &sheet.name, format, Keeper::Anybody))
        }
    }
}

/// Where a closed period's report comes from: the latest edition for citizens, in the reader's
/// language before another, or the engine. Days and weeks are not told: beside the months they would
/// tell what is withheld there.
async fn source(
    shared: &Shared,
    visit: &Visit,
    period: Period,
    department: Option<&str>,
) -> Result<Source, Refusal> {
    visit.in_a_language()?;
    let snapshot = shared.web.pictures.borrow().now();
    if Kind::of(period).is_none() || !period.is_closed(snapshot.now) {
        return Err(Refusal::Nowhere);
    }
    let editions = shared.published.editions().await.map_err(|_| Refusal::Failed)?;
    let of_period = editions.iter().filter(|one| one.period == period && is_public(one));
    if let Some(edition) = of_period.max_by_key(|one| one.number) {
        let own = edition.sheets.iter().filter(|sheet| {
            sheet.audience == Audience::Public && sheet.department.as_deref() == department
        });
        let own: Vec<Sheet> = own.cloned().collect();
        let in_language = |language| -> Vec<Sheet> {
            own.iter().filter(|sheet| sheet.language == language).cloned().collect()
        };
        let locale = visit.locale;
        let sheets = [locale.language, locale.other().language].map(in_language);
        let sheets = sheets.into_iter().find(|sheets| !sheets.is_empty());
        return Ok(Source::Edition(edition.clone(), sheets.ok_or(Refusal::Nowhere)?));
    }
    is_whole(shared)?;
    let is_department =
        |slug: &str| snapshot.departments.iter().any(|department| department.slug == slug);
    if department.is_some_and(|slug| !is_department(slug)) {
        return Err(Refusal::Nowhere);
    }
    let order = (period, department.map(str::to_owned), visit.locale.language);
    let made = Desk::report(&shared.desk, &shared.web.questions, order).await?;
    if department == Some(UNKNOWN_DEPARTMENT) && !made.has_outcomes() {
        return Err(Refusal::Nowhere);
    }
    Ok(Source::Made(made))
}

/// What a report says, read as far as it is `needed`: as JSON or as a page.
async fn tell(
    shared: &Shared,
    visit: &Visit,
    period: Period,
    department: Option<&str>,
    source: Source,
    needed: ReportFormat,
) -> Result<Told, Refusal> {
    let department = department.map(str::to_owned);
    let (standing, language, text, formats, departments) = match source {
        Source::Edition(edition, sheets) => {
            let text = match sheets.iter().find(|sheet| sheet.format == needed) {
                Some(sheet) => String::from_utf8(read(shared, &edition, sheet).await?).ok(),
                None => None,
            };
            let language = sheets.first().map(|sheet| sheet.language).unwrap_or_default();
            let formats = sheets.iter().map(|sheet| (sheet.format, Some(sheet.bytes))).collect();
            let public = edition.sheets.iter().filter(|sheet| sheet.audience == Audience::Public);
            let departments: BTreeSet<String> =
                public.filter_map(|sheet| sheet.department.clone()).collect();
            let standing = Standing::Edition(edition.number, edition.published);
            (standing, language, text, formats, departments.into_iter().collect())
        }
        Source::Made(report) => {
            let draw = move || match needed {
                ReportFormat::Html => report.to_html(),
                ReportFormat::Json | ReportFormat::Csv | ReportFormat::Xlsx => report.to_json(),
            };
            let text = tokio::task::spawn_blocking(draw).await.ok();
            let snapshot = shared.web.pictures.borrow().now();
            let view = View { snapshot: &snapshot, ready: true, locale: visit.locale };
            let departments = view.slugs();
            let formats = ReportFormat::ALL.map(|format| (format, None)).to_vec();
            (Standing::Preliminary, visit.locale.language, text, formats, departments)
        }
    };
    let is_page = needed == ReportFormat::Html;
    let document = text.as_deref().filter(|_| !is_page);
    Ok(Told {
        period,
        department,
        language,
        standing,
        document: document.and_then(|text| serde_json::from_str(text).ok()),
        page: text.filter(|_| is_page),
        formats,
        departments,
    })
}

async fn read(shared: &Shared, edition: &Edition, sheet: &Sheet) -> Result<Vec<u8>, Refusal> {
    let number = edition.number.to_string();
    let file = File::named(edition.period, &number, &sheet.name).ok_or(Refusal::Nowhere)?;
    // The index tells of it, so it should be there.
    shared.published.read(&file).await.map_err(|_| Refusal::Failed)
}

/// Whether citizens may see any of it.
fn is_public(edition: &Edition) -> bool {
    edition.sheets.iter().any(|sheet| sheet.audience == Audience::Public)
}

impl Desk {
    /// The closed periods with figures, of the kinds that are published.
    async fn closed(&self, shared: &Shared) -> Result<Arc<BTreeSet<Period>>, Refusal> {
        if let Some((since, closed)) = &*lock(&self.closed)
            && since.passed() < KEPT
        {
            return Ok(Arc::clone(closed));
        }
        let periods = periods(shared).await?;
        let closed = periods.each().filter(|(of, is_closed)| *is_closed && Kind::of(*of).is_some());
        let closed: Arc<BTreeSet<Period>> = Arc::new(closed.map(|(period, _)| period).collect());
        *lock(&self.closed) = Some((Stopwatch::start(), Arc::clone(&closed)));
        Ok(closed)
    }

    /// A report, made unless one is kept.
    async fn report(
        desk: &Arc<Desk>,
        questions: &mpsc::Sender<Question>,
        order: Order,
    ) -> Result<Arc<Report>, Refusal> {
        if let Some(kept) = desk.kept(&order) {
            return Ok(kept);
        }
        let _place = desk.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&desk.turn).acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(Refusal::Busy) };
        // Somebody else may have had it made meanwhile.
        if let Some(kept) = desk.kept(&order) {
            return Ok(kept);
        }
        let (desk, questions) = (Arc::clone(desk), questions.clone());
        // A task of its own: one who hangs up must not free the turn before its rest.
        let making = tokio::spawn(async move {
            let began = Stopwatch::start();
            let (period, department, language) = order.clone();
            let asked = question::ask(&questions, move |engine, now| {
                report(engine, period, department.as_deref(), Audience::Public, language, now)
            });
            let made = asked.await;
            let rest = REST * began.passed();
            tokio::spawn(async move {
                tokio::time::sleep(rest).await;
                drop(turn);
            });
            let made = Arc::new(made?.map_err(|_| Refusal::Nowhere)?);
            desk.keep(order, Arc::clone(&made));
            Ok(made)
        });
        making.await.unwrap_or(Err(Refusal::Failed))
    }

    fn kept(&self, (period, department, language): &Order) -> Option<Arc<Report>> {
        let key = (*period, department.clone(), language.code());
        let made = lock(&self.made);
        let (since, report) = made.get(&key)?;
        (since.passed() < KEPT).then(|| Arc::clone(report))
    }

    fn keep(&self, (period, department, language): Order, report: Arc<Report>) {
        let mut made = lock(&self.made);
        made.retain(|_, (since, _)| since.passed() < KEPT);
        while made.len() >= REPORTS_MAX {
            let oldest = made.iter().max_by_key(|(_, (since, _))| since.passed());
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { break };
            drop(made.remove(&key));
        }
        made.insert((period, department, language.code()), (Stopwatch::start(), report));
    }
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
