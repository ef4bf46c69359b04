//! What a periodic report tells, and in which order.
//!
//! Every figure is a sum of cells over whole days, so a day's report and a year's are made alike.
//! The verdict is on the plain proportion, since the figure is a full count; the interval is
//! Wilson's and for display only.

use std::rc::Rc;

use super::document::{DEFINITION_FCR, DEFINITION_SM4};
use super::figures::{Figures, Measure, Span};
use super::number;
use super::period::Period;
use super::sums::Sums;
use super::table::{Audience, Cell, Language, Report};
use super::withhold::{SHARE_MIN, is_number_told, is_whole_withheld, withheld};
use crate::domain::calendar::{Day, Zone};
use crate::domain::goal::{Direction, Goal, Verdict};
use crate::domain::ids::Department;
use crate::domain::rules::DEFINITIONS;
use crate::domain::told::Tellings;
use crate::domain::units::{Millis, Share, Timestamp};
use crate::engine::Engine;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Of which days.
    pub period: Period,
    /// Whose; `None` for the whole municipality.
    pub department: Option<Department>,
    /// For whom.
    pub audience: Audience,
    /// In what language.
    pub language: Language,
}

/// Goals on calls, told month by month; `SM3w` is told beside goal 3.
pub(super) const JUDGED: [Measure; 3] =
    [Measure::Calls(Goal::Sm1), Measure::Calls(Goal::Sm2), Measure::Calls(Goal::Sm3)];
/// What departments are compared by.
pub(super) const COMPARED: [Measure; 5] = [
    Measure::Calls(Goal::Sm1),
    Measure::Calls(Goal::Sm2),
    Measure::Calls(Goal::Sm3),
    Measure::Questions,
    Measure::FirstContact,
];
impl Engine {
    /// The first day that has figures, and the last: counted ones, and those that people told.
    pub fn days_with_figures(&self) -> Option<(Day, Day)> {
        let mut days = self.board().cells().days().map(|(day, ..)| day);
        let counted = days.next().map(|first| (first, days.last().unwrap_or(first)));
        let told = self.told();
        let told = told.iter().map(|(slot, _)| (slot.period.from, slot.period.until));
        told.chain(counted).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

/// A report being made.
pub(super) struct Sheet<'a> {
    pub(super) engine: &'a Engine,
    pub(super) order: &'a Order,
    pub(super) sums: &'a Sums<'a>,
    pub(super) span: Rc<Span>,
    /// The last event's time: by it and not by the clock, so that a ledger gives one report.
    pub(super) known_until: Timestamp,
    /// What people told.
    pub(super) told: &'a Tellings,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(sums: &'a Sums<'a>, order: &'a Order) -> Self {
        let engine = sums.engine;
        let (from, end) = order.period.span();
        let last = Zone::stockholm().day_start(end).minus(Millis(1));
        let known_until = engine.last_event().unwrap_or(last);
        let span = sums.span((from, end), known_until);
        Sheet { engine, order, sums, span, known_until, told: &sums.told }
    }

    /// The first day of which anything was counted: days before it are no days without calls.
    pub(super) fn first_day(&self) -> Option<Day> {
        self.engine.board().cells().days().next().map(|(day, ..)| day)
    }

    pub(super) fn say(&self, swedish: &str, english: &str) -> String {
        self.order.language.pick(swedish, english).to_owned()
    }

    pub(super) fn report(&self) -> Report {
        let order = self.order;
        let (from, end) = order.period.span();
        let slug = order.department.map(|at| self.slug(at).to_owned());
        let whose = match order.department {
            None => self.say("hela kommunen", "the whole municipality"),
            Some(at) => self.engine.display_name(self.slug(at)).to_owned(),
        };
        let mut tables = vec![self.goal_table(), self.level_table()];
        if order.department.is_none() {
            tables.push(self.department_table());
            // Beside the departments, a desk's sum would tell what is withheld of a small one.
            if order.audience == Audience::Internal {
                tables.extend(self.desk_tables());
            }
        }
        let coverage = self.coverage();
        tables.extend(self.staffing_table(&coverage));
        tables.extend(self.note_table());
        tables.extend(self.satisfaction_tables());
        tables.extend(self.evaluator_table());
        // Of one department, days and dispositions are so small that citizens could work them out.
        if order.department.is_none() || order.audience == Audience::Internal {
            tables.push(self.volume_table());
            tables.push(self.course_table());
        }
        tables.extend(self.contact_tables());
        tables.extend(self.repeat_table());
        if order.audience == Audience::Internal {
            tables.extend(self.question_table());
            tables.extend(self.channel_table());
            tables.extend(self.heat_tables());
            tables.extend(self.staffing_course(&coverage));
            tables.push(self.gap_table(&coverage));
            tables.extend(self.intake_table());
            tables.push(self.quality_table());
            if order.department.is_none() {
                tables.extend(self.quality_by_department());
            }
        }
        Report {
            period: order.period.to_string(),
            from: from.to_string(),
            until: end.previous().to_string(),
            department: slug,
            audience: order.audience.name(),
            language: order.language.code(),
            rules_version: self.engine.rules().version(),
            definitions_version: DEFINITIONS,
            title: format!(
                "{} {}: {whose}",
                self.say("Servicemål", "Service goals"),
                order.period.name()
            ),
            sentences: self
                .so_far()
                .into_iter()
                .chain(COMPARED.into_iter().filter_map(|measure| self.sentence(measure)))
                .chain(self.other_goal_sentences())
                .chain(self.satisfaction_sentences())
                .collect(),
            tables,
            definitions: Measure::ALL
                .into_iter()
                .map(|measure| (measure.id().to_owned(), self.definition(measure)))
                .chain(self.definitions())
                .chain([("REPEATS".to_owned(), self.repeats_definition())])
                .chain(self.told_definitions())
                .collect(),
            edition: None,
            published: None,
            positions: Vec::new(),
            corrections: None,
        }
    }

    /// Up to when something is known, where that is not the whole period.
    fn so_far(&self) -> Option<String> {
        let zone = Zone::stockholm();
        let (_, end) = self.order.period.span();
        (self.known_until < zone.day_start(end)).then(|| {
            let told = self.say("Den senaste händelsen är från", "The latest event is of");
            let local = zone.rfc3339(self.known_until);
            format!("{told} {} {}.", &local[..10], &local[11..16])
        })
    }

    pub(super) fn slug(&self, department: Department) -> &str {
        self.engine.names().departments.name(department.0)
    }

    /// What is counted in a stretch of days, from the first up to, but not including, the last.
    pub(super) fn own_of(&self, days: (Day, Day)) -> Figures {
        self.own(&self.sums.span(days, self.known_until))
    }

    pub(super) fn own(&self, span: &Span) -> Figures {
        span.figures(self.order.department)
    }

    pub(super) fn level(&self, measure: Measure) -> Option<(Direction, u8)> {
        self.level_of(measure.goal()).map(|level| (level.direction, level.percent))
    }

    pub(super) fn name(&self, measure: Measure) -> String {
        match measure {
            Measure::Calls(Goal::Sm1) => {
                self.say("Mål 1: svar inom tre signaler", "Goal 1: within three rings")
            }
            Measure::Calls(Goal::Sm2) => {
                self.say("Mål 2: svar inom fem minuter", "Goal 2: within five minutes")
            }
            Measure::Calls(Goal::Sm3) => self.say("Mål 3: förlorade samtal", "Goal 3: lost calls"),
            Measure::Calls(Goal::Sm3w) => {
                self.say("Mål 3, av dem som fick vänta", "Goal 3, of those who had to wait")
            }
            Measure::Questions => self.say(
                "Mål 4: e-post och e-tjänst inom två arbetsdagar",
                "Goal 4: e-mail and e-service within two working days",
            ),
            Measure::FirstContact => {
                self.say("Löst vid första kontakten", "Settled at the first contact")
            }
        }
    }

    pub(super) fn verdict_words(&self, goal: Measure, share: Share) -> String {
        match self.verdict(goal, share) {
            None => "–".to_owned(),
            Some(Verdict::NoCalls) => self.none_words(goal),
            Some(Verdict::Met) => self.say("✓ uppfyllt", "✓ met"),
            Some(Verdict::Missed) => self.say("✗ ej uppfyllt", "✗ missed"),
        }
    }

    pub(super) fn verdict(&self, measure: Measure, share: Share) -> Option<Verdict> {
        self.level_of(measure.goal()).map(|level| level.judge(share))
    }

    /// That there is nothing to judge.
    fn none_words(&self, measure: Measure) -> String {
        match measure {
            Measure::Calls(_) => self.say("inga samtal", "no calls"),
            Measure::Questions | Measure::FirstContact => self.say("inga frågor", "no questions"),
        }
    }

    /// Whether a department's number in a measure is withheld from this reader.
    pub(super) fn is_withheld(&self, measure: Measure, department: Department) -> bool {
        self.order.audience == Audience::Public
            && withheld(&self.span, measure).contains(&department)
    }

    /// The same of whom the report is about.
    pub(super) fn is_own_withheld(&self, measure: Measure) -> bool {
        match self.order.department {
            Some(own) => self.is_withheld(measure, own),
            None => {
                self.order.audience == Audience::Public && is_whole_withheld(&self.span, measure)
            }
        }
    }

    /// Whether it is told of how many the own share is.
    pub(super) fn is_own_number_told(&self, measure: Measure) -> bool {
        match (self.order.audience, self.order.department) {
            (Audience::Internal, _) => true,
            (Audience::Public, Some(own)) => {
                is_number_told(measure) && !self.is_number_withheld(measure, own)
            }
            (Audience::Public, None) => {
                let is_withheld = |span: &Span| is_whole_withheld(span, measure);
                !is_withheld(&self.span) && !self.months().any(|month| is_withheld(&month))
            }
        }
    }

    /// Whether of how many a department's share is, is withheld from this reader: here, or in one of
    /// the months beside it.
    pub(super) fn is_number_withheld(&self, measure: Measure, department: Department) -> bool {
        let is_withheld = |span: &Span| withheld(span, measure).contains(&department);
        self.order.audience == Audience::Public
            && (is_withheld(&self.span) || self.months().any(|month| is_withheld(&month)))
    }

    /// The months of a period of several.
    fn months(&self) -> impl Iterator<Item = Rc<Span>> {
        self.order.period.months().map(|month| self.sums.span(month.span(), self.known_until))
    }

    /// A share as this reader may see it.
    pub(super) fn share(&self, measure: Measure, share: Share) -> Cell {
        let is_small = self.order.audience == Audience::Public && share.of < SHARE_MIN;
        match share.of {
            ..=0 => Cell::None,
            _ if is_small || self.is_own_withheld(measure) => Cell::Hidden,
            _ => Cell::Share(share, self.level(measure), self.order.audience.precision()),
        }
    }

    /// The change from another share, in percentage points, where both may be seen.
    pub(super) fn change(&self, goal: Measure, share: Share, from: Share) -> Cell {
        match (self.share(goal, share), self.share(goal, from)) {
            (Cell::Share(..), Cell::Share(..)) => {
                number::points(share, from).map_or(Cell::None, Cell::Points)
            }
            (Cell::Hidden, _) | (_, Cell::Hidden) => Cell::Hidden,
            _ => Cell::None,
        }
    }

    /// What a measure says, in words; `None` for one without a level and without anything counted.
    fn sentence(&self, measure: Measure) -> Option<String> {
        let share = self.own(&self.span).share(measure);
        let name = self.name(measure);
        let cell = self.share(measure, share);
        let language = self.order.language;
        if cell == Cell::None {
            let none = self.none_words(measure);
            return self.level(measure).map(|_| format!("{name}: {none}."));
        }
        if cell == Cell::Hidden {
            let why = self.say("för få för att visa", "too few to be shown");
            return Some(format!("{name}: {why}."));
        }
        let told = cell.shown(language);
        let of = match self.is_own_number_told(measure) {
            true => format!("{} {}", self.say("av", "of"), Cell::Count(share.of).shown(language)),
            false => self.say("av alla", "of all"),
        };
        let what = match measure {
            Measure::Calls(Goal::Sm1) => self.say(
                "samtal till växeln besvarades i tid",
                "calls to the switchboard were answered in time",
            ),
            Measure::Calls(Goal::Sm2) => self.say(
                "samtal till kundtjänst besvarades i tid",
                "calls to customer service were answered in time",
            ),
            Measure::Calls(Goal::Sm3 | Goal::Sm3w) => {
                self.say("samtal i kön förlorades", "calls in the queue were lost")
            }
            Measure::Questions => {
                self.say("frågor besvarades i tid", "questions were answered in time")
            }
            Measure::FirstContact => self.say(
                "frågor i kundtjänst löstes direkt",
                "questions at the desk were settled there",
            ),
        };
        let share_of = format!("{told} {of} {what}");
        let verdict = match self.verdict(measure, share) {
            Some(Verdict::Met) => self.say("är uppfyllt", "is met"),
            Some(Verdict::Missed) => self.say("är inte uppfyllt", "is missed"),
            Some(Verdict::NoCalls) | None => return Some(format!("{name}: {share_of}.")),
        };
        let goal_of = self.say("Målet", "The goal of");
        Some(format!(
            "{name}: {share_of}. {goal_of} {} {verdict}.",
            self.level_words(measure.goal())
        ))
    }

    /// What a share means, for readers of figures.
    fn definition(&self, measure: Measure) -> String {
        let swedish = match measure {
            Measure::Calls(Goal::Sm1) => {
                "besvarade av en människa inom gränsen / (inkomna till växeln − utanför öppettid − \
                 stängt − korta avbrott)"
            }
            Measure::Calls(Goal::Sm2) => {
                "besök i kö som besvarades inom gränsen från första insteget / (besök − utanför \
                 öppettid − stängt − korta avbrott)"
            }
            Measure::Calls(Goal::Sm3) => {
                "(förlorade − korta avbrott) / (allt som kom in i kundtjänstens kö − korta avbrott), \
                 under öppettid"
            }
            Measure::Calls(Goal::Sm3w) => SM3W,
            Measure::Questions => {
                "frågor per e-post och e-tjänst som en människa svarade på senast när den andra \
                 arbetsdagen var slut / (inkomna frågor − de som ännu kan besvaras i tid)"
            }
            Measure::FirstContact => {
                "frågor som löstes i kundtjänst, eller där de kom in på en annan kanal, utan att \
                 skickas vidare / frågor där det är känt var de löstes; alla kanaler, telefonen visad \
                 för sig; en fråga som ställs igen i ett annat samtal inom 7 dagar räknas en gång, där \
                 den först ställdes, och är inte löst om den skickas vidare i ett annat samtal inom 7 \
                 dagar"
            }
        };
        self.say(swedish, definition(measure))
    }
}

/// What `SM3w` means.
pub(super) const SM3W: &str = "som SM3, av dem som inte besvarades genast (väntetid över 0 s)";

/// What a share means, for programs.
pub(super) fn definition(measure: Measure) -> &'static str {
    match measure {
        Measure::Calls(goal) => goal.definition(),
        Measure::Questions => DEFINITION_SM4,
        Measure::FirstContact => DEFINITION_FCR,
    }
}
