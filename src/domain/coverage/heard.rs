//! The minutes in which anything was heard from any source.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;

const MINUTE: i64 = 60_000;
const DAY_MINUTES: i32 = 1_440;
const WORDS: usize = 23;

/// Minutes since 1970. Adding one twice, or in another order, changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// By day (UTC): one bit a minute. A copy shares the days until one is changed.
    days: BTreeMap<i32, Arc<[u64; WORDS]>>,
}

impl Heard {
    pub(super) fn add(&mut self, minute: i32) {
        let bits = self.days.entry(minute.div_euclid(DAY_MINUTES)).or_default();
        let (word, bit) = place(minute);
        if bits[word] & bit == 0 {
            Arc::make_mut(bits)[word] |= bit;
        }
    }

    pub(super) fn has(&self, minute: i32) -> bool {
        let (word, bit) = place(minute);
        self.days.get(&minute.div_euclid(DAY_MINUTES)).is_some_and(|bits| bits[word] & bit != 0)
    }

    /// Whether nothing was ever heard.
    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    /// Forgets whole days before a moment.
    pub(super) fn forget_before(&mut self, moment: Timestamp) {
        self.days = self.days.split_off(&moment.minute().div_euclid(DAY_MINUTES));
    }

    /// The stretches of whole minutes in which nothing was heard, within a stretch of time.
    pub(super) fn silences(
        &self,
        (from, until): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, Timestamp)> {
        let mut silences = Vec::new();
        let mut since = None;
        let mut minute = from.minute();
        while i64::from(minute) * MINUTE < until.0 {
            let start = Timestamp(i64::from(minute) * MINUTE).max(from);
            match (self.has(minute), since) {
                (false, None) => since = Some(start),
                (true, Some(silent_from)) => {
                    silences.push((silent_from, start));
                    since = None;
                }
                (false, Some(_)) | (true, None) => {}
            }
            minute += 1;
        }
        silences.extend(since.map(|silent_from| (silent_from, until)));
        silences
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.days.len() as u64);
        for (day, bits) in &self.days {
            out.signed(i64::from(*day));
            bits.iter().for_each(|word| out.fixed(&word.to_le_bytes()));
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Heard> {
        let mut heard = Heard::default();
        for _ in 0..input.count(1 + 8 * WORDS)? {
            let day = i32::try_from(input.signed()?).ok()?;
            let mut bits = [0; WORDS];
            for word in &mut bits {
                *word = u64::from_le_bytes(input.fixed()?);
            }
            heard.days.insert(day, Arc::new(bits));
        }
        Some(heard)
    }
}

fn place(minute: i32) -> (usize, u64) {
    let at = minute.rem_euclid(DAY_MINUTES) as usize;
    (at / 64, 1 << (at % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_what_lies_between_the_minutes_in_which_something_was_heard() {
        let mut heard = Heard::default();
        // Around a midnight (UTC).
        for minute in [1_438, 1_441, 1_441, 1_445] {
            heard.add(minute);
        }
        let at = |minute: i64| Timestamp(minute * MINUTE);
        assert_eq!(
            heard.silences((at(1_437), at(1_450))),
            [
                (at(1_437), at(1_438)),
                (at(1_439), at(1_441)),
                (at(1_442), at(1_445)),
                (at(1_446), at(1_450))
            ]
        );
        assert_eq!(heard.silences((at(1_438), at(1_439))), []);
        let mut bytes = Vec::new();
        heard.pack(&mut Writer(&mut bytes));
        assert_eq!(Heard::unpack(&mut Reader(&bytes)), Some(heard.clone()));
        heard.forget_before(at(1_440));
        assert_eq!(heard.silences((at(1_438), at(1_439))), [(at(1_438), at(1_439))]);
    }
}
