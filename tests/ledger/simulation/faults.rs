//! What can go wrong, which of it does in one run, and how often it did.

use super::chance::Chance;

macro_rules! faults {
    ($($name:ident $text:literal,)*) => {
        /// Everything that can happen to a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Fault { $($name,)* }

        impl Fault {
            pub(super) const ALL: [Fault; [$(Fault::$name),*].len()] = [$(Fault::$name),*];

            pub(super) fn name(self) -> &'static str {
                match self { $(Fault::$name => $text,)* }
            }
        }
    };
}

faults! {
    Repeated "event repeated",
    Displaced "event out of order",
    TooLate "event later than the lateness",
    Garbage "event that is no event",
    AppendLost "append lost, failure told",
    AppendUntold "append lost, nothing told",
    AnswerLost "append landed, failure told",
    FailedFirst "failure told, append landed later",
    AppendTwice "append landed twice",
    LandedAfterDeath "append landed after its instance ended",
    LedgerDown "ledger away",
    TailLags "tail of the ledger lags",
    InputSlow "input is read slowly",
    Paused "instance stopped for longer than the session, and revived",
    CutOff "group out of reach while the ledger is not",
    Expired "session expired",
    Crashed "instance crashed",
    Restarted "instance started again",
    Stopped "instance stopped as planned",
    Joined "instance joined",
    ClockWrong "clock wrong by hours",
    Upgraded "newer rules rolled out",
    RejectLost "reject not confirmed at first",
    Foreign "foreign bytes in the ledger",
    LostRange "input deleted before it was read",
    SnapshotTaken "snapshot restored",
    SnapshotOld "snapshot restored that was not the last",
    SnapshotTorn "snapshot torn or changed",
    SnapshotForeign "snapshot of a ledger that went another way",
}

/// What one run is given to: not everything at once, or some combinations would never be met.
#[derive(Debug)]
pub(super) struct Faults {
    /// By fault: how many times in 1 000 occasions.
    rates: [u64; Fault::ALL.len()],
    pub(super) tally: [u64; Fault::ALL.len()],
    /// The faults are over.
    pub(super) is_calm: bool,
}

impl Faults {
    pub(super) fn new(chance: &mut Chance) -> Faults {
        // One run in sixteen is undisturbed.
        let share = chance.pick(&[0, 200, 400, 600, 800, 1_000]);
        let is_quiet = chance.permille(60);
        let rates = Fault::ALL.map(|_| {
            let rate = chance.pick(&[5, 20, 60, 150]);
            if chance.permille(share) && !is_quiet { rate } else { 0 }
        });
        Faults { rates, tally: [0; Fault::ALL.len()], is_calm: false }
    }

    /// Whether the fault happens on this occasion; it is then counted.
    pub(super) fn strikes(&mut self, fault: Fault, chance: &mut Chance) -> bool {
        self.strikes_rarely(fault, 1, chance)
    }

    /// The same for occasions that come so many times as often.
    pub(super) fn strikes_rarely(
        &mut self,
        fault: Fault,
        occasions: u64,
        chance: &mut Chance,
    ) -> bool {
        let rate = self.rates[fault as usize];
        let strikes = !self.is_calm && rate > 0 && chance.next() % (1_000 * occasions) < rate;
        if strikes {
            self.count(fault);
        }
        strikes
    }

    pub(super) fn is_given_to(&self, fault: Fault) -> bool {
        self.rates[fault as usize] > 0
    }

    pub(super) fn count(&mut self, fault: Fault) {
        self.tally[fault as usize] += 1;
    }
}
