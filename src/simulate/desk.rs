//! One desk: a line of callers, first come first served, and the agents who log in and out.
//!
//! The desk is a machine without clock and chance of its own. It is told what happens when, and
//! says through [`Desk::told`] what followed and through [`Desk::wakes`] when it wants to be
//! woken. The simulated municipality and the test station with the known answer run on the same
//! code.

use std::collections::VecDeque;

use super::chance::Chance;
use super::event::{AgentState, Leaving, Rejection};

/// How a desk behaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Callers who may wait at once.
    pub(super) capacity: usize,
    /// With this many waiting per logged-in agent, some callers are sent elsewhere unheard.
    pub(super) diverts_at: f64,
    /// Whether a phone rings before an agent answers, and may ring in vain.
    pub(super) rings: bool,
}

/// A caller as the desk sees one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Customer {
    /// The call, for whoever runs the desk.
    pub(super) call: u32,
    /// How long the caller will talk, milliseconds.
    pub(super) talk_ms: i64,
    /// Work after the call, milliseconds.
    pub(super) wrap_up_ms: i64,
    /// When the caller, or the system, gives up waiting.
    pub(super) leaves_at: i64,
    /// In which way.
    pub(super) leaves: Exit,
}

/// How waiting ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    HungUp,
    Left(Leaving),
    /// The call dies without a word: a channel that hangs.
    Vanished,
}

/// What the desk wants to be told later. Stays and agents carry a serial number, so that a wake
/// that something else overtook is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// The patience of this stay is over.
    Leave {
        serial: u32,
    },
    /// The ringing phone is taken.
    Answer {
        agent: u16,
        serial: u32,
    },
    /// The ringing phone has rung in vain.
    RangOut {
        agent: u16,
        serial: u32,
    },
    /// The conversation is over.
    TalkDone {
        agent: u16,
        serial: u32,
    },
    /// The agent can take the next call.
    Free {
        agent: u16,
        serial: u32,
    },
    LogIn {
        agent: u16,
    },
    LogOut {
        agent: u16,
    },
    Pause {
        agent: u16,
        for_ms: i64,
    },
    /// No caller is taken from now on; agents leave when the line is empty.
    Close,
    /// Everyone goes home, whoever waits.
    GoHome,
    /// The telephone system restarts: the line is gone.
    Restart,
}

/// What followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Rejected(Rejection),
    Entered {
        position: u32,
    },
    Ringing {
        agent: u16,
    },
    NoAnswer {
        agent: u16,
    },
    Answered {
        agent: u16,
    },
    Exited {
        how: Exit,
        position: u32,
    },
    /// The conversation ended after so long, with this much work after it.
    Talked {
        talk_ms: i64,
        wrap_up_ms: i64,
    },
    /// The system forgot the call.
    Forgotten,
    Agent {
        agent: u16,
        state: AgentState,
    },
}

#[derive(Clone, Copy, Debug)]
struct Stay {
    serial: u32,
    customer: Customer,
}

#[derive(Clone, Copy, Debug)]
struct Agent {
    state: AgentState,
    /// The caller whose phone call rings or goes on here.
    with: Option<Stay>,
    /// Logs out as soon as free.
    leaving: bool,
    serial: u32,
}

/// The line and the agents.
#[derive(Debug)]
pub(super) struct Desk {
    rules: Rules,
    line: VecDeque<Stay>,
    agents: Vec<Agent>,
    /// Free agents, the one idle for longest first.
    ready: VecDeque<u16>,
    logged_in: usize,
    closed: bool,
    serial: u32,
    /// What followed, with the call it concerns (for agents: none), in order.
    pub(super) told: Vec<(Option<u32>, Told)>,
    /// When the desk wants to be woken, in no particular order.
    pub(super) wakes: Vec<(i64, Wake)>,
}

impl Desk {
    pub(super) fn new(rules: Rules, agents: u16) -> Self {
        let agent = Agent { state: AgentState::LoggedOut, with: None, leaving: false, serial: 0 };
        Desk {
            rules,
            line: VecDeque::new(),
            agents: vec![agent; usize::from(agents)],
            ready: VecDeque::new(),
            logged_in: 0,
            closed: false,
            serial: 0,
            told: Vec::new(),
            wakes: Vec::new(),
        }
    }

    /// Whether anybody who calls now could be served here.
    pub(super) fn is_staffed(&self) -> bool {
        !self.closed && self.logged_in > 0
    }

    /// A caller arrives.
    pub(super) fn offer(&mut self, now: i64, customer: Customer, chance: &mut Chance) {
        let call = Some(customer.call);
        let load = self.line.len() as f64 / self.logged_in.max(1) as f64;
        let refusal = if self.closed {
            Some(Rejection::Closed)
        } else if self.logged_in == 0 {
            Some(Rejection::NoAgent)
        } else if self.line.len() >= self.rules.capacity {
            Some(Rejection::Full)
        } else if load >= self.rules.diverts_at && chance.happens(0.15) {
            Some(Rejection::Diverted)
        } else {
            None
        };
        if let Some(reason) = refusal {
            self.told.push((call, Told::Rejected(reason)));
            return;
        }
        self.serial += 1;
        let stay = Stay { serial: self.serial, customer };
        self.line.push_back(stay);
        let position = u32::try_from(self.line.len()).unwrap_or(u32::MAX);
        self.told.push((call, Told::Entered { position }));
        self.connect(now, chance);
        if self.line.back().is_some_and(|last| last.serial == stay.serial) || self.rules.rings {
            self.wakes.push((customer.leaves_at.max(now), Wake::Leave { serial: stay.serial }));
        }
    }

    /// Something that the desk asked for, or that its timetable holds, comes about.
    pub(super) fn wake(&mut self, now: i64, wake: Wake, chance: &mut Chance) {
        match wake {
            Wake::Leave { serial } => self.leave(now, serial, chance),
            Wake::Answer { agent, serial } if self.is_at(agent, serial, AgentState::Ringing) => {
                self.answer(now, agent);
            }
            Wake::RangOut { agent, serial } if self.is_at(agent, serial, AgentState::Ringing) => {
                self.rang_out(now, agent, chance);
            }
            Wake::TalkDone { agent, serial } if self.is_at(agent, serial, AgentState::Talking) => {
                self.talk_done(now, agent, chance);
            }
            Wake::Free { agent, serial } if self.agent(agent).serial == serial => {
                self.free(now, agent, chance);
            }
            Wake::Answer { .. }
            | Wake::RangOut { .. }
            | Wake::TalkDone { .. }
            | Wake::Free { .. } => {}
            Wake::LogIn { agent } => {
                if self.agent(agent).state == AgentState::LoggedOut && !self.closed {
                    self.agent(agent).leaving = false;
                    self.logged_in += 1;
                    self.free(now, agent, chance);
                } else {
                    self.agent(agent).leaving = self.closed;
                }
            }
            Wake::LogOut { agent } => {
                self.agent(agent).leaving = true;
                self.send_home_if_idle(agent);
                self.empty_the_line_if_unstaffed();
            }
            Wake::Pause { agent, for_ms } => {
                if self.agent(agent).state == AgentState::Ready {
                    self.pause(now, agent, for_ms);
                }
            }
            Wake::Close => {
                self.closed = true;
                self.send_home_all_idle();
            }
            Wake::GoHome => {
                self.closed = true;
                for agent in self.numbers() {
                    self.agent(agent).leaving = true;
                }
                self.send_home_all_idle();
                self.empty_the_line();
            }
            Wake::Restart => self.restart(now, chance),
        }
    }

    fn numbers(&self) -> std::ops::Range<u16> {
        0..u16::try_from(self.agents.len()).unwrap_or(u16::MAX)
    }

    fn agent(&mut self, agent: u16) -> &mut Agent {
        &mut self.agents[usize::from(agent)]
    }

    fn is_at(&mut self, agent: u16, serial: u32, state: AgentState) -> bool {
        let agent = self.agent(agent);
        agent.serial == serial && agent.state == state
    }

    fn turn(&mut self, agent: u16, state: AgentState) -> u32 {
        let entry = self.agent(agent);
        entry.state = state;
        entry.serial += 1;
        let serial = entry.serial;
        self.told.push((None, Told::Agent { agent, state }));
        serial
    }

    /// Gives those first in line to free agents.
    fn connect(&mut self, now: i64, chance: &mut Chance) {
        while !self.line.is_empty() && !self.ready.is_empty() {
            let (Some(stay), Some(agent)) = (self.line.pop_front(), self.ready.pop_front()) else {
                return;
            };
            self.agent(agent).with = Some(stay);
            if !self.rules.rings {
                self.answer(now, agent);
                continue;
            }
            let serial = self.turn(agent, AgentState::Ringing);
            self.told.push((Some(stay.customer.call), Told::Ringing { agent }));
            if chance.happens(0.03) {
                self.wakes.push((now + 20_000, Wake::RangOut { agent, serial }));
            } else if chance.happens(0.02) {
                // Automatic answer: the caller is through at once.
                self.wakes.push((now, Wake::Answer { agent, serial }));
            } else {
                let ring = chance.lognormal(3_500.0, 0.4) as i64;
                self.wakes.push((now + ring.min(15_000), Wake::Answer { agent, serial }));
            }
        }
    }

    fn answer(&mut self, now: i64, agent: u16) {
        let Some(stay) = self.agent(agent).with else { return };
        let serial = self.turn(agent, AgentState::Talking);
        self.told.push((Some(stay.customer.call), Told::Answered { agent }));
        self.wakes.push((now + stay.customer.talk_ms, Wake::TalkDone { agent, serial }));
    }

    /// After 20 s in vain the caller is first in line again, and the agent is given a pause.
    fn rang_out(&mut self, now: i64, agent: u16, chance: &mut Chance) {
        let Some(stay) = self.agent(agent).with.take() else { return };
        self.told.push((Some(stay.customer.call), Told::NoAnswer { agent }));
        self.line.push_front(stay);
        if stay.customer.leaves_at <= now {
            // The way out that was held back while the phone rang.
            self.wakes.push((now, Wake::Leave { serial: stay.serial }));
        }
        self.agent(agent).state = AgentState::Ready;
        let pause_ms = chance.between(60_000.0, 180_000.0) as i64;
        self.pause(now, agent, pause_ms);
        self.connect(now, chance);
    }

    fn pause(&mut self, now: i64, agent: u16, for_ms: i64) {
        self.ready.retain(|&other| other != agent);
        let serial = self.turn(agent, AgentState::Paused);
        self.wakes.push((now + for_ms, Wake::Free { agent, serial }));
    }

    fn talk_done(&mut self, now: i64, agent: u16, chance: &mut Chance) {
        let Some(stay) = self.agent(agent).with.take() else { return };
        let Customer { call, talk_ms, wrap_up_ms, .. } = stay.customer;
        self.told.push((Some(call), Told::Talked { talk_ms, wrap_up_ms }));
        if wrap_up_ms == 0 {
            return self.free(now, agent, chance);
        }
        let serial = self.turn(agent, AgentState::WrapUp);
        self.wakes.push((now + wrap_up_ms, Wake::Free { agent, serial }));
    }

    fn free(&mut self, now: i64, agent: u16, chance: &mut Chance) {
        let line_is_empty = self.line.is_empty();
        self.turn(agent, AgentState::Ready);
        self.ready.push_back(agent);
        if self.agent(agent).leaving || (self.closed && line_is_empty) {
            self.send_home_if_idle(agent);
            self.empty_the_line_if_unstaffed();
        } else {
            self.connect(now, chance);
        }
    }

    fn leave(&mut self, now: i64, serial: u32, chance: &mut Chance) {
        if let Some(place) = self.line.iter().position(|stay| stay.serial == serial) {
            let Some(stay) = self.line.remove(place) else { return };
            let position = u32::try_from(place + 1).unwrap_or(u32::MAX);
            let told = Told::Exited { how: stay.customer.leaves, position };
            self.told.push((Some(stay.customer.call), told));
            if self.closed && self.line.is_empty() {
                self.send_home_all_idle();
            }
            return;
        }
        // A caller can hang up while a phone rings; the system moves nobody who is about to be
        // answered.
        let rings_at = self.numbers().find(|&number| {
            let agent = self.agents[usize::from(number)];
            agent.state == AgentState::Ringing
                && agent.with.is_some_and(|stay| {
                    stay.serial == serial && stay.customer.leaves == Exit::HungUp
                })
        });
        if let Some(agent) = rings_at {
            let Some(stay) = self.agent(agent).with.take() else { return };
            let told = Told::Exited { how: Exit::HungUp, position: 1 };
            self.told.push((Some(stay.customer.call), told));
            self.free(now, agent, chance);
        }
    }

    fn send_home_if_idle(&mut self, agent: u16) {
        let state = self.agent(agent).state;
        if !matches!(state, AgentState::Ready | AgentState::Paused) {
            return;
        }
        self.ready.retain(|&other| other != agent);
        self.logged_in -= 1;
        self.turn(agent, AgentState::LoggedOut);
    }

    fn send_home_all_idle(&mut self) {
        if self.line.is_empty() || self.agents.iter().all(|agent| agent.leaving) {
            for agent in self.numbers() {
                self.send_home_if_idle(agent);
            }
        }
    }

    fn empty_the_line_if_unstaffed(&mut self) {
        if self.logged_in == 0 {
            self.empty_the_line();
        }
    }

    fn empty_the_line(&mut self) {
        while let Some(stay) = self.line.pop_front() {
            let told = Told::Exited { how: Exit::Left(Leaving::LeftEmpty), position: 1 };
            self.told.push((Some(stay.customer.call), told));
        }
    }

    fn restart(&mut self, now: i64, chance: &mut Chance) {
        while let Some(stay) = self.line.pop_front() {
            self.told.push((Some(stay.customer.call), Told::Forgotten));
        }
        for number in self.numbers() {
            if self.agent(number).state == AgentState::Ringing {
                if let Some(stay) = self.agent(number).with.take() {
                    self.told.push((Some(stay.customer.call), Told::Forgotten));
                }
                self.free(now, number, chance);
            }
        }
    }
}
