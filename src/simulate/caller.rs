//! What callers and those who help them do: how long they talk and wait, what becomes of their
//! questions, and whether they ring again.

use super::calendar::next;
use super::day::{Call, Comeback, Day, HOUR, MINUTE, Moment, SECOND};
use super::demand::{self, Arrival};
use super::desk::{Customer, Exit};
use super::event::{Callback, Cause, Escalation, Leaving, Target, What};
use super::municipality::POOL;

impl Day<'_> {
    /// How long a caller will talk, and wait, and what ends the waiting.
    pub(super) fn customer(&mut self, now: i64, desk: u16, call: u32) -> Customer {
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

    /// The conversation is over: what became of the question.
    pub(super) fn talked(&mut self, now: i64, desk: u16, call: u32, talk_ms: i64, wrap_up_ms: i64) {
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
        // In the order in which they are put; the second is another department's matter.
        for question in 1..=questions {
            let now = now + 10 * i64::from(question - 1);
            let department = self.call(call).department + u16::from(question - 1);
            let matter = department % self.city.desk_of.len() as u16;
            if self.chance.happens(settled) {
                self.write(now, call, desk, What::Resolved { question, matter });
                continue;
            }
            let outcome = match self.chance.pick([0.45, 0.35, 0.15, 0.05].into_iter()) {
                0 => Escalation::TakesOver,
                1 => Escalation::WillCallBack,
                2 => Escalation::AskedToCallLater,
                _ => Escalation::Other,
            };
            self.write(now, call, desk, What::Escalated { question, matter, outcome });
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
                Escalation::WillCallBack => {
                    self.promise_callback(now + 20, desk, call, question);
                }
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
    pub(super) fn promise_callback(&mut self, now: i64, desk: u16, call: u32, question: u8) {
        let of = |step| What::Callback { step, question };
        self.write(now, call, desk, of(Callback::Promised));
        let mut at = now;
        let mut attempts = 1;
        while !self.chance.happens(0.7) && attempts < 3 {
            at = self.later_in_hours(at, 4.0);
            self.write(at, call, desk, of(Callback::Attempted));
            attempts += 1;
        }
        at = self.later_in_hours(at, 3.0);
        if self.chance.happens(0.85) {
            self.write(at, call, desk, of(Callback::Kept));
        } else {
            self.write(at + 48 * HOUR, call, desk, of(Callback::Expired));
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
    pub(super) fn come_back(&mut self, now: i64, call: u32, probability: f64, mean_minutes: f64) {
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
