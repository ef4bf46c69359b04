//! "Målen": every goal with its level, who decided it, what has come of it, and how it has gone month
//! by month since it began; and which half-hours of the week are hard. Of the municipality or of one
//! department. The page stands still: what it tells of moves by the day.

mod survey;
mod week;

use askama::Template;

use super::chart::{Line, Point};
use super::figure::{dot, stroke};
use super::form;
use super::frame::Frame;
use super::view::{View, has_place, time_of_day};
use crate::domain::calendar::{Day, Month, Zone};
use crate::domain::goal::{Direction, GoalId, Verdict};
use crate::domain::level::Decision;
use crate::domain::question::DeadlineRule;
use crate::domain::units::{Millis, Share};
use crate::report::{Cell, HalfHour, Outcome, Precision, Trend, Trends, WeekHours};

/// The page's path; a department's slug may follow.
pub(super) const PATH: &str = "/mal";

/// The page.
#[derive(Template)]
#[template(path = "goals.html")]
pub(super) struct Page {
    frame: Frame,
    heading: String,
    /// The way back from a department: to its day.
    day: Option<String>,
    /// Whose goals there are beside these: address, name, and whether they are these.
    places: Vec<(String, String, bool)>,
    loading: bool,
    /// `None` when the engine did not answer.
    facts: Option<Facts>,
}

/// What is told when everything is known.
struct Facts {
    known_until: String,
    heads: [String; 3],
    rows: Vec<Row>,
    sheets: Vec<Sheet>,
    week: Option<String>,
    figures: Vec<String>,
}

/// A goal in the table of all.
struct Row {
    anchor: String,
    title: String,
    level: String,
    cells: Vec<Value>,
    /// Instead of cells: the latest of what is not counted by months.
    latest: Option<(String, Value)>,
}

/// One outcome: the figure, over how many, and the verdict in word and symbol.
struct Value {
    shown: Option<String>,
    of: String,
    word: String,
    symbol: &'static str,
    class: &'static str,
}

/// A goal of its own.
struct Sheet {
    anchor: String,
    title: String,
    promise: String,
    decided: Option<String>,
    told: Option<String>,
    svg: Option<String>,
    key: Vec<(String, &'static str)>,
    /// Said where there is nothing to draw.
    nothing: &'static str,
    heads: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
    decision_heads: [&'static str; 4],
    decisions: Vec<[String; 4]>,
}

impl Page {
    /// The page of a department by its slug, or of all. Without `told` it says that there are no
    /// figures yet.
    pub(super) fn of(
        view: &View<'_>,
        slug: Option<&str>,
        told: Option<(&Trends, &WeekHours)>,
    ) -> Option<Page> {
        let place = match slug {
            None => None,
            Some(slug) => Some(view.department(slug)?),
        };
        // What nothing is known of has no goals: the department for everything unknown.
        let is_told = |(trends, hours): (&Trends, &WeekHours)| {
            trends.of(slug).is_some() || !hours.of(slug).is_empty()
        };
        if place.is_some_and(|place| !has_place(place)) && told.is_some_and(|told| !is_told(told)) {
            return None;
        }
        let title = view.say("Målen", "The goals");
        let (path, heading) = match place {
            None => (PATH.to_owned(), title.to_owned()),
            Some(place) => (format!("{PATH}/{}", place.slug), format!("{title}: {}", place.name)),
        };
        let whole = (
            view.locale.href(PATH),
            view.say("Hela kommunen", "The whole municipality").to_owned(),
            slug.is_none(),
        );
        let departments = view.departments().into_iter().map(|of| {
            let href = view.locale.href(&format!("{PATH}/{}", of.slug));
            (href, of.name.clone(), slug == Some(of.slug.as_str()))
        });
        let has_switchboard = place.is_none_or(|place| place.has_switchboard());
        Some(Page {
            frame: Frame::still(view.locale, heading.clone(), &path),
            heading,
            day: slug.map(|slug| view.locale.href(&format!("{}/{slug}", super::department::PATH))),
            places: std::iter::once(whole).chain(departments).collect(),
            loading: view.is_loading(),
            facts: told.map(|(trends, hours)| {
                let nothing = Trend::default();
                let trend = trends.of(slug).unwrap_or(&nothing);
                let is_told = |goal: &GoalId| {
                    *goal != GoalId::Sm1 || has_switchboard || trend.has(GoalId::Sm1)
                };
                Teller { view, trends, trend }.facts(hours.of(slug), hours, is_told)
            }),
        })
    }
}

/// What puts figures into words.
#[derive(Clone, Copy)]
struct Teller<'a> {
    view: &'a View<'a>,
    trends: &'a Trends,
    trend: &'a Trend,
}

impl Teller<'_> {
    fn facts(
        self,
        week: &[HalfHour],
        hours: &WeekHours,
        is_told: impl Fn(&GoalId) -> bool,
    ) -> Facts {
        let zone = Zone::stockholm();
        let known_until = self.trends.known_until;
        let now = self.trends.this_month();
        let last = match self.trends.months.len() {
            ..=1 => self.say("Förra månaden", "Last month").to_owned(),
            _ => capital(&self.month(now.previous())),
        };
        let so_far = self.say("hittills", "so far");
        let goals: Vec<GoalId> = GoalId::ALL.into_iter().filter(is_told).collect();
        Facts {
            known_until: format!("{} {}", zone.day_of(known_until), &time_of_day(known_until)[..5]),
            heads: [
                last,
                format!("{} {so_far}", capital(&self.month(now))),
                format!("{} {so_far}", now.year),
            ],
            rows: goals.iter().map(|goal| self.row(*goal)).collect(),
            sheets: goals.iter().map(|goal| self.sheet(*goal)).collect(),
            week: (!week.is_empty()).then(|| {
                format!(
                    "{} {} {} {}",
                    self.say("Från", "From"),
                    hours.from,
                    self.say("till", "to"),
                    hours.until
                )
            }),
            figures: match week.is_empty() {
                true => Vec::new(),
                false => [self.waits(week), self.lost(week)].iter().map(super::render).collect(),
            },
        }
    }

    fn say<'b>(&self, swedish: &'b str, english: &'b str) -> &'b str {
        self.view.say(swedish, english)
    }

    fn month(&self, month: Month) -> String {
        form::month(month, self.view.locale.language)
    }

    fn count(&self, n: i64) -> String {
        self.view.count(n)
    }

    fn title(&self, goal: GoalId) -> String {
        let title = match goal {
            GoalId::Sm1 => self.say("Mål 1: växeln svarar", "Goal 1: the switchboard answers"),
            GoalId::Sm2 => self.say("Mål 2: kundtjänst svarar", "Goal 2: customer service answers"),
            GoalId::Sm3 => self.say("Mål 3: förlorade samtal", "Goal 3: calls lost"),
            GoalId::Sm4 => self.say("Mål 4: svar på frågor", "Goal 4: replies to questions"),
            GoalId::Fcr => self.say("Löst vid första kontakten", "Settled at the first contact"),
            GoalId::Satisfaction => self.say("Nöjda medborgare", "Satisfied citizens"),
            GoalId::Staffed => self.say("Bemannat nummer", "A staffed number"),
        };
        title.to_owned()
    }

    /// What the goal is of, after its level in percent.
    fn promise(&self, goal: GoalId) -> String {
        let limit = |limit: Millis| self.view.limit(limit);
        match goal {
            GoalId::Sm1 => format!(
                "{} {}.",
                self.say(
                    "av samtalen till växeln ska besvaras av en människa inom",
                    "of calls to the switchboard are to be answered by a person within"
                ),
                match self.trends.switchboard_limit {
                    Millis(15_000) => self
                        .say("tre signaler (15 sekunder)", "three rings (15 seconds)")
                        .to_owned(),
                    other => limit(other),
                }
            ),
            GoalId::Sm2 => format!(
                "{} {}.",
                self.say(
                    "av samtalen till kundtjänst ska besvaras inom",
                    "of calls to customer service are to be answered within"
                ),
                limit(self.trends.queue_limit)
            ),
            GoalId::Sm3 => self
                .say(
                    "av samtalen i kön får gå förlorade, alltså att uppringaren ger upp.",
                    "of queued calls may be lost, that is, given up by the caller.",
                )
                .to_owned(),
            GoalId::Sm4 => {
                let text = self.say(
                    "av frågorna via e-post och e-tjänster ska få svar av en människa inom två \
                     arbetsdagar",
                    "of questions by e-mail and e-service are to be replied to by a person within \
                     two working days",
                );
                let rule = match self.trends.deadline {
                    DeadlineRule::Strict => "",
                    DeadlineRule::Roll | DeadlineRule::RollCutoff => self.say(
                        ", räknat från nästa arbetsdag för det som kommer in på en ledig dag",
                        ", from the next working day for what comes in on a day off",
                    ),
                };
                format!("{text}{rule}.")
            }
            GoalId::Fcr => self
                .say(
                    "av frågorna ska lösas direkt i kundtjänst, utan att skickas vidare.",
                    "of questions are to be settled at the desk, without being passed on.",
                )
                .to_owned(),
            GoalId::Satisfaction => self
                .say(
                    "av dem som svarar på undersökningen ska vara nöjda eller mycket nöjda.",
                    "of those who answer the survey are to be satisfied or very satisfied.",
                )
                .to_owned(),
            GoalId::Staffed => match self.trend.slug.is_empty() {
                true => self.say(
                    "av tiden ska varje förvaltnings nummer vara bemannat. Här är alla nummer \
                     tillsammans.",
                    "of the time each department's number is to be staffed. Here all numbers are \
                     taken together.",
                ),
                false => self.say(
                    "av tiden ska numret vara bemannat.",
                    "of the time the number is to be staffed.",
                ),
            }
            .to_owned(),
        }
    }

    fn level_words(&self, direction: Direction, percent: u8) -> String {
        match direction {
            Direction::AtLeast if percent == 100 => "100\u{a0}%".to_owned(),
            Direction::AtLeast => format!("{} {percent}\u{a0}%", self.say("minst", "at least")),
            Direction::AtMost => format!("{} {percent}\u{a0}%", self.say("högst", "at most")),
        }
    }

    fn today(&self) -> Day {
        Zone::stockholm().day_of(self.view.snapshot.now)
    }

    /// The level of today, or from when there is one.
    fn level(&self, goal: GoalId) -> String {
        let levels = &self.trends.levels;
        match (levels.on(goal, self.today()), levels.of(goal).next()) {
            (Some(level), _) => self.level_words(level.direction, level.percent),
            (None, Some(first)) => {
                format!("{} {}", self.say("gäller från", "applies from"), first.valid_from)
            }
            (None, None) => self.say("ingen nivå satt", "no level set").to_owned(),
        }
    }

    fn percent(&self, outcome: &Outcome) -> Option<String> {
        let cell = Cell::Share(outcome.share, outcome.level, Precision::Tenths);
        (outcome.share.of > 0).then(|| cell.shown(self.view.locale.language))
    }

    /// Over how many: of a number's time in hours.
    fn of(&self, goal: GoalId, share: Share) -> String {
        match goal {
            GoalId::Staffed => {
                let hours = (share.of + 1_800_000).div_euclid(3_600_000);
                format!("{} {}", self.count(hours), self.say("timmar", "hours"))
            }
            GoalId::Sm1
            | GoalId::Sm2
            | GoalId::Sm3
            | GoalId::Sm4
            | GoalId::Fcr
            | GoalId::Satisfaction => self.count(share.of),
        }
    }

    fn verdict(
        &self,
        goal: GoalId,
        outcome: &Outcome,
    ) -> (&'static str, &'static str, &'static str) {
        let pick = |swedish, english| self.view.locale.say(swedish, english);
        match outcome.verdict {
            Some(Verdict::Met) => (pick("uppfyllt", "met"), "✓", "met"),
            Some(Verdict::Missed) => (pick("ej uppfyllt", "missed"), "✗", "missed"),
            None if outcome.share.of > 0 => (pick("ingen nivå satt", "no level set"), "–", "none"),
            Some(Verdict::NoCalls) | None => {
                let word = match goal {
                    GoalId::Sm1 | GoalId::Sm2 | GoalId::Sm3 => pick("inga samtal", "no calls"),
                    GoalId::Sm4 | GoalId::Fcr => pick("inga frågor", "no questions"),
                    GoalId::Satisfaction | GoalId::Staffed => pick("inga uppgifter", "no figures"),
                };
                (word, "–", "none")
            }
        }
    }

    fn value(&self, goal: GoalId, outcome: Option<Outcome>, of: Option<String>) -> Value {
        let nothing =
            Outcome { share: Share::default(), level: None, carried_over: false, verdict: None };
        let outcome = outcome.unwrap_or(nothing);
        let (word, symbol, class) = self.verdict(goal, &outcome);
        let of = of.unwrap_or_else(|| self.of(goal, outcome.share));
        Value {
            shown: self.percent(&outcome),
            of: format!("{} {of}", self.say("av", "of")),
            word: word.to_owned(),
            symbol,
            class,
        }
    }

    fn row(&self, goal: GoalId) -> Row {
        let (trends, trend) = (self.trends, self.trend);
        let latest = (goal == GoalId::Satisfaction).then(|| match trend.latest_survey() {
            None => (String::new(), self.value(goal, None, None)),
            Some(result) => {
                let answers =
                    format!("{} {}", self.count(result.responses), self.say("svarande", "answers"));
                let value = self.value(goal, Some(trends.satisfaction(result)), Some(answers));
                (self.period(result.period), value)
            }
        });
        let outcomes = [
            trends.last_closed(trend, goal),
            Some(trends.month_to_date(trend, goal)),
            Some(trends.year_to_date(trend, goal)),
        ];
        Row {
            anchor: anchor(goal),
            title: self.title(goal),
            level: self.level(goal),
            cells: match latest {
                Some(_) => Vec::new(),
                None => outcomes.into_iter().map(|one| self.value(goal, one, None)).collect(),
            },
            latest,
        }
    }

    /// Since when today's level holds, who decided it and when, and whether it is carried over.
    fn decided(&self, goal: GoalId) -> Option<String> {
        let level = self.trends.levels.on(goal, self.today())?;
        let Decision { valid_from, decided_by, decided_on, .. } = level.decided;
        let since = self.say("Gäller sedan", "Holds since");
        let by = self.say("beslutad av", "decided by");
        // A year and a month are not parted at the end of a line.
        let on = decided_on.replace('-', "\u{2011}");
        let from = valid_from.to_string().replace('-', "\u{2011}");
        let mut said = format!("{since} {from}, {by} {decided_by} {on}.");
        if level.carried_over {
            let year = self.today().date().0;
            said.push_str(&format!(
                " {} {year}.",
                self.say(
                    "Gäller tills vidare: inget beslut för",
                    "Carried over: nothing decided for"
                )
            ));
        }
        Some(said)
    }

    fn sheet(&self, goal: GoalId) -> Sheet {
        let survey = goal == GoalId::Satisfaction;
        let (points, rows) = match survey {
            true => (self.survey_points(), self.survey_rows()),
            false => (self.month_points(goal), self.month_rows(goal)),
        };
        let has_values = points.iter().any(|point| point.value.is_some());
        let title = self.title(goal);
        let told = has_values.then(|| match survey {
            true => self.told(goal, &self.latest_points()),
            false => self.told(goal, &points),
        });
        let id = format!("{}-chart", anchor(goal));
        let svg = told.as_ref().map(|told| {
            Line {
                id: &id,
                title: &title,
                told,
                points: &points,
                level_word: self.say("mål", "goal"),
                break_word: self.say("ny fråga", "new question"),
                is_at_most: goal.direction() == Direction::AtMost,
            }
            .svg()
        });
        let pick = |swedish, english| self.view.locale.say(swedish, english);
        let mut key = vec![
            (dot(true), pick("målet uppfyllt", "goal met")),
            (dot(false), pick("ej uppfyllt", "missed")),
            (stroke("limit"), pick("målets nivå", "the goal's level")),
        ];
        if points.len() > 1 && points.last().is_some_and(|point| point.is_open) {
            key.push((stroke("line so-far"), pick("månaden pågår", "month not over")));
        }
        let first = match survey {
            true => pick("Undersökning", "Survey"),
            false => pick("Månad", "Month"),
        };
        let of = match goal {
            GoalId::Sm1 | GoalId::Sm2 | GoalId::Sm3 => pick("Av samtal", "Of calls"),
            GoalId::Sm4 | GoalId::Fcr => pick("Av frågor", "Of questions"),
            GoalId::Satisfaction => pick("Svarande", "Answers"),
            GoalId::Staffed => pick("Av tid", "Of time"),
        };
        Sheet {
            anchor: anchor(goal),
            promise: format!("{} {}", capital(&self.level(goal)), self.promise(goal)),
            decided: self.decided(goal),
            told,
            svg,
            key,
            nothing: match survey {
                true => {
                    pick("Ingen undersökning är inlagd ännu.", "No survey has been entered yet.")
                }
                false => pick("Det finns inga uppgifter ännu.", "There are no figures yet."),
            },
            heads: vec![
                first,
                pick("Utfall", "Outcome"),
                of,
                pick("Nivå", "Level"),
                pick("Bedömning", "Verdict"),
            ],
            rows,
            decision_heads: [
                pick("Nivå", "Level"),
                pick("Gäller från", "Holds from"),
                pick("Beslutad av", "Decided by"),
                pick("Beslutad", "Decided"),
            ],
            decisions: self
                .trends
                .levels
                .of(goal)
                .map(|decision| {
                    [
                        self.level_words(goal.direction(), decision.percent),
                        decision.valid_from.to_string(),
                        decision.decided_by.clone(),
                        decision.decided_on.clone(),
                    ]
                })
                .collect(),
            title,
        }
    }

    /// The outcomes of the months from the first with something counted.
    fn months(&self, goal: GoalId) -> impl Iterator<Item = (Month, Outcome)> {
        let trends = self.trends;
        let trend = self.trend;
        let all = trends.months.iter().enumerate();
        all.map(move |(at, month)| (*month, trends.month(trend, goal, at)))
            .skip_while(|(_, outcome)| outcome.share.of <= 0)
    }

    fn point(&self, outcome: &Outcome) -> Point {
        Point {
            value: outcome.share.ratio().map(|ratio| ratio * 100.0),
            shown: self.percent(outcome).unwrap_or_default(),
            is_met: match outcome.verdict {
                Some(Verdict::Met) => Some(true),
                Some(Verdict::Missed) => Some(false),
                Some(Verdict::NoCalls) | None => None,
            },
            level: outcome.level.map(|(_, percent)| percent),
            ..Point::default()
        }
    }

    fn month_points(&self, goal: GoalId) -> Vec<Point> {
        let language = self.view.locale.language;
        self.months(goal)
            .map(|(month, outcome)| Point {
                name: form::month_name(month.month, language).chars().take(3).collect(),
                year: month.year.to_string(),
                long_name: self.month(month),
                is_open: month == self.trends.this_month(),
                ..self.point(&outcome)
            })
            .collect()
    }

    fn month_rows(&self, goal: GoalId) -> Vec<(String, Vec<String>)> {
        let mut rows: Vec<(String, Vec<String>)> = self
            .months(goal)
            .map(|(month, outcome)| {
                let name = match month == self.trends.this_month() {
                    true => format!("{} {}", self.month(month), self.say("hittills", "so far")),
                    false => self.month(month),
                };
                (name, self.cells(goal, &outcome, None))
            })
            .collect();
        rows.reverse();
        rows
    }

    fn cells(&self, goal: GoalId, outcome: &Outcome, of: Option<String>) -> Vec<String> {
        let (word, symbol, _) = self.verdict(goal, outcome);
        let level = outcome.level;
        vec![
            self.percent(outcome).unwrap_or_else(|| "–".to_owned()),
            of.unwrap_or_else(|| self.of(goal, outcome.share)),
            level.map_or_else(|| "–".to_owned(), |(side, level)| self.level_words(side, level)),
            format!("{symbol} {word}"),
        ]
    }

    /// What the line shows, in words.
    fn told(&self, goal: GoalId, points: &[Point]) -> String {
        let known: Vec<&Point> = points.iter().filter(|point| point.value.is_some()).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return String::new();
        };
        let name = |point: &Point| match point.is_open {
            true => format!("{} {}", point.long_name, self.say("hittills", "so far")),
            false => point.long_name.clone(),
        };
        let within = self.say("i", "in");
        if known.len() == 1 {
            let more = match goal {
                GoalId::Satisfaction => "",
                GoalId::Sm1
                | GoalId::Sm2
                | GoalId::Sm3
                | GoalId::Sm4
                | GoalId::Fcr
                | GoalId::Staffed => self.say(
                    " Linjen börjar när det finns en månad till.",
                    " The line begins when there is another month.",
                ),
            };
            return format!("{} {within} {}.{more}", last.shown, name(last));
        }
        let mut told = format!(
            "{} {within} {}, {} {within} {}.",
            first.shown,
            name(first),
            last.shown,
            name(last)
        );
        let judged: Vec<bool> =
            known.iter().filter(|point| !point.is_open).filter_map(|point| point.is_met).collect();
        if !judged.is_empty() {
            let met = judged.iter().filter(|is_met| **is_met).count();
            let (of, all) = (self.say("av", "of"), judged.len());
            told.push_str(&match goal {
                GoalId::Satisfaction => format!(
                    " {} {met} {of} {all} {}.",
                    self.say("Målet nåddes i", "The goal was met in"),
                    self.say("undersökningar", "surveys")
                ),
                GoalId::Sm1
                | GoalId::Sm2
                | GoalId::Sm3
                | GoalId::Sm4
                | GoalId::Fcr
                | GoalId::Staffed => format!(
                    " {} {met} {of} {all} {}.",
                    self.say("Målet nåddes i", "The goal was met in"),
                    self.say("hela månader", "whole months")
                ),
            });
        }
        told
    }
}

fn anchor(goal: GoalId) -> String {
    format!("goal-{}", goal.id().to_lowercase())
}

/// The same with a capital first letter.
fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}
