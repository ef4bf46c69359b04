//! The start of a daemon: the snapshot, the ledger behind it, then the group.
//!
//! Nothing is taken on trust. The record that a snapshot was made behind is read once more; a
//! snapshot that the ledger does not know is set aside, and one without a ledger halts the daemon,
//! since figures would begin anew without a word.

use std::time::Duration;

use anyhow::anyhow;
use rdkafka::ClientConfig;

use super::{Daemon, IDLE_WAIT, ROUND_RECORDS};
use crate::engine::chain::{self, Hash};
use crate::engine::{Incident, IncidentKind};
use crate::shell::clock::{Clock, Stopwatch};
use crate::shell::ledger::{Tail, Tailed};
use crate::shell::snapshot_file::Taken;
use crate::shell::usage;

impl Daemon {
    /// Folds the ledger to the end that it has, from the snapshot if there is one, and joins the
    /// group. Gives nothing when it is stopped before that.
    pub(super) fn start(&mut self, settings: ClientConfig) -> anyhow::Result<Option<Tail>> {
        let taken = self.snapshots.take(&mut self.instance);
        let group = format!("{}-ledger", self.config.kafka.group);
        let topic = self.config.topics.ledger.clone();
        let all: Vec<Option<i64>> = vec![None; self.status.partitions()];
        let starts = match &taken {
            Taken::Nothing => all.clone(),
            Taken::Snapshot => (0..self.status.partitions())
                .map(|at| {
                    // The last record that the snapshot knows is read once more.
                    let last = self.instance.ledger_last(at).map(|(offset, _)| offset);
                    Some(last.unwrap_or_else(|| self.instance.ledger_next(at)))
                })
                .collect(),
        };
        let mut tail = match Tail::new(settings.clone(), &group, &topic, &starts, false, &self.stop)
        {
            Ok(tail) => tail,
            Err(_) if self.stop.is_asked() => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut known: Vec<Option<(i64, Hash)>> = vec![None; all.len()];
        if matches!(taken, Taken::Snapshot) {
            for (at, bounds) in tail.ends().iter().enumerate() {
                known[at] = self.instance.ledger_last(at);
                let Some((last, _)) = known[at].filter(|(last, _)| *last >= bounds.end) else {
                    continue;
                };
                if bounds.end == 0 {
                    return self.halt(format!(
                        "the ledger \"{topic}\" is empty, and the snapshot knows {} records of its \
                         partition {at}: bring it back with \"svarstid ledger import\", or delete \
                         the snapshot file to begin anew",
                        self.instance.ledger_next(at)
                    ));
                }
                self.snapshots.set_aside("the ledger ends before it");
                return self.start_without_snapshot(settings, at, last);
            }
        }
        self.outlet.publish(self.instance.engine_mut(), &self.clock);
        let began = Stopwatch::start();
        let mut records = 0_u64;
        loop {
            let ends = tail.ends().to_vec();
            let left: i64 = ends
                .iter()
                .enumerate()
                .map(|(at, bounds)| {
                    (bounds.end - self.instance.ledger_next(at).max(bounds.first)).max(0)
                })
                .sum();
            self.status.folding(left);
            self.show();
            if left == 0 && known.iter().all(Option::is_none) {
                break;
            }
            if self.stop.is_asked() {
                return Ok(None);
            }
            for _ in 0..ROUND_RECORDS {
                match tail.next(IDLE_WAIT) {
                    Some(Tailed::Record { partition, offset, payload, .. }) => {
                        let at = usize::try_from(partition).unwrap_or(usize::MAX);
                        if let Some((last, hash)) = known.get(at).copied().flatten()
                            && offset <= last
                        {
                            known[at] = None;
                            if offset == last && chain::name_of(&payload) == hash {
                                continue;
                            }
                            // Another ledger, or one that was changed.
                            tracing::error!(
                                partition,
                                offset,
                                "the snapshot disagrees with the ledger"
                            );
                            self.snapshots.set_aside("it disagrees with the ledger");
                            return self.start_without_snapshot(settings, at, offset);
                        }
                        records += 1;
                        let (now, found) = (self.now(), Clock::Real.now());
                        self.instance.ledger(at, offset, &payload, now, found);
                    }
                    Some(Tailed::Lost(range)) => {
                        return self.lost_ledger(
                            range.partition,
                            range.wanted,
                            range.first,
                            &mut tail,
                            settings,
                        );
                    }
                    Some(Tailed::Trouble(text)) => self.status.trouble(Some(text)),
                    Some(Tailed::End { .. }) => {}
                    None => break,
                }
            }
            // What keeps an instance from following a ledger that others follow is its configuration.
            self.heed().map_err(|error| usage(error.to_string()))?;
            self.outlet.answer(self.instance.engine(), &self.clock);
        }
        let seconds = began.passed().as_secs_f64();
        tracing::info!(records, seconds, "the ledger is folded");
        self.instance.check_rules().map_err(usage)?;
        self.instance.engine_mut().set_caught_up(true);
        self.status.caught_up();
        self.outlet.publish(self.instance.engine_mut(), &self.clock);
        self.group.join()?;
        Ok(Some(tail))
    }

    fn start_without_snapshot(
        &mut self,
        settings: ClientConfig,
        at: usize,
        offset: i64,
    ) -> anyhow::Result<Option<Tail>> {
        self.instance.forget();
        let tail = self.start(settings)?;
        let found = Clock::Real.now();
        let kind = IncidentKind::SnapshotMismatch;
        self.instance.report(at, Incident { kind, input: 0, first: offset, last: offset, found });
        Ok(tail)
    }

    /// The ledger does not have what comes next.
    fn lost_ledger(
        &mut self,
        partition: i32,
        wanted: i64,
        first: i64,
        _tail: &mut Tail,
        settings: ClientConfig,
    ) -> anyhow::Result<Option<Tail>> {
        if self.snapshots.is_taken() {
            self.snapshots.set_aside("the ledger does not have what follows it");
            let at = usize::try_from(partition).unwrap_or(0);
            return self.start_without_snapshot(settings, at, wanted);
        }
        Err(anyhow!(
            "the ledger's partition {partition} has lost its records from {wanted} to {}: bring it \
             back with \"svarstid ledger import\"",
            first - 1
        ))
    }

    /// Shows why nothing goes on, until it is stopped.
    fn halt(&mut self, why: String) -> anyhow::Result<Option<Tail>> {
        tracing::error!(why, "halted");
        self.status.halted(why);
        while !self.stop.is_asked() {
            self.show();
            self.tell_ledger();
            self.outlet.publish(self.instance.engine_mut(), &self.clock);
            self.outlet.answer(self.instance.engine(), &self.clock);
            self.stop.sleep(Duration::from_secs(1));
        }
        Ok(None)
    }
}
