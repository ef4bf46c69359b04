//! The snapshot file of each daemon: written at any moment, and found torn, old or foreign.

use std::collections::BTreeSet;

use svarstid::engine::IncidentKind;
use svarstid::engine::{Incident, chain};

use super::chance::Chance;
use super::daemon::{Daemon, instance};
use super::faults::{Fault, Faults};
use super::world::{World, say};

/// Files that are kept of one daemon.
const KEPT: usize = 4;

impl World {
    pub(super) fn write_snapshot(&mut self, daemon: &mut Daemon) {
        let Some(instance) = &daemon.instance else { return };
        daemon.files.push(instance.image().to_bytes());
        if daemon.files.len() > KEPT {
            daemon.files.remove(0);
        }
    }

    /// Goes on from the file, if there is one that is whole and of this ledger.
    pub(super) fn restore(&mut self, daemon: &mut Daemon) {
        let Some(mut file) = daemon.files.last().cloned() else { return };
        let chance = &mut self.chance;
        let mut is_damaged = false;
        let mut is_foreign = false;
        let mut is_old = false;
        // Starts are rare, and most have no file yet.
        let strikes = |fault, faults: &mut Faults, chance: &mut Chance| {
            faults.is_given_to(fault) && chance.permille(200) && {
                faults.count(fault);
                true
            }
        };
        if strikes(Fault::SnapshotTorn, &mut self.faults, chance) {
            is_damaged = true;
            if chance.permille(300) {
                file.truncate(chance.below(file.len()));
            } else {
                let at = chance.below(file.len());
                file[at] ^= 1 << chance.below(8);
            }
        } else if strikes(Fault::SnapshotForeign, &mut self.faults, chance) {
            is_foreign = true;
            file = self.other_ledger(daemon.version);
        } else if daemon.files.len() > 1 && strikes(Fault::SnapshotOld, &mut self.faults, chance) {
            is_old = true;
            file = daemon.files[chance.below(daemon.files.len() - 1)].clone();
        }
        let Some(restored) = &mut daemon.instance else { return };
        let refused = restored.restore(&file);
        say!(
            self,
            "{}: finds a snapshot{}{}{}: {refused:?}",
            daemon.number,
            if is_damaged { ", damaged" } else { "" },
            if is_foreign { ", foreign" } else { "" },
            if is_old { ", old" } else { "" },
        );
        assert!(!is_damaged || refused.is_err(), "{}: takes a damaged snapshot", daemon.number);
        if refused.is_err() {
            assert!(is_damaged, "{}: refuses a whole snapshot: {refused:?}", daemon.number);
            return;
        }
        let differing: BTreeSet<(usize, i64)> = (0..self.manner.partitions)
            .filter_map(|at| {
                let (offset, hash) = restored.ledger_last(at)?;
                let landed = &self.broker.ledger[at][offset as usize];
                (chain::name_of(&landed.bytes) != hash).then_some((at, offset))
            })
            .collect();
        // The other ledger may have held nothing yet, and then it is no other.
        assert!(differing.is_empty() || is_foreign, "{}: {differing:?}", daemon.number);
        if let Some((at, offset)) = differing.first().copied() {
            restored.forget();
            let kind = IncidentKind::SnapshotMismatch;
            let found = self.day.clock(self.now);
            restored.report(at, Incident { kind, input: 0, first: offset, last: offset, found });
        } else {
            self.faults.count(Fault::SnapshotTaken);
        }
    }

    /// A snapshot of a ledger that is this one up to the last record, where another claim stands.
    /// It has the rules of whoever finds it: names and rules that it brings would outlive
    /// [`svarstid::engine::instance::Instance::forget`].
    fn other_ledger(&mut self, version: usize) -> Vec<u8> {
        let config = &self.day.configs()[version];
        let mut other = instance(&self.manner, config, 2);
        let end = self.day.end();
        for (at, log) in self.broker.ledger.iter().enumerate() {
            let length = self.chance.below(log.len() + 1);
            for (offset, landed) in log[..length].iter().enumerate() {
                let (claim, _) = chain::encode_claim(
                    at as i32,
                    &other.engine().head(at).claim(9, offset as u64, 7, 1),
                );
                let is_last = offset + 1 == length;
                let bytes = if is_last { claim.as_slice() } else { &landed.bytes };
                other.ledger(at, offset as i64, bytes, self.now, end);
            }
        }
        other.image().to_bytes()
    }
}
