//! One simulated day: callers ring, operators and desks answer, and everything is written down
//! with its true time. Clocks and losses come later (`faults`).

use jiff::civil::Date;

use super::agenda::Agenda;
use super::calendar::{day_number, is_working_day, next};
use super::chance::Chance;
use super::demand::{self, Arrival};
use super::desk::{Customer, Desk, Exit, Rules, Told, Wake};
use super::event::{
    AgentName, AgentState, Cause, Escalation, Event, Leaving, NONE, Rejection, Source, Target, What,
};
use super::municipality::{Municipality, POOL};

/// Purpose of the streams of chance of this file.
const DAY: u64 = 10;
pub(super) const SECOND: f64 = 1_000.0;
const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 3_600_000;

/// Somebody who rings again on the next day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comeback {
    at: i64,
    department: u16,
    direct: bool,
    caller: Option<u32>,
}

/// What a day leaves behind.
pub(super) struct Outcome {
    /// Every event with its true time, in the order of writing.
    pub(super) events: Vec<Event>,
    /// Who rings again on the next day.
    pub(super) comebacks: Vec<Comeback>,
}

/// Lives through one day.
pub(super) fn simulate(
    city: &Municipality,
    date: Date,
    comebacks: Vec<Comeback>,
    restarts: &[(Source, i64)],
) -> Outcome {
    let mut day = Day::new(city, date, restarts);
    day.invite(comebacks);
    day.open_desks();
    while let Some((now, moment)) = day.agenda.next() {
        day.live(now, moment);
    }
    Outcome { events: day.events, comebacks: day.comebacks }
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The call reaches the municipality.
    Rings(u32),
    /// The call reaches the operators, for the first time or again.
    Operators(u32),
    /// The call reaches a desk.
    Desk(u16, u32),
    /// A desk asked for it, or its timetable says so.
    Wake(u16, Wake),
}

#[derive(Clone, Copy, Debug)]
struct Call {
    department: u16,
    caller: Option<u32>,
    direct: bool,
    for_the_desk: bool,
    /// Stays so far; the last is where the call is.
    stays: u8,
    rings: u16,
    /// Was passed to a wrong desk before.
    bounced: bool,
}

pub(super) struct Day<'a> {
    pub(super) city: &'a Municipality,
    pub(super) number: i32,
    pub(super) chance: Chance,
    agenda: Agenda<Moment>,
    calls: Vec<Call>,
    desks: Vec<Desk>,
    /// Per desk and agent, the state last written down.
    shown: Vec<Vec<AgentState>>,
    events: Vec<Event>,
    comebacks: Vec<Comeback>,
    restarts: &'a [(Source, i64)],
    hours: Option<(i64, i64)>,
    date: Date,
    midnight_after: i64,
    operators: usize,
}

impl<'a> Day<'a> {
    fn new(city: &'a Municipality, date: Date, restarts: &'a [(Source, i64)]) -> Self {
        let number = i32::try_from(day_number(date)).expect("within two centuries");
        Day {
            city,
            number,
            chance: Chance::new(city.parameters.seed, DAY, i64::from(number)),
            agenda: Agenda::new(),
            calls: Vec::new(),
            desks: Vec::new(),
            shown: Vec::new(),
            events: Vec::new(),
            comebacks: Vec::new(),
            restarts,
            hours: city.calendar.hours(date),
            date,
            midnight_after: city.calendar.midnight(next(date)),
            operators: (4.0 * city.parameters.scale).ceil() as usize + 1,
        }
    }

    fn invite(&mut self, comebacks: Vec<Comeback>) {
        for arrival in demand::arrivals(self.city, self.date, &mut self.chance) {
            let known = !self.chance.happens(0.12);
            let caller = known.then(|| self.chance.below(495 * 10_000) as u32);
            self.ring_at(arrival, caller);
        }
        for Comeback { at, department, direct, caller } in comebacks {
            self.ring_at(Arrival { at, department, direct, for_the_desk: false }, caller);
        }
    }

    fn ring_at(&mut self, arrival: Arrival, caller: Option<u32>) {
        let Arrival { at, department, direct, for_the_desk } = arrival;
        let call = u32::try_from(self.calls.len()).expect("a day has fewer than 4 G calls");
        self.calls.push(Call {
            department,
            caller,
            direct,
            for_the_desk,
            stays: 0,
            rings: 0,
            bounced: false,
        });
        self.agenda.add(at, Moment::Rings(call));
    }

    /// Who works today, from when to when.
    fn open_desks(&mut self) {
        for (number, &agents) in (0_u16..).zip(&self.city.agents) {
            let rules = Rules {
                capacity: 3 + usize::from(agents) / 2 + usize::from(agents) / 6,
                diverts_at: 0.9,
                rings: true,
            };
            self.desks.push(Desk::new(rules, agents));
            self.shown.push(vec![AgentState::LoggedOut; usize::from(agents)]);
            if let Some((opens, closes)) = self.hours.filter(|_| is_working_day(self.date)) {
                self.timetable(number, agents, opens, closes);
            }
        }
    }

    fn timetable(&mut self, desk: u16, agents: u16, opens: i64, closes: i64) {
        // Now and then a desk closes early for a meeting, or everyone goes to lunch at once.
        let closes_early = self.chance.happens(0.02);
        let closes = if closes_early { closes - HOUR / 2 } else { closes };
        let lunch_together = agents <= 4 && self.chance.happens(0.07);
        let noon = opens + 4 * HOUR;
        let together_at = noon + self.minutes(0.0, 60.0);
        for agent in 0..agents {
            let present = agent == 0 || !self.chance.happens(0.04);
            if !present {
                continue;
            }
            let comes = opens - self.minutes(1.0, 12.0);
            let lunch = if lunch_together {
                together_at + self.minutes(0.0, 3.0)
            } else {
                // One after the other between 11 and 13:30.
                noon - HOUR / 2 + i64::from(agent % 4) * 38 * MINUTE + self.minutes(0.0, 5.0)
            };
            let back = lunch + self.minutes(20.0, 35.0);
            self.wake_at(desk, comes, Wake::LogIn { agent });
            if back < closes {
                self.wake_at(desk, lunch, Wake::LogOut { agent });
                self.wake_at(desk, back, Wake::LogIn { agent });
            }
            for coffee in [opens + 2 * HOUR, opens + 7 * HOUR] {
                let at = coffee + self.minutes(0.0, 60.0);
                let for_ms = self.minutes(5.0, 12.0);
                if agents > 2 && at + for_ms < closes {
                    self.wake_at(desk, at, Wake::Pause { agent, for_ms });
                }
            }
        }
        self.wake_at(desk, closes, Wake::Close);
        self.wake_at(desk, closes + 25 * MINUTE, Wake::GoHome);
        for &(source, at) in self.restarts {
            if source == Source::Queues {
                self.wake_at(desk, at, Wake::Restart);
            }
        }
    }

    fn wake_at(&mut self, desk: u16, at: i64, wake: Wake) {
        self.agenda.add(at, Moment::Wake(desk, wake));
    }

    fn minutes(&mut self, low: f64, high: f64) -> i64 {
        (self.chance.between(low, high) * 60.0 * SECOND) as i64
    }

    fn live(&mut self, now: i64, moment: Moment) {
        match moment {
            Moment::Rings(call) => {
                if self.call(call).direct {
                    let desk = self.city.desk_of[usize::from(self.call(call).department)];
                    self.reach_desk(now, desk, call);
                } else {
                    self.reach_operators(now, call);
                }
            }
            Moment::Operators(call) => self.reach_operators(now, call),
            Moment::Desk(desk, call) => self.reach_desk(now, desk, call),
            Moment::Wake(desk, wake) => {
                self.desks[usize::from(desk)].wake(now, wake, &mut self.chance);
                self.hear(now, desk);
            }
        }
    }

    fn call(&mut self, call: u32) -> &mut Call {
        &mut self.calls[call as usize]
    }

    fn is_open(&self, at: i64) -> bool {
        self.hours.is_some_and(|(opens, closes)| opens <= at && at < closes)
    }

    /// Writes down what happened to a call where it is.
    fn write(&mut self, time: i64, call: u32, queue: u16, what: What) {
        let Call { department, stays, .. } = self.calls[call as usize];
        // The main number counts on the department that runs the switchboard.
        let (department, source) =
            if queue == NONE { (0, Source::Switchboard) } else { (department, Source::Queues) };
        self.push(time, call, department, queue, stays, source, what);
    }

    #[expect(clippy::too_many_arguments, reason = "one event, field by field")]
    pub(super) fn push(
        &mut self,
        time: i64,
        contact: u32,
        department: u16,
        queue: u16,
        segment: u8,
        source: Source,
        what: What,
    ) {
        let number = u32::try_from(self.events.len()).expect("a day has fewer than 4 G events");
        let day = self.number;
        self.events.push(Event {
            time,
            number,
            day,
            contact,
            department,
            queue,
            segment,
            source,
            what,
        });
    }

    fn reach_operators(&mut self, now: i64, call: u32) {
        self.call(call).stays += 1;
        let caller = self.call(call).caller;
        self.write(now, call, NONE, What::Offered { direct: false, caller });
        let ring_ms = self.chance.lognormal(6.0 * SECOND, 0.7) as i64;
        let opens_in = self.hours.map_or(i64::MAX, |(opens, _)| opens - now);
        let answer = if self.is_open(now) {
            now + ring_ms
        } else if (0..3 * MINUTE).contains(&opens_in) {
            now + opens_in + ring_ms
        } else if self.chance.happens(0.8) {
            self.write(now + 200, call, NONE, What::Rejected(Rejection::Closed));
            let ended = self.ended(None, None, Cause::Closed);
            return self.write(now + 8_000, call, NONE, ended);
        } else {
            // Somebody may work late and take the call.
            now + if self.chance.happens(0.3) { 2 * ring_ms } else { HOUR }
        };
        let patience = if self.chance.happens(0.02) {
            self.chance.exponential(6.0 * SECOND)
        } else {
            15.0 * SECOND + self.chance.exponential(120.0 * SECOND)
        };
        let leaves = now + patience as i64;
        let operator = AgentName { desk: NONE, number: self.chance.below(self.operators) as u16 };
        let ends = answer.min(leaves);
        if self.is_open(now) {
            self.write(
                now + 150.min(ends - now),
                call,
                NONE,
                What::Ringing { agent: operator, ring: 1 },
            );
        }
        if ends - now > 3_000 && self.chance.happens(0.08) {
            self.write(now + 1_000, call, NONE, What::MetByMachine);
        }
        let restart = self
            .restarts
            .iter()
            .any(|&(source, at)| source == Source::Switchboard && now < at && at <= ends);
        let vanished = self.chance.happens(0.0003);
        if restart || vanished {
            return self.come_back(ends, call, 0.5, 10.0);
        }
        if leaves < answer {
            self.write(leaves, call, NONE, What::Abandoned { position: 1 });
            let ended = self.ended(None, None, Cause::CallerHungUp);
            self.write(leaves + 40, call, NONE, ended);
            return self.come_back(leaves, call, 0.5, 20.0);
        }
        self.write(answer, call, NONE, What::Answered { agent: operator });
        self.operator_talks(answer, call);
    }

    fn operator_talks(&mut self, answer: i64, call: u32) {
        // Nobody asks and is understood in under five seconds, and so no wrong clock can bring
        // the desk before the operator.
        let talk_ms = self.chance.lognormal(35.0 * SECOND, 0.8).clamp(5_000.0, 900_000.0) as i64;
        let done = answer + talk_ms;
        let wish = self.chance.unit();
        let cause = if self.call(call).for_the_desk || wish < 0.40 {
            let desk = self.city.desk_of[usize::from(self.call(call).department)];
            let blind = self.chance.happens(0.7);
            let to = Target::Queue(desk);
            self.write(done, call, NONE, What::Passed { blind, by_matter: true, to });
            let way = 200 + self.chance.below(1_200) as i64;
            self.agenda.add(done + way, Moment::Desk(desk, call));
            Cause::Passed
        } else if wish < 0.65 {
            let blind = self.chance.happens(0.8);
            let to = Target::Extension(self.chance.below(10_000) as u16);
            self.write(done, call, NONE, What::Passed { blind, by_matter: false, to });
            Cause::Passed
        } else {
            if wish < 0.95 {
                self.write(done - 500, call, NONE, What::Resolved { question: 1 });
            }
            Cause::CallerHungUp
        };
        let ended = self.ended(Some(talk_ms), None, cause);
        self.write(done + 50, call, NONE, ended);
        if wish >= 0.40 && !self.call(call).for_the_desk {
            self.come_back(done, call, 0.06, 180.0);
        }
    }

    fn ended(&self, talk_ms: Option<i64>, wrap_up_ms: Option<i64>, cause: Cause) -> What {
        let whole = |ms: i64| u32::try_from(ms).unwrap_or(u32::MAX);
        What::Ended { talk_ms: talk_ms.map(whole), wrap_up_ms: wrap_up_ms.map(whole), cause }
    }

    fn reach_desk(&mut self, now: i64, desk: u16, call: u32) {
        let first = self.call(call).stays == 0;
        self.call(call).stays += 1;
        let Call { direct, caller, .. } = *self.call(call);
        self.write(now, call, desk, What::Offered { direct: direct && first, caller });
        if !self.is_open(now) {
            self.write(now + 20, call, desk, What::Rejected(Rejection::Closed));
            let ended = self.ended(None, None, Cause::Closed);
            return self.write(now + 5_000, call, desk, ended);
        }
        let customer = self.customer(now, desk, call);
        self.desks[usize::from(desk)].offer(now, customer, &mut self.chance);
        self.hear(now, desk);
    }

    /// How long a caller will talk, and wait, and what ends the waiting.
    fn customer(&mut self, now: i64, desk: u16, call: u32) -> Customer {
        let chance = &mut self.chance;
        let talk_ms = chance.lognormal(180.0 * SECOND, 0.75).clamp(8_000.0, 7_200_000.0) as i64;
        let wrap_up_ms = chance.exponential(45.0 * SECOND) as i64;
        let balks = chance.happens(0.04);
        let patience = if balks {
            chance.between(0.0, 10.0)
        } else {
            // A Weibull of shape 0.9 has its mean at scale × Γ(1 + 1/0.9) = scale × 1.0522.
            10.0 + chance.weibull(0.9, 7.0 * 60.0 / 1.0522)
        };
        let mut exits = vec![(patience * SECOND, Exit::HungUp)];
        let mut maybe = |probability: f64, low: f64, high: f64, exit: Exit| {
            let at = chance.between(low, high) * SECOND;
            if chance.happens(probability) {
                exits.push((at, exit));
            }
        };
        maybe(0.03, 20.0, 150.0, Exit::Left(Leaving::KeyExit));
        maybe(0.06, 90.0, 180.0, Exit::Left(Leaving::Callback));
        maybe(0.004, 20.0, 240.0, Exit::Left(Leaving::Withdrawn));
        maybe(0.001, 10.0, 200.0, Exit::Vanished);
        if desk == POOL {
            maybe(1.0, 900.0, 900.0, Exit::Left(Leaving::TimedOut));
        } else {
            maybe(0.4, 240.0, 240.0, Exit::Left(Leaving::Overflowed));
            maybe(1.0, 480.0, 480.0, Exit::Left(Leaving::TimedOut));
        }
        let (after, leaves) = exits
            .into_iter()
            .min_by(|left, right| left.0.total_cmp(&right.0))
            .expect("patience is always among them");
        Customer { call, talk_ms, wrap_up_ms, leaves_at: now + after as i64, leaves }
    }

    /// Writes down what a desk says, and sends callers on.
    fn hear(&mut self, now: i64, desk: u16) {
        let wakes = std::mem::take(&mut self.desks[usize::from(desk)].wakes);
        for (at, wake) in wakes {
            self.wake_at(desk, at, wake);
        }
        let told = std::mem::take(&mut self.desks[usize::from(desk)].told);
        for (call, told) in told {
            match (call, told) {
                (None, Told::Agent { agent, state }) => self.agent_turns(now, desk, agent, state),
                (Some(call), told) => self.hear_of_call(now, desk, call, told),
                (None, _) => {}
            }
        }
    }

    fn agent_turns(&mut self, now: i64, desk: u16, number: u16, state: AgentState) {
        let at_work = |state| {
            matches!(
                state,
                AgentState::Ready | AgentState::Ringing | AgentState::Talking | AgentState::WrapUp
            )
        };
        let shown = &mut self.shown[usize::from(desk)][usize::from(number)];
        let same = *shown == state || (at_work(*shown) && at_work(state));
        *shown = state;
        if same && !self.city.parameters.every_agent_state {
            return;
        }
        let agent = AgentName { desk, number };
        self.push(now, 0, NONE, NONE, 0, Source::Queues, What::Agent { agent, state });
    }

    fn hear_of_call(&mut self, now: i64, desk: u16, call: u32, told: Told) {
        let name = |number| AgentName { desk, number };
        match told {
            Told::Rejected(reason) => {
                self.write(now, call, desk, What::Rejected(reason));
                let refused =
                    matches!(reason, Rejection::Full | Rejection::NoAgent | Rejection::Diverted);
                if refused && self.chance.happens(0.4) && self.send_to_pool(now, desk, call) {
                    return;
                }
                let cause =
                    if reason == Rejection::Closed { Cause::Closed } else { Cause::LeftQueue };
                let ended = self.ended(None, None, cause);
                self.write(now + 4_000, call, desk, ended);
                self.come_back(now, call, 0.5, 30.0);
            }
            Told::Entered { position } => self.write(now, call, desk, What::Entered { position }),
            Told::Ringing { agent } => {
                self.call(call).rings += 1;
                let ring = self.call(call).rings;
                self.write(now, call, desk, What::Ringing { agent: name(agent), ring });
            }
            Told::NoAnswer { agent } => {
                self.write(now, call, desk, What::NoAnswer { agent: name(agent) });
            }
            Told::Answered { agent } => {
                self.write(now, call, desk, What::Answered { agent: name(agent) });
            }
            Told::Exited { how: Exit::HungUp, position } => {
                self.write(now, call, desk, What::Abandoned { position });
                let ended = self.ended(None, None, Cause::CallerHungUp);
                self.write(now + 30, call, desk, ended);
                self.come_back(now, call, 0.5, 40.0);
            }
            Told::Exited { how: Exit::Left(leaving), .. } => self.left(now, desk, call, leaving),
            Told::Exited { how: Exit::Vanished, .. } | Told::Forgotten => {
                self.come_back(now, call, 0.5, 10.0);
            }
            Told::Talked { talk_ms, wrap_up_ms } => {
                self.talked(now, desk, call, talk_ms, wrap_up_ms);
            }
            Told::Agent { .. } => {}
        }
    }

    fn left(&mut self, now: i64, desk: u16, call: u32, leaving: Leaving) {
        self.write(now, call, desk, What::Left(leaving));
        let goes_on = match leaving {
            Leaving::Overflowed => self.send_to_pool(now, desk, call),
            Leaving::TimedOut => self.chance.happens(0.5) && self.send_to_pool(now, desk, call),
            Leaving::KeyExit => {
                let back = self.chance.happens(0.5);
                if back {
                    self.agenda.add(now + 700, Moment::Operators(call));
                }
                back
            }
            Leaving::Callback => {
                self.promise_callback(now + 100, desk, call);
                false
            }
            Leaving::LeftEmpty | Leaving::Withdrawn => false,
        };
        if !goes_on {
            let ended = self.ended(None, None, Cause::LeftQueue);
            self.write(now + 200, call, desk, ended);
        }
    }

    /// Moves a caller from an own desk to the pooled one, if there is somebody.
    fn send_to_pool(&mut self, now: i64, desk: u16, call: u32) -> bool {
        let possible = desk != POOL && self.desks[usize::from(POOL)].is_staffed();
        if possible {
            let way = 20 + self.chance.below(400) as i64;
            self.agenda.add(now + way, Moment::Desk(POOL, call));
        }
        possible
    }

    /// The conversation is over: what became of the question.
    fn talked(&mut self, now: i64, desk: u16, call: u32, talk_ms: i64, wrap_up_ms: i64) {
        let ended_at = now + wrap_up_ms;
        if !self.call(call).bounced && self.chance.happens(0.03) {
            let department = demand::department(self.city, &mut self.chance);
            let other = self.city.desk_of[usize::from(department)];
            if other != desk {
                let to = Target::Queue(other);
                self.write(now, call, desk, What::Passed { blind: false, by_matter: true, to });
                let ended = self.ended(Some(talk_ms), Some(wrap_up_ms), Cause::Passed);
                self.write(ended_at, call, desk, ended);
                // The stay at the wrong desk keeps its department, so the call changes hands
                // only after its last word there.
                self.call(call).department = department;
                self.call(call).bounced = true;
                self.agenda.add(now + 600, Moment::Desk(other, call));
                return;
            }
        }
        let questions = if self.chance.happens(0.05) { 2 } else { 1 };
        let mut again = 0.06;
        let mut cause = Cause::CallerHungUp;
        let settled = 0.6 + 0.2 * (f64::from(self.call(call).department) * 0.37).fract();
        for question in 1..=questions {
            if self.chance.happens(settled) {
                self.write(now, call, desk, What::Resolved { question });
                continue;
            }
            let outcome = match self.chance.pick([0.45, 0.35, 0.15, 0.05].into_iter()) {
                0 => Escalation::TakesOver,
                1 => Escalation::WillCallBack,
                2 => Escalation::AskedToCallLater,
                _ => Escalation::Other,
            };
            self.write(now, call, desk, What::Escalated { question, outcome });
            match outcome {
                Escalation::TakesOver if cause != Cause::Passed => {
                    let to = Target::Extension(self.chance.below(10_000) as u16);
                    self.write(
                        now + 10,
                        call,
                        desk,
                        What::Passed { blind: false, by_matter: false, to },
                    );
                    cause = Cause::Passed;
                }
                Escalation::WillCallBack => self.promise_callback(now + 20, desk, call),
                Escalation::AskedToCallLater => again = 0.5,
                Escalation::TakesOver | Escalation::Other => {}
            }
        }
        if cause != Cause::Passed && self.chance.happens(0.3) {
            cause = Cause::AgentHungUp;
        }
        // A few ends are written hours later, when the system notices.
        let bounced = self.call(call).bounced;
        let noticed = if !bounced && self.chance.happens(0.003) {
            (self.chance.between(1.0, 5.0) * HOUR as f64) as i64
        } else {
            0
        };
        let ended = self.ended(Some(talk_ms), Some(wrap_up_ms), cause);
        self.write(ended_at + noticed, call, desk, ended);
        self.come_back(now, call, again, 180.0);
    }

    /// Promises to ring back; 85 % of promises are kept within two working days.
    fn promise_callback(&mut self, now: i64, desk: u16, call: u32) {
        self.write(now, call, desk, What::CallbackPromised);
        let mut at = now;
        let mut attempts = 1;
        while !self.chance.happens(0.7) && attempts < 3 {
            at = self.later_in_hours(at, 4.0);
            self.write(at, call, desk, What::CallbackAttempted);
            attempts += 1;
        }
        at = self.later_in_hours(at, 3.0);
        if self.chance.happens(0.85) {
            self.write(at, call, desk, What::CallbackKept);
        } else {
            self.write(at + 48 * HOUR, call, desk, What::CallbackExpired);
        }
    }

    /// A moment within opening hours, some hours on.
    pub(super) fn later_in_hours(&mut self, from: i64, mean_hours: f64) -> i64 {
        let at = from + (self.chance.exponential(mean_hours) * HOUR as f64) as i64 + MINUTE;
        let mut date = self.city.calendar.local_date(at);
        loop {
            match self.city.calendar.hours(date) {
                Some((_, closes)) if at < closes => break,
                Some(_) | None => date = next(date),
            }
        }
        let (opens, _) = self.city.calendar.hours(date).expect("the loop ends on a working day");
        if at < opens { opens + self.minutes(1.0, 120.0) } else { at }
    }

    /// Perhaps rings again within 24 h.
    fn come_back(&mut self, now: i64, call: u32, probability: f64, mean_minutes: f64) {
        if !self.chance.happens(probability) {
            return;
        }
        let Call { department, direct, caller, .. } = *self.call(call);
        let wait = MINUTE as f64 + self.chance.exponential(mean_minutes) * MINUTE as f64;
        let mut at = now + wait as i64;
        if self.hours.is_none_or(|(_, closes)| at >= closes) {
            let tomorrow = self.city.calendar.at(next(self.date), 7, 30);
            at = tomorrow + self.minutes(0.0, 240.0);
        }
        if at - now > 24 * HOUR {
            return;
        }
        if at < self.midnight_after {
            self.ring_at(Arrival { at, department, direct, for_the_desk: false }, caller);
        } else {
            self.comebacks.push(Comeback { at, department, direct, caller });
        }
    }
}
