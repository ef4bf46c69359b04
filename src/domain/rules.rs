//! The rules a contact is judged by: limits, goal levels, mappings and opening hours, each with the
//! day from which it holds.
//!
//! A contact is judged for ever by the rules in force at its first offer, so every lookup takes
//! that time and nothing here changes while the daemon runs, except that a replay without a
//! configuration learns its queues as they appear. Lookups on the hot path allocate nothing and
//! hash nothing.

use super::calendar::{Day, OpeningHours, Zone};
use super::desk::{Desk, Desks};
use super::goal::GoalId;
use super::ids::{Department, Names, Queue};
use super::level::{Level, Levels};
use super::question::DeadlineRule;
use super::units::{Millis, Timestamp};

/// The version of the figures' definitions. It rises whenever this program counts the same events
/// otherwise than before: figures of two versions never mix in one ledger.
pub const DEFINITIONS: u32 = 3;

/// What holds from one day until the next set's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// Goal 1's limit, inclusive: offer to human answer. 15 s in the municipality's own follow-up
    /// ("tre signaler (15 sekunder)").
    pub switchboard_limit: Millis,
    /// Goal 2's limit, inclusive: a visit's first entry to human answer. Five minutes.
    pub queue_limit: Millis,
    /// A hang-up up to this long after the offer, inclusive, is a short abandon.
    pub short_abandon: Millis,
    /// A waiting stay that nothing is heard of for this long is lost track of; the same silence
    /// splits a reused contact id.
    pub silence: Millis,
    /// Goal 4: how the last moment to answer a question in time follows from its receipt.
    pub question_deadline: DeadlineRule,
    /// The unit that runs the switchboard: the main number counts on it.
    pub switchboard_department: Department,
}

impl RuleSet {
    /// The guideline's limits.
    pub fn guideline(switchboard_department: Department) -> RuleSet {
        RuleSet {
            switchboard_limit: Millis::from_seconds(15),
            queue_limit: Millis::from_seconds(300),
            short_abandon: Millis::from_seconds(5),
            silence: Millis::from_hours(6),
            question_deadline: DeadlineRule::Strict,
            switchboard_department,
        }
    }
}

/// Rules with their history.
#[derive(Clone, Debug)]
pub struct Rules {
    version: u32,
    /// In rising order of time; the first holds before its time too.
    sets: Vec<(Timestamp, RuleSet)>,
    /// By queue: from when which department, in rising order.
    queues: Vec<Vec<(Timestamp, Department)>>,
    hours: Vec<OpeningHours>,
    /// By department: which of `hours`. A department beyond the end has the first.
    hours_of: Vec<u16>,
    levels: Levels,
    desks: Desks,
    open: bool,
    /// Departments that are to be staffed by their own hours and not by the switchboard's (R22).
    exempt: Vec<Department>,
    data_gap: Millis,
}

impl Rules {
    /// Rules with a first set that has always held and one schedule of opening hours for all.
    /// Everything else is added with the `with_` functions.
    pub fn new(version: u32, first: RuleSet, hours: OpeningHours) -> Rules {
        Rules {
            version,
            sets: vec![(Timestamp(i64::MIN), first)],
            queues: Vec::new(),
            hours: vec![hours],
            hours_of: Vec::new(),
            levels: Levels::guideline(),
            desks: Desks::default(),
            open: false,
            exempt: Vec::new(),
            data_gap: Rules::DATA_GAP,
        }
    }

    /// For a replay without a configuration: the guideline's limits and levels at all times (a log
    /// from elsewhere knows nothing of when this municipality's goals began), nobody ever closed,
    /// each queue a department of its own as [`Rules::learn_queue`] tells.
    pub fn always_open(switchboard_department: Department) -> Rules {
        let first = RuleSet::guideline(switchboard_department);
        let mut rules = Rules::new(0, first, OpeningHours::always());
        rules.levels = Levels::always();
        rules.open = true;
        rules
    }

    /// Adds a set that holds from the start of a local day. A set for the same day is replaced.
    #[must_use]
    pub fn with_set(mut self, from: Day, set: RuleSet) -> Rules {
        let from = Zone::stockholm().day_start(from);
        self.sets.retain(|(at, _)| *at != from);
        let at = self.sets.partition_point(|(at, _)| *at < from);
        self.sets.insert(at, (from, set));
        self
    }

    /// Counts a queue's calls on a department from the start of a local day, or from the beginning
    /// of time.
    #[must_use]
    pub fn with_queue(mut self, queue: Queue, from: Option<Day>, department: Department) -> Rules {
        let start = |day: Day| Zone::stockholm().day_start(day);
        self.map(queue, from.map_or(Timestamp(i64::MIN), start), department);
        self
    }

    /// Gives departments opening hours of their own.
    #[must_use]
    pub fn with_hours(mut self, hours: OpeningHours, departments: &[Department]) -> Rules {
        let at = u16::try_from(self.hours.len()).expect("schedules are fewer than departments");
        self.hours.push(hours);
        for department in departments {
            let index = usize::from(department.0);
            if self.hours_of.len() <= index {
                self.hours_of.resize(index + 1, 0);
            }
            self.hours_of[index] = at;
        }
        self
    }

    /// Gives the goals other levels than the guideline's.
    #[must_use]
    pub fn with_levels(mut self, levels: Levels) -> Rules {
        self.levels = levels;
        self
    }

    /// The level of a goal on a local day, with who decided it and whether it is carried over from
    /// an earlier year; `None` before the goal's first decision, and then there is no verdict (R1).
    /// A period is held against the level of its last day.
    pub fn level(&self, goal: GoalId, day: Day) -> Option<Level<'_>> {
        self.levels.on(goal, day)
    }

    /// Every decision of a level.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Lets these desks answer. No verdict asks for them.
    #[must_use]
    pub fn with_desks(mut self, desks: Desks) -> Rules {
        self.desks = desks;
        self
    }

    /// Who answers for a department's calls in a queue (or elsewhere) that are offered on a day.
    pub fn desk_of(&self, department: Department, queue: Option<Queue>, day: Day) -> Desk {
        self.desks.of(department, queue, day)
    }

    /// The desks that have a name.
    pub fn desks(&self) -> &Desks {
        &self.desks
    }

    /// Open time in which no source is heard of for longer than this is time without data, unless
    /// something else is configured. A desk that is open has calls, questions or agents every few
    /// minutes, and most telephone systems give a sign of life every minute: a quarter of an hour
    /// is silence, and not a quiet moment.
    pub const DATA_GAP: Millis = Millis::from_seconds(900);

    /// Departments that are to be staffed by their own opening hours and not by the switchboard's.
    #[must_use]
    pub fn with_exempt(mut self, departments: Vec<Department>) -> Rules {
        self.exempt = departments;
        self
    }

    /// Takes open time for time without data when no source is heard of for longer than this.
    #[must_use]
    pub fn with_data_gap(mut self, length: Millis) -> Rules {
        self.data_gap = length;
        self
    }

    /// Silence of all sources that lasts longer than this is time without data.
    pub fn data_gap(&self) -> Millis {
        self.data_gap
    }

    /// The hours in which a department's number has to be staffed at a time: while the switchboard
    /// is open (R21), or its own where the department is exempt (R22).
    pub fn staffed_hours(&self, department: Department, at: Timestamp) -> &OpeningHours {
        match self.exempt.contains(&department) {
            true => self.hours(department),
            false => self.hours(self.at(at).switchboard_department),
        }
    }

    /// The version of the configuration they come from; it rises with every change. 0 without a
    /// configuration.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether an unseen queue makes a department of its own.
    pub fn is_open_ended(&self) -> bool {
        self.open
    }

    /// The set in force at a contact's first offer.
    pub fn at(&self, offered: Timestamp) -> &RuleSet {
        let after = self.sets.partition_point(|(from, _)| *from <= offered);
        &self.sets[after.saturating_sub(1)].1
    }

    /// Every set with the moment from which it holds, in rising order. The first has always held.
    pub fn sets(&self) -> impl ExactSizeIterator<Item = (Timestamp, &RuleSet)> {
        self.sets.iter().map(|(from, set)| (*from, set))
    }

    /// The department an offer counts on: the one the event names, else the one the queue (or, with
    /// no queue, the switchboard) belongs to at that time, else [`Department::UNKNOWN`].
    pub fn department_of(
        &self,
        queue: Option<Queue>,
        said: Option<Department>,
        at: Timestamp,
    ) -> Department {
        match (said, queue) {
            (Some(said), _) => said,
            (None, None) => self.at(at).switchboard_department,
            (None, Some(queue)) => self
                .queues
                .get(usize::from(queue.0))
                .and_then(|history| history.iter().rev().find(|(from, _)| *from <= at))
                .map_or(Department::UNKNOWN, |(_, department)| *department),
        }
    }

    /// Makes a queue belong to a department from the beginning of time: for open rules, where the
    /// queue's own name is the department's.
    pub fn learn_queue(&mut self, queue: Queue, department: Department) {
        self.map(queue, Timestamp(i64::MIN), department);
    }

    /// Whether the department is open at a time.
    pub fn is_open(&self, department: Department, at: Timestamp) -> bool {
        self.hours(department).is_open(at)
    }

    /// The department's opening hours: its own, else those of all.
    pub fn hours(&self, department: Department) -> &OpeningHours {
        let own = self.hours_of.get(usize::from(department.0)).copied().unwrap_or(0);
        &self.hours[usize::from(own)]
    }

    /// Whether both judge everything that is offered on a local day alike. Levels are not compared:
    /// they change no count, and may well be decided when the days they speak of are over.
    pub fn agrees_on(&self, other: &Rules, day: Day, names: &Names) -> bool {
        let zone = Zone::stockholm();
        let noon = zone.at_wall_clock(day, 720);
        let queues = (0..names.queues.len() as u16).map(|at| Some(Queue(at)));
        let mut departments = (0..names.departments.len() as u16).map(Department);
        self.at(noon) == other.at(noon)
            && queues.chain([None]).all(|queue| {
                self.department_of(queue, None, noon) == other.department_of(queue, None, noon)
            })
            && departments.all(|at| self.hours(at).spans(day) == other.hours(at).spans(day))
    }

    fn map(&mut self, queue: Queue, from: Timestamp, department: Department) {
        let index = usize::from(queue.0);
        if self.queues.len() <= index {
            self.queues.resize(index + 1, Vec::new());
        }
        let history = &mut self.queues[index];
        history.retain(|(at, _)| *at != from);
        let at = history.partition_point(|(at, _)| *at < from);
        history.insert(at, (from, department));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{Span, Weekly};

    const SWITCHBOARD: Department = Department(1);
    const DESK: Department = Department(2);
    const POOL: Department = Department(3);

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn start(text: &str) -> Timestamp {
        Zone::stockholm().day_start(day(text))
    }

    fn rules() -> Rules {
        let first = RuleSet::guideline(SWITCHBOARD);
        let tighter = RuleSet { switchboard_limit: Millis::from_seconds(12), ..first.clone() };
        let slower = RuleSet { switchboard_limit: Millis::from_seconds(18), ..first.clone() };
        Rules::new(7, first, OpeningHours::always())
            .with_set(day("2026-07-01"), tighter)
            .with_set(day("2025-01-01"), slower)
    }

    #[test]
    fn no_goal_is_in_force_before_2014() {
        let percent = |rules: &Rules, date: &str| {
            rules.level(GoalId::Sm1, day(date)).map(|level| level.percent)
        };
        let rules = rules();
        assert_eq!(percent(&rules, "2013-12-31"), None);
        assert_eq!(percent(&rules, "2014-01-01"), Some(90));
        assert_eq!(percent(&rules.clone().with_levels(Levels::none()), "2026-01-01"), None);
        assert_eq!(percent(&Rules::always_open(POOL), "2012-07-01"), Some(90));
    }

    #[test]
    fn a_changed_limit_holds_from_local_midnight() {
        let rules = rules();
        let change = start("2026-07-01");
        assert_eq!(rules.at(change.minus(Millis(1))).switchboard_limit, Millis(18_000));
        assert_eq!(rules.at(change).switchboard_limit, Millis(12_000));
        assert_eq!(rules.at(Timestamp(i64::MAX)).switchboard_limit, Millis(12_000));
        assert_eq!(rules.sets().len(), 3);
    }

    #[test]
    fn an_offer_counts_where_the_event_says_else_where_its_queue_belongs() {
        let rules = rules().with_queue(Queue(4), None, DESK).with_queue(
            Queue(4),
            Some(day("2026-07-15")),
            POOL,
        );
        let before = start("2026-07-15").minus(Millis(1));
        let after = start("2026-07-15");
        assert_eq!(rules.department_of(Some(Queue(4)), None, before), DESK);
        assert_eq!(rules.department_of(Some(Queue(4)), None, after), POOL);
        assert_eq!(rules.department_of(Some(Queue(4)), Some(SWITCHBOARD), after), SWITCHBOARD);
        assert_eq!(rules.department_of(None, None, after), SWITCHBOARD);
        assert_eq!(rules.department_of(None, Some(DESK), after), DESK);
        assert_eq!(rules.department_of(Some(Queue(3)), None, after), Department::UNKNOWN);
        assert_eq!(rules.department_of(Some(Queue(9)), None, after), Department::UNKNOWN);
    }

    #[test]
    fn a_queue_that_joins_later_is_unknown_before() {
        let rules = rules().with_queue(Queue(0), Some(day("2026-07-15")), POOL);
        let before = start("2026-07-15").minus(Millis(1));
        assert_eq!(rules.department_of(Some(Queue(0)), None, before), Department::UNKNOWN);
    }

    #[test]
    fn open_rules_learn_their_queues() {
        let mut rules = Rules::always_open(SWITCHBOARD);
        assert!(rules.is_open_ended());
        rules.learn_queue(Queue(2), Department(5));
        let at = start("2012-07-01");
        assert_eq!(rules.department_of(Some(Queue(2)), None, at), Department(5));
        assert_eq!(rules.department_of(Some(Queue(1)), None, at), Department::UNKNOWN);
        assert!(rules.is_open(Department(5), at));
    }

    #[test]
    fn departments_without_hours_of_their_own_share_the_first() {
        let mut weekly = Weekly::default();
        weekly.days[5] = vec![Span::new(600, 840).unwrap()];
        let saturdays = OpeningHours::new(vec![(Day::FIRST, weekly)], Vec::new());
        let office = OpeningHours::new(vec![(Day::FIRST, Weekly::default())], Vec::new());
        let first = RuleSet::guideline(SWITCHBOARD);
        let rules = Rules::new(1, first, office).with_hours(saturdays, &[POOL]);
        let saturday = Zone::stockholm().at_wall_clock(day("2026-11-14"), 600);
        assert!(rules.is_open(POOL, saturday));
        assert!(!rules.is_open(POOL, saturday.minus(Millis(1))));
        assert!(!rules.is_open(DESK, saturday));
        assert!(!rules.is_open(Department(60_000), saturday));
    }
}
