//! What one instance does about one partition of the ledger: claim it, write to it one record at a
//! time, and give way when another instance's claim counts.
//!
//! This is the whole protocol on the writer's side; [`super::chain`] is the reader's. Both are pure:
//! the search in the tests walks through every order of events in small worlds.
//!
//! - Nothing is believed but what is read back from the log. An acknowledgement only says that it
//!   will come.
//! - After a failure the identical bytes are sent again, since nobody knows whether the first ones
//!   landed; the chain counts one of the copies.
//! - Whoever reads another's claim as valid drops what it had under way. While the group still
//!   assigns the partition to it, it claims again after a wait that doubles.

use std::sync::Arc;

use super::chain::{Hash, Verdict};

/// Lengths of time, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Patience {
    /// Before the first further claim.
    pub first_wait: u64,
    /// Before any further claim: the group's session.
    pub longest_wait: u64,
    /// After a failed append, before the same bytes are sent again.
    pub resend: u64,
    /// A chain that has not moved for so long is claimed anew.
    pub stall: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { first_wait: 1_000, longest_wait: 10_000, resend: 100, stall: 10_000 }
    }
}

/// A record that was appended and not read back yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Sent {
    hash: Hash,
    bytes: Arc<[u8]>,
    since: u64,
    /// When to send it again.
    again_at: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum State {
    /// Another instance's, as far as known.
    #[default]
    Watching,
    /// Ours by the group's word; it is claimed at this time.
    Waiting(u64),
    Claiming(Sent),
    Owning(Option<Sent>),
}

/// One instance's part in one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tenure {
    state: State,
    is_assigned: bool,
    is_draining: bool,
    /// How long to wait before the next claim, once one is lost.
    wait: u64,
    lost_at: u64,
}

/// What a record that was read means for the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Another's, or a copy.
    Nothing,
    /// Our claim counts: from now on we write.
    Entered,
    /// Our commit counts.
    Committed,
    /// What we had under way will never count.
    Dropped,
}

impl Tenure {
    /// The group gave the partition to this instance.
    pub fn assign(&mut self, now: u64, patience: &Patience) {
        *self = Tenure {
            state: State::Waiting(now),
            is_assigned: true,
            wait: patience.first_wait,
            ..Tenure::default()
        };
    }

    /// The group wants the partition back: what is gathered is still committed.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// The partition is no longer this instance's. What is under way may still land; the next
    /// owner's claim decides.
    pub fn release(&mut self) {
        *self = Tenure::default();
    }

    /// Whether the group gave the partition to this instance.
    pub fn is_assigned(&self) -> bool {
        self.is_assigned
    }

    /// Whether the group wants it back.
    pub fn is_draining(&self) -> bool {
        self.is_draining
    }

    /// Whether this instance's claim counts.
    pub fn is_owning(&self) -> bool {
        matches!(self.state, State::Owning(_))
    }

    /// Whether a claim is due.
    pub fn wants_claim(&self, now: u64) -> bool {
        matches!(self.state, State::Waiting(at) if at <= now) && !self.is_draining
    }

    /// Whether a commit may be appended: one is under way at a time.
    pub fn may_commit(&self) -> bool {
        self.state == State::Owning(None)
    }

    /// A claim or a commit was handed to the producer.
    pub fn sent(&mut self, hash: Hash, bytes: Arc<[u8]>, now: u64) {
        let sent = Sent { hash, bytes, since: now, again_at: None };
        self.state = match self.state {
            State::Owning(_) => State::Owning(Some(sent)),
            State::Watching | State::Waiting(_) | State::Claiming(_) => State::Claiming(sent),
        };
    }

    fn under_way(&self) -> Option<&Sent> {
        match &self.state {
            State::Claiming(sent) | State::Owning(Some(sent)) => Some(sent),
            State::Watching | State::Waiting(_) | State::Owning(None) => None,
        }
    }

    /// The name of the record that is under way.
    pub fn in_flight(&self) -> Option<Hash> {
        self.under_way().map(|sent| sent.hash)
    }

    /// The producer gave a record up, or lost track of it.
    pub fn failed(&mut self, hash: Hash, now: u64, patience: &Patience) {
        if let State::Claiming(sent) | State::Owning(Some(sent)) = &mut self.state
            && sent.hash == hash
        {
            sent.again_at = Some(now + patience.resend);
        }
    }

    /// The bytes to send again, if that is due.
    pub fn resend(&mut self, now: u64) -> Option<(Hash, Arc<[u8]>)> {
        let (State::Claiming(sent) | State::Owning(Some(sent))) = &mut self.state else {
            return None;
        };
        if sent.again_at.is_none_or(|at| at > now) {
            return None;
        }
        sent.again_at = None;
        Some((sent.hash, Arc::clone(&sent.bytes)))
    }

    /// Whether what is under way has been so for too long.
    pub fn is_stalled(&self, now: u64, patience: &Patience) -> bool {
        self.under_way().is_some_and(|sent| now.saturating_sub(sent.since) >= patience.stall)
    }

    /// Drops what is under way and claims anew.
    pub fn give_up(&mut self, now: u64) {
        if self.is_assigned {
            self.state = State::Waiting(now);
        }
    }

    /// Takes in what a record of the log is to the chain, before it was moved on by it.
    pub fn read(
        &mut self,
        hash: Hash,
        is_claim: bool,
        verdict: Verdict,
        now: u64,
        patience: &Patience,
    ) -> Meaning {
        let is_own = self.in_flight() == Some(hash);
        match verdict {
            Verdict::Valid if is_own && is_claim => {
                self.state = State::Owning(None);
                Meaning::Entered
            }
            Verdict::Valid if is_own => {
                self.state = State::Owning(None);
                if now.saturating_sub(self.lost_at) > patience.longest_wait {
                    self.wait = patience.first_wait;
                }
                Meaning::Committed
            }
            Verdict::Valid if is_claim => self.lose(now, patience),
            // A commit of the owner before us: our claim is not there yet.
            Verdict::Valid => Meaning::Nothing,
            Verdict::Stale | Verdict::Passed | Verdict::Broken(_) if is_own => {
                self.lose(now, patience)
            }
            Verdict::Stale | Verdict::Passed | Verdict::Broken(_) => Meaning::Nothing,
        }
    }

    fn lose(&mut self, now: u64, patience: &Patience) -> Meaning {
        let had = match self.state {
            State::Claiming(_) | State::Owning(_) => Meaning::Dropped,
            State::Watching | State::Waiting(_) => Meaning::Nothing,
        };
        if self.is_assigned {
            self.state = State::Waiting(now + self.wait);
            self.wait = (self.wait * 2).min(patience.longest_wait);
            self.lost_at = now;
        }
        had
    }
}
