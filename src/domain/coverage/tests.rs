//! What a manager would say about whether a number was staffed, and a naive recount at random.

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Span, Weekly};
use crate::domain::event::AgentState::{self, LoggedOut, Paused, Ready, Ringing, Talking, WrapUp};
use crate::domain::ids::{EventId, Queue};
use crate::domain::rules::RuleSet;

const SWITCHBOARD: Department = Department(1);
const SCHOOL: Department = Department(2);
const CULTURE: Department = Department(3);
const TOURISTS: Department = Department(4);
const DEPARTMENTS: usize = 5;

const MINUTE: i64 = 60_000;

fn weekdays(from: u16, until: u16) -> Weekly {
    let mut weekly = Weekly::default();
    for day in &mut weekly.days[..5] {
        *day = vec![Span::new(from, until).unwrap()];
    }
    weekly
}

fn hours(weekly: Weekly) -> OpeningHours {
    OpeningHours::new(vec![(Day::FIRST, weekly)], Vec::new())
}

/// The switchboard is open 08:00–16:30 on weekdays; the school 08:00–12:00, which exempts it from
/// nothing; Culture on weekdays 10:00–12:00 and on Saturdays; the tourist office never closes.
fn rules() -> Rules {
    let mut saturdays = weekdays(600, 720);
    saturdays.days[5] = vec![Span::new(600, 900).unwrap()];
    Rules::new(1, RuleSet::guideline(SWITCHBOARD), hours(weekdays(480, 990)))
        .with_hours(hours(weekdays(480, 720)), &[SCHOOL])
        .with_hours(hours(saturdays), &[CULTURE])
        .with_hours(OpeningHours::always(), &[TOURISTS])
        .with_exempt(vec![CULTURE, TOURISTS])
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn at(date: &str, clock: &str) -> Timestamp {
    let (hour, rest) = clock.split_once(':').unwrap();
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    let minute = hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap();
    let start = Zone::stockholm().at_wall_clock(day(date), minute);
    start.plus(Millis((second.parse::<f64>().unwrap() * 1_000.0) as i64))
}

/// A Monday.
const MONDAY: &str = "2026-10-05";

#[derive(Default)]
struct World {
    all: Coverages,
    told: u64,
}

impl World {
    /// Something was heard in every minute of these days.
    fn never_silent(days: &[&str]) -> World {
        let mut world = World::default();
        let zone = Zone::stockholm();
        for date in days {
            let (from, until) = (zone.day_start(day(date)), zone.day_end(day(date)));
            let minutes: Vec<i32> = (from.minute()..until.minute()).collect();
            world.all.hear(&minutes, None);
        }
        world
    }

    fn told(&mut self, agent: u64, time: Timestamp, state: AgentState, of: &[Department]) {
        self.told += 1;
        self.told_as(self.told, agent, time, state, of);
    }

    fn told_as(
        &mut self,
        id: u64,
        agent: u64,
        time: Timestamp,
        state: AgentState,
        of: &[Department],
    ) {
        let report = AgentReport {
            agent: AgentId(agent),
            time,
            id: EventId(id),
            state,
            departments: of.to_vec(),
            queue: None,
        };
        self.all.report(&report, None);
    }

    fn script(&mut self, agent: u64, date: &str, of: Department, lines: &[(&str, AgentState)]) {
        for (clock, state) in lines {
            self.told(agent, at(date, clock), *state, &[of]);
        }
    }

    fn span(&self, date: &str) -> CoverageSpan {
        let day = day(date);
        let until = Zone::stockholm().day_end(day);
        self.all.span((day, day.next()), until, &rules(), DEPARTMENTS)
    }

    /// Minutes staffed, unstaffed, unknown.
    fn minutes(&self, date: &str, department: Department) -> [f64; 3] {
        let of = self.span(date).departments[&department];
        assert_eq!(of.open.0, of.staffed.0 + of.unstaffed.0 + of.unknown.0);
        [of.staffed, of.unstaffed, of.unknown].map(|length| length.0 as f64 / MINUTE as f64)
    }
}

#[test]
fn an_agent_of_several_departments_staffs_each() {
    let mut world = World::never_silent(&[MONDAY]);
    world.told(1, at(MONDAY, "07:50"), Ready, &[SWITCHBOARD, SCHOOL]);
    world.told(1, at(MONDAY, "12:00"), Ready, &[SCHOOL]);
    world.told(1, at(MONDAY, "14:00"), LoggedOut, &[]);
    assert_eq!(world.minutes(MONDAY, SWITCHBOARD), [240.0, 270.0, 0.0]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [360.0, 150.0, 0.0]);
    // It is one person, in the whole municipality too.
    let span = world.span(MONDAY);
    assert_eq!(span.whole.single, Millis(360 * MINUTE));
    assert_eq!(span.whole.staffed, span.whole.single);
}

#[test]
fn logged_in_but_paused_is_not_staffed() {
    let mut world = World::never_silent(&[MONDAY]);
    world.script(
        1,
        MONDAY,
        SCHOOL,
        &[
            ("08:00", Ready),
            ("09:00", Ringing),
            ("09:01", Talking),
            ("09:30", WrapUp),
            ("10:00", Paused),
            ("10:20:30.5", Ready),
        ],
    );
    let of = world.span(MONDAY).departments[&SCHOOL];
    assert_eq!(of.unstaffed, Millis(20 * MINUTE + 30_500));
    assert_eq!(of.gap, Some((at(MONDAY, "10:00"), at(MONDAY, "10:20:30.5"))));
    assert_eq!(of.staffed, of.single);
}

#[test]
fn a_late_logout_changes_what_lies_before_the_next_report_and_nothing_else() {
    let mut world = World::never_silent(&[MONDAY]);
    world.script(1, MONDAY, SCHOOL, &[("08:00", Ready), ("13:00", Ready)]);
    world.script(2, MONDAY, SCHOOL, &[("09:00", Ready), ("09:30", LoggedOut)]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [510.0, 0.0, 0.0]);
    world.script(1, MONDAY, SCHOOL, &[("11:00", LoggedOut)]);
    let of = world.span(MONDAY).departments[&SCHOOL];
    assert_eq!(of.gap, Some((at(MONDAY, "11:00"), at(MONDAY, "13:00"))));
    assert_eq!(world.minutes(MONDAY, SCHOOL), [390.0, 120.0, 0.0]);
    // Once more changes nothing.
    world.told_as(world.told, 1, at(MONDAY, "11:00"), LoggedOut, &[SCHOOL]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [390.0, 120.0, 0.0]);
}

#[test]
fn a_unit_is_open_on_a_saturday_when_the_switchboard_is_closed() {
    let saturday = "2026-10-10";
    let mut world = World::never_silent(&[saturday]);
    world.script(1, saturday, CULTURE, &[("09:00", Ready), ("14:00", LoggedOut)]);
    world.script(2, saturday, SCHOOL, &[("09:00", Ready), ("14:00", LoggedOut)]);
    assert_eq!(world.minutes(saturday, CULTURE), [240.0, 60.0, 0.0]);
    assert_eq!(world.minutes(saturday, SCHOOL), [0.0; 3]);
    assert_eq!(world.span(saturday).whole, Coverage::default());
    assert_eq!(world.span(saturday).dark, []);
}

#[test]
fn a_unit_with_hours_of_its_own_is_held_to_the_switchboards_unless_it_is_exempt() {
    let mut world = World::never_silent(&[MONDAY]);
    world.script(1, MONDAY, SCHOOL, &[("08:00", Ready), ("12:00", LoggedOut)]);
    world.script(2, MONDAY, CULTURE, &[("08:00", Ready), ("12:00", LoggedOut)]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [240.0, 270.0, 0.0]);
    assert_eq!(world.minutes(MONDAY, CULTURE), [120.0, 0.0, 0.0]);
    // One person alone (R5) is a matter of the unit's own hours.
    assert_eq!(world.span(MONDAY).own_hours[&SCHOOL].single, Millis(240 * MINUTE));
    assert_eq!(world.span(MONDAY).own_hours[&SCHOOL].unstaffed, Millis(0));
}

#[test]
fn a_desk_that_closes_while_staffed_has_no_gap() {
    let mut world = World::never_silent(&[MONDAY, "2026-10-06"]);
    world.script(1, MONDAY, SCHOOL, &[("07:00", Ready), ("18:00", LoggedOut)]);
    world.script(1, "2026-10-06", SCHOOL, &[("08:00:00.001", Ready)]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [510.0, 0.0, 0.0]);
    assert_eq!(world.span(MONDAY).departments[&SCHOOL].gap, None);
    let next = world.span("2026-10-06").departments[&SCHOOL];
    assert_eq!(next.unstaffed, Millis(1));
}

#[test]
fn days_of_23_and_25_hours_are_counted_by_the_clock_that_runs() {
    for (date, hours) in [("2026-03-29", 23.0), ("2026-10-25", 25.0)] {
        let mut world = World::never_silent(&[date]);
        world.script(1, date, TOURISTS, &[("00:00", Ready), ("12:00", Paused), ("13:00", Ready)]);
        let minutes = world.minutes(date, TOURISTS);
        assert_eq!(minutes, [(hours - 1.0) * 60.0, 60.0, 0.0], "{date}");
    }
}

#[test]
fn of_two_reports_of_one_time_the_larger_id_counts() {
    for order in [[3, 7], [7, 3]] {
        let mut world = World::never_silent(&[MONDAY]);
        for id in order {
            let state = if id == 7 { LoggedOut } else { Ready };
            world.told_as(id, 1, at(MONDAY, "09:00"), state, &[SCHOOL]);
        }
        assert_eq!(world.minutes(MONDAY, SCHOOL), [0.0, 450.0, 60.0]);
    }
}

#[test]
fn minutes_without_data_are_neither_staffed_nor_unstaffed() {
    let heard_but = |silent: std::ops::Range<&str>| {
        let mut world = World::default();
        let zone = Zone::stockholm();
        let whole = zone.day_start(day(MONDAY)).minute()..zone.day_end(day(MONDAY)).minute();
        let silent = at(MONDAY, silent.start).minute()..at(MONDAY, silent.end).minute();
        let minutes: Vec<i32> = whole.filter(|minute| !silent.contains(minute)).collect();
        world.all.hear(&minutes, None);
        world.script(1, MONDAY, SCHOOL, &[("07:00", Ready)]);
        world.script(2, MONDAY, CULTURE, &[("07:00", LoggedOut)]);
        world
    };
    // Longer than a quarter of an hour is too long.
    let world = heard_but("10:00".."10:15");
    assert_eq!(world.minutes(MONDAY, SCHOOL), [510.0, 0.0, 0.0]);
    assert_eq!(world.span(MONDAY).dark, []);
    let world = heard_but("10:00".."10:16");
    assert_eq!(world.minutes(MONDAY, SCHOOL), [494.0, 0.0, 16.0]);
    assert_eq!(world.minutes(MONDAY, CULTURE), [0.0, 104.0, 16.0]);
    let dark = vec![(at(MONDAY, "10:00"), at(MONDAY, "10:16"))];
    assert_eq!(world.span(MONDAY).dark, dark);
    assert_eq!(world.span(MONDAY).dark_length(), Millis(16 * MINUTE));
    // It parts a gap in two.
    let gap = (at(MONDAY, "10:16"), at(MONDAY, "12:00"));
    assert_eq!(world.span(MONDAY).departments[&CULTURE].gap, Some(gap));
    // At night it is quiet everywhere: of a silence only the open time counts.
    let world = heard_but("00:00".."08:15");
    assert_eq!(world.minutes(MONDAY, SCHOOL), [510.0, 0.0, 0.0]);
    let world = heard_but("00:00".."08:16");
    assert_eq!(world.minutes(MONDAY, SCHOOL), [494.0, 0.0, 16.0]);
}

#[test]
fn silence_that_goes_on_is_without_data_when_the_limit_is_over() {
    let mut world = World::default();
    world.all.hear(&[at(MONDAY, "08:00").minute()], None);
    let without = |clock: &str| {
        world.all.without_data(day(MONDAY), at(MONDAY, clock), &rules()).map(|length| length.0)
    };
    assert_eq!(without("07:59"), Some(0));
    assert_eq!(without("08:16"), Some(0));
    assert_eq!(without("08:17"), Some(16 * MINUTE));
    assert_eq!(without("23:59"), Some((510 - 1) * MINUTE));
    assert_eq!(World::default().all.without_data(day(MONDAY), at(MONDAY, "09:00"), &rules()), None);
}

#[test]
fn a_number_that_nobody_ever_logged_in_for() {
    let mut world = World::never_silent(&[MONDAY]);
    // Known since midnight, and nobody there.
    world.script(1, MONDAY, SCHOOL, &[("00:00", LoggedOut)]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [0.0, 510.0, 0.0]);
    // Of the others nothing is known, which is no gap.
    assert_eq!(world.minutes(MONDAY, CULTURE), [0.0, 0.0, 120.0]);
    assert_eq!(world.span(MONDAY).departments[&CULTURE].share().ratio(), None);
    assert_eq!(world.all.unstaffed(DEPARTMENTS, &rules())[3], None);
    // Before the first report about a number it is unknown, also when there is one later.
    world.script(2, MONDAY, CULTURE, &[("11:00", Ready)]);
    assert_eq!(world.minutes(MONDAY, CULTURE), [60.0, 0.0, 60.0]);
}

#[test]
fn an_agent_who_is_logged_in_over_midnight_staffs_both_days() {
    let (first, second) = (MONDAY, "2026-10-06");
    let mut world = World::never_silent(&[first, second]);
    world.script(1, first, TOURISTS, &[("23:00", Ready)]);
    world.script(1, second, TOURISTS, &[("01:30", LoggedOut)]);
    assert_eq!(world.minutes(first, TOURISTS), [60.0, 0.0, 23.0 * 60.0]);
    assert_eq!(world.minutes(second, TOURISTS), [90.0, 22.5 * 60.0, 0.0]);
    // Nor does it matter that the first day has been closed since.
    let settled = Some(at(second, "12:00"));
    world.all.advance(Progress { settled, frontier: settled }, &rules());
    assert_eq!(world.minutes(first, TOURISTS), [60.0, 0.0, 23.0 * 60.0]);
    assert_eq!(world.minutes(second, TOURISTS), [90.0, 22.5 * 60.0, 0.0]);
}

#[test]
fn a_member_of_queues_is_one_person_and_a_later_state_of_all_queues_holds_for_them() {
    let mut world = World::never_silent(&[MONDAY]);
    let mut told = |clock: &str, queue: Option<u16>, state: AgentState, of: &[Department]| {
        world.told += 1;
        let report = AgentReport {
            agent: AgentId(1),
            time: at(MONDAY, clock),
            id: EventId(world.told),
            state,
            departments: of.to_vec(),
            queue: queue.map(Queue),
        };
        world.all.report(&report, None);
    };
    told("08:00", Some(1), Ready, &[SCHOOL]);
    told("08:00", Some(2), Ready, &[SCHOOL]);
    told("10:00", None, Paused, &[]);
    told("10:30", None, Ready, &[]);
    told("11:00", Some(1), LoggedOut, &[SCHOOL]);
    told("12:00", Some(2), LoggedOut, &[SCHOOL]);
    assert_eq!(world.minutes(MONDAY, SCHOOL), [210.0, 300.0, 0.0]);
    assert_eq!(world.span(MONDAY).departments[&SCHOOL].single, Millis(210 * MINUTE));
}

#[test]
fn what_is_counted_while_time_goes_waits_for_silence_and_never_takes_back() {
    let mut all = Coverages::default();
    let minutes = |from: &str, until: &str| -> Vec<i32> {
        (at(MONDAY, from).minute()..at(MONDAY, until).minute()).collect()
    };
    let mut id = 0;
    let mut report = |all: &mut Coverages, clock: &str, state, known_at: Option<Timestamp>| {
        id += 1;
        let report = AgentReport {
            agent: AgentId(1),
            time: at(MONDAY, clock),
            id: EventId(id),
            state,
            departments: vec![SCHOOL],
            queue: None,
        };
        all.report(&report, known_at);
    };
    let advance = |all: &mut Coverages, clock: &str| {
        let frontier = Some(at(MONDAY, clock));
        all.advance(Progress { settled: None, frontier }, &rules());
        all.unstaffed(DEPARTMENTS, &rules())[2].map(|length| length.0 / MINUTE)
    };
    report(&mut all, "07:00", LoggedOut, None);
    all.hear(&minutes("07:00", "09:00"), None);
    assert_eq!(advance(&mut all, "08:31"), Some(30));
    assert_eq!(advance(&mut all, "09:01"), Some(60));
    // Nobody knows yet what the silence is.
    assert_eq!(advance(&mut all, "09:11"), Some(60));
    all.hear(&minutes("09:10", "09:20"), Some(at(MONDAY, "09:10")));
    assert_eq!(advance(&mut all, "09:21"), Some(80));
    all.hear(&minutes("09:40", "10:00"), Some(at(MONDAY, "09:41")));
    assert_eq!(advance(&mut all, "10:01"), Some(100));
    // Somebody was there from half past eight on, as is told too late: the day is corrected.
    report(&mut all, "08:30", Ready, Some(at(MONDAY, "10:01")));
    all.hear(&minutes("10:00", "11:00"), Some(at(MONDAY, "10:01")));
    assert_eq!(advance(&mut all, "11:01"), Some(100));
    let until = at(MONDAY, "11:00");
    let span = all.span((day(MONDAY), day(MONDAY).next()), until, &rules(), DEPARTMENTS);
    assert_eq!(span.departments[&SCHOOL].unstaffed, Millis(30 * MINUTE));
    assert_eq!(span.departments[&SCHOOL].unknown, Millis(20 * MINUTE));
}

#[test]
fn at_the_bound_the_oldest_reports_go_and_are_counted() {
    let mut world = World::never_silent(&[MONDAY]);
    for second in 0..5_000_i64 {
        let state = if second % 2 == 0 { Ready } else { Paused };
        let time = at(MONDAY, "08:00").plus(Millis(1_000 * second));
        world.told(1, time, state, &[SCHOOL]);
    }
    assert!(world.all.over_bound() > 0);
    assert_eq!(world.span(MONDAY).departments[&SCHOOL].gap.unwrap().0, at(MONDAY, "09:23:19"));
    assert_eq!(world.span(MONDAY).departments[&SCHOOL].staffed, Millis(2_500_000));
}

/// One agent's report, in seconds after ten o'clock.
type Told = (u64, i64, u64, usize, u8);

fn told() -> impl Strategy<Value = Vec<Told>> {
    let one = (0..3u64, -300..7_500_i64, 0..4u64, 0..AgentState::ALL.len(), 0..4u8);
    proptest::collection::vec(one, 0..40)
}

fn report((agent, second, id, state, set): Told) -> AgentReport {
    let sets: [&[Department]; 4] = [&[], &[SCHOOL], &[CULTURE], &[SCHOOL, CULTURE]];
    AgentReport {
        agent: AgentId(agent),
        time: at(MONDAY, "10:00").plus(Millis(1_000 * second)),
        // One id says one thing only.
        id: EventId(id + 4 * (state as u64 + 6 * u64::from(set))),
        state: AgentState::ALL[state],
        departments: sets[usize::from(set)].to_vec(),
        queue: None,
    }
}

/// Second by second, by looking at every report; nobody, one, more, unknown.
fn recount(reports: &[AgentReport], heard: &[i32], of: Department, open: &[i64]) -> [i64; 4] {
    let zone = Zone::stockholm();
    let start = zone.day_start(day(MONDAY)).minute();
    let since = reports.iter().filter(|r| r.departments.contains(&of)).map(|r| r.time).min();
    // Each silence by the minute in which it began.
    let silence_of = |minute: i32| {
        let loud = |minute: &i32| *minute < start || heard.contains(minute);
        (!heard.contains(&minute)).then(|| (start..=minute).rev().take_while(|m| !loud(m)).count())
    };
    let mut silence = BTreeMap::new();
    let mut lengths: BTreeMap<i32, i64> = BTreeMap::new();
    for second in open {
        let minute = Timestamp(second * 1_000).minute();
        let found = silence.entry(minute).or_insert_with(|| silence_of(minute));
        if let Some(into) = found {
            *lengths.entry(minute - *into as i32).or_default() += 1;
        }
    }
    let mut counts = [0; 4];
    for second in open {
        let now = Timestamp(second * 1_000);
        let silent = silence[&now.minute()].map(|into| lengths[&(now.minute() - into as i32)]);
        let staffs = |agent: u64| {
            let theirs = || reports.iter().filter(|r| r.agent.0 == agent && r.time <= now);
            let last = theirs().max_by_key(|r| (r.time, r.id));
            let said = theirs().filter(|r| !r.departments.is_empty());
            let said = said.max_by_key(|r| (r.time, r.id));
            last.is_some_and(|last| !matches!(last.state, LoggedOut | Paused))
                && said.is_some_and(|said| said.departments.contains(&of))
        };
        let place = match (0..3).filter(|agent| staffs(*agent)).count() {
            _ if silent.is_some_and(|seconds| seconds > 15 * 60) => 3,
            _ if since.is_none_or(|since| now < since) => 3,
            count => count.min(2),
        };
        counts[place] += 1;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_figures_are_those_of_a_recount_in_whatever_order_it_is_told(
        told in told(),
        order in any::<u64>(),
        silences in proptest::collection::vec((0..150_i32, 1..40_i32), 0..4),
        close_after in 0..60_usize,
    ) {
        let mut reports: Vec<AgentReport> = told.into_iter().map(report).collect();
        reports.sort_by_key(|report| (report.agent, report.time, report.id));
        reports.dedup_by_key(|report| (report.agent, report.time, report.id));
        let ten = at(MONDAY, "10:00").minute();
        let heard: Vec<i32> = (ten - 30..ten + 150)
            .filter(|m| !silences.iter().any(|(from, n)| (ten + from..ten + from + n).contains(m)))
            .collect();
        let mut shuffled = reports.clone();
        // Every report twice, in a disorder of its own.
        shuffled.extend(reports.iter().cloned());
        shuffled.sort_by_key(|r| (r.time.0 as u64 ^ r.id.0 ^ r.agent.0 << 7).wrapping_mul(order | 1));
        let mut world = World::default();
        for report in &shuffled {
            world.all.report(report, None);
        }
        world.all.hear(&heard, None);
        if close_after % 2 == 0 {
            let settled = Some(at("2026-10-07", "12:00"));
            world.all.advance(Progress { settled, frontier: settled }, &rules());
        }
        let open: Vec<i64> = (at(MONDAY, "10:00").0 / 1_000..at(MONDAY, "12:00").0 / 1_000).collect();
        let [nobody, one, more, unknown] = recount(&reports, &heard, CULTURE, &open);
        let of = world.span(MONDAY).departments[&CULTURE];
        let seconds = |length: Millis| length.0 / 1_000;
        prop_assert_eq!(seconds(of.unstaffed), nobody);
        prop_assert_eq!(seconds(of.single), one);
        prop_assert_eq!(seconds(of.staffed), one + more);
        prop_assert_eq!(seconds(of.unknown), unknown);
        // A picture of it is the same.
        let mut bytes = Vec::new();
        world.all.pack(&mut Writer(&mut bytes));
        let read = Coverages::unpack(&mut Reader(&bytes)).unwrap();
        let mut again = Vec::new();
        read.pack(&mut Writer(&mut again));
        prop_assert_eq!(&again, &bytes);
        prop_assert_eq!(format!("{read:?}"), format!("{:?}", world.all));
    }

    #[test]
    fn what_is_counted_while_time_goes_is_the_same_in_whatever_order_chains_are_read(
        told in proptest::collection::vec((told(), told()), 1..8),
        turns in proptest::collection::vec(any::<bool>(), 16),
    ) {
        // Two chains of records, each told at a later time of its own, with what was late in them.
        let chain = |of: bool| -> Vec<(Timestamp, Vec<AgentReport>)> {
            let record = |(at_record, (a, b)): (usize, &(Vec<Told>, Vec<Told>))| {
                let minutes = 20 * (at_record as i64 + 1) + if of { 7 } else { 0 };
                let until = at(MONDAY, "09:55").plus(Millis(minutes * MINUTE));
                let mine = if of { a } else { b };
                let reports = mine.iter().copied().map(report).map(|mut one| {
                    one.id = EventId(one.id.0 + 1_000 * u64::from(of));
                    one
                });
                (until, reports.filter(|one| one.time <= until).collect())
            };
            told.iter().enumerate().map(record).collect()
        };
        let chains = [chain(false), chain(true)];
        let count = |turns: &mut dyn Iterator<Item = usize>| {
            let mut all = Coverages::default();
            let ten = at(MONDAY, "10:00").minute();
            all.hear(&(ten - 60..ten + 300).collect::<Vec<i32>>(), None);
            let mut next = [0, 0];
            let mut known: [Option<Timestamp>; 2] = [None, None];
            let mut last = None;
            for turn in turns.chain((0..40).map(|n| n % 2)) {
                let Some((until, reports)) = chains[turn].get(next[turn]) else { continue };
                next[turn] += 1;
                for report in reports {
                    all.report(report, known[turn]);
                }
                known[turn] = Some(*until);
                let frontier = known[0].min(known[1]);
                all.advance(Progress { settled: None, frontier }, &rules());
                let counted = all.unstaffed(DEPARTMENTS, &rules())[3];
                assert!(counted >= last, "{counted:?} after {last:?}");
                last = counted;
            }
            last
        };
        let straight = count(&mut std::iter::empty());
        let other = count(&mut turns.into_iter().map(usize::from));
        prop_assert_eq!(straight, other);
    }
}
