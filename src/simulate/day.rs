//! One simulated day: callers ring, operators and desks answer, and everything is written down
//! with its true time. Clocks and losses come later (`faults`).

use jiff::civil::Date;

use super::agenda::Agenda;
use super::calendar::{day_number, next};
use super::chance::Chance;
use super::demand::{self, Arrival};
use super::desk::{Desk, Exit, Rules, Told, Wake};
use super::event::{
    AgentName, AgentState, Cause, Event, Leaving, NONE, Rejection, Source, Target, What,
};
use super::municipality::{Municipality, POOL};

/// Purpose of the streams of chance of this file.
const DAY: u64 = 10;
pub(super) const SECOND: f64 = 1_000.0;
pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 3_600_000;

/// Somebody who rings again on the next day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comeback {
    pub(super) at: i64,
    pub(super) department: u16,
    pub(super) direct: bool,
    pub(super) caller: Option<u32>,
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
pub(super) enum Moment {
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
pub(super) struct Call {
    pub(super) department: u16,
    pub(super) caller: Option<u32>,
    pub(super) direct: bool,
    pub(super) for_the_desk: bool,
    /// Stays so far; the last is where the call is.
    pub(super) stays: u8,
    pub(super) rings: u16,
    /// Was passed to a wrong desk before.
    pub(super) bounced: bool,
}

pub(super) struct Day<'a> {
    pub(super) city: &'a Municipality,
    pub(super) number: i32,
    pub(super) chance: Chance,
    pub(super) agenda: Agenda<Moment>,
    calls: Vec<Call>,
    desks: Vec<Desk>,
    /// Per desk and agent, the state last written down.
    shown: Vec<Vec<AgentState>>,
    events: Vec<Event>,
    pub(super) comebacks: Vec<Comeback>,
    restarts: &'a [(Source, i64)],
    pub(super) hours: Option<(i64, i64)>,
    pub(super) date: Date,
    pub(super) midnight_after: i64,
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

    pub(super) fn ring_at(&mut self, arrival: Arrival, caller: Option<u32>) {
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
            if let Some((opens, closes)) = self.hours {
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

    pub(super) fn minutes(&mut self, low: f64, high: f64) -> i64 {
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

    pub(super) fn call(&mut self, call: u32) -> &mut Call {
        &mut self.calls[call as usize]
    }

    pub(super) fn is_open(&self, at: i64) -> bool {
        self.hours.is_some_and(|(opens, closes)| opens <= at && at < closes)
    }

    /// Writes down what happened to a call where it is.
    pub(super) fn write(&mut self, time: i64, call: u32, queue: u16, what: What) {
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
                self.write(done - 500, call, NONE, What::Resolved { question: 1, matter: NONE });
            }
            Cause::CallerHungUp
        };
        let ended = self.ended(Some(talk_ms), None, cause);
        self.write(done + 50, call, NONE, ended);
        if wish >= 0.40 && !self.call(call).for_the_desk {
            self.come_back(done, call, 0.06, 180.0);
        }
    }

    pub(super) fn ended(
        &self,
        talk_ms: Option<i64>,
        wrap_up_ms: Option<i64>,
        cause: Cause,
    ) -> What {
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
                self.promise_callback(now + 100, desk, call, 0);
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
}
