//! The broker as the daemon knows it: logs that only grow, and a group that shares out partitions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::city::Event;

/// One record of the ledger.
#[derive(Clone, Debug)]
pub(super) struct Landed {
    pub(super) at: u64,
    pub(super) bytes: Arc<[u8]>,
}

/// Topics and group.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) inputs: Vec<Vec<Event>>,
    /// By partition: the first offset that is still there.
    pub(super) lows: Vec<i64>,
    pub(super) ledger: Vec<Vec<Landed>>,
    /// Partition, offset and reason.
    pub(super) rejects: BTreeSet<(usize, i64, &'static str)>,
    pub(super) group: Group,
}

impl Broker {
    pub(super) fn new(inputs: Vec<Vec<Event>>) -> Broker {
        let count = inputs.len();
        Broker {
            inputs,
            lows: vec![0; count],
            ledger: vec![Vec::new(); count],
            rejects: BTreeSet::new(),
            group: Group::new(count),
        }
    }

    /// The first and the next offset of an input.
    pub(super) fn bounds(&self, partition: usize, now: u64) -> (i64, i64) {
        let there = self.inputs[partition].partition_point(|event| event.at <= now);
        (self.lows[partition], (there as i64).max(self.lows[partition]))
    }
}

/// What the group tells a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    Assign(usize),
    Revoke(usize),
}

#[derive(Debug, Default)]
struct Seat {
    heard_at: u64,
    notices: VecDeque<Notice>,
}

/// A group with cooperative rebalancing: a partition is given on once it was given back.
#[derive(Debug, Default)]
pub(super) struct Group {
    seats: BTreeMap<u64, Seat>,
    owners: Vec<Option<u64>>,
    /// By partition: until when it has to be given back.
    revoking: Vec<Option<u64>>,
    members: u64,
}

impl Group {
    fn new(partitions: usize) -> Group {
        Group {
            owners: vec![None; partitions],
            revoking: vec![None; partitions],
            ..Group::default()
        }
    }

    pub(super) fn join(&mut self, now: u64) -> u64 {
        self.members += 1;
        self.seats.insert(self.members, Seat { heard_at: now, notices: VecDeque::new() });
        self.members
    }

    /// A sign of life; gives false when the group knows the member no longer.
    pub(super) fn hear(&mut self, member: u64, now: u64) -> bool {
        let seat = self.seats.get_mut(&member);
        if let Some(seat) = seat {
            seat.heard_at = now;
            return true;
        }
        false
    }

    pub(super) fn notice(&mut self, member: u64) -> Option<Notice> {
        self.seats.get_mut(&member)?.notices.pop_front()
    }

    pub(super) fn give_back(&mut self, member: u64, partition: usize) {
        if self.owners[partition] == Some(member) {
            self.owners[partition] = None;
            self.revoking[partition] = None;
        }
    }

    pub(super) fn leave(&mut self, member: u64) {
        self.seats.remove(&member);
        for at in 0..self.owners.len() {
            self.give_back(member, at);
        }
    }

    pub(super) fn owner(&self, partition: usize) -> Option<u64> {
        self.owners[partition]
    }

    /// Throws out who is silent or does not give back, and shares out anew. Gives how many were
    /// thrown out.
    pub(super) fn step(&mut self, now: u64, session: u64) -> usize {
        let mut gone: Vec<u64> = self
            .seats
            .iter()
            .filter(|(_, seat)| now > seat.heard_at + session)
            .map(|(member, _)| *member)
            .collect();
        for at in 0..self.owners.len() {
            if self.revoking[at].is_some_and(|until| until < now) {
                gone.extend(self.owners[at]);
            }
        }
        gone.sort_unstable();
        gone.dedup();
        gone.iter().for_each(|member| self.leave(*member));
        self.share(now, session);
        gone.len()
    }

    fn share(&mut self, now: u64, session: u64) {
        let members: Vec<u64> = self.seats.keys().copied().collect();
        if members.is_empty() {
            return;
        }
        for at in 0..self.owners.len() {
            // The newest member is given something whenever there is enough.
            let wanted = members[members.len() - 1 - at % members.len()];
            match self.owners[at] {
                Some(owner) if owner == wanted => {}
                Some(owner) => {
                    if self.revoking[at].is_none() {
                        self.revoking[at] = Some(now + 3 * session);
                        self.tell(owner, Notice::Revoke(at));
                    }
                }
                None => {
                    self.owners[at] = Some(wanted);
                    self.tell(wanted, Notice::Assign(at));
                }
            }
        }
    }

    fn tell(&mut self, member: u64, notice: Notice) {
        if let Some(seat) = self.seats.get_mut(&member) {
            seat.notices.push_back(notice);
        }
    }
}
