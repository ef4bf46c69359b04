//! Which minutes a chain has told of lately, so that each is told about once.

use crate::domain::pack::{Reader, Writer};

/// The 64 minutes up to the latest one that was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lately {
    latest: i32,
    /// Bit n is the minute n before the latest.
    told: u64,
}

impl Lately {
    /// Notes that a minute was told.
    pub(super) fn tell(&mut self, minute: i32) {
        let ahead = i64::from(minute) - i64::from(self.latest);
        if ahead > 0 {
            self.told = self.told.checked_shl(ahead.min(64) as u32).unwrap_or(0) | 1;
            self.latest = minute;
        } else if ahead > -64 {
            self.told |= 1 << -ahead;
        }
    }

    /// Whether a minute is known to have been told; of older ones nothing is known.
    pub(super) fn has(&self, minute: i32) -> bool {
        let behind = i64::from(self.latest) - i64::from(minute);
        (0..64).contains(&behind) && self.told & (1 << behind) != 0
    }

    /// Each of these minutes once, those left out that were told.
    pub(super) fn untold(&self, mut minutes: Vec<i32>) -> Vec<i32> {
        minutes.sort_unstable();
        minutes.dedup();
        minutes.retain(|minute| !self.has(*minute));
        minutes
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.signed(i64::from(self.latest));
        out.fixed(&self.told.to_le_bytes());
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Lately> {
        let latest = i32::try_from(input.signed()?).ok()?;
        Some(Lately { latest, told: u64::from_le_bytes(input.fixed()?) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_told_within_an_hour_of_the_latest_is_known(
            minutes in proptest::collection::vec(1_000..1_300_i32, 1..60),
        ) {
            let mut lately = Lately::default();
            minutes.iter().for_each(|minute| lately.tell(*minute));
            let latest = minutes.iter().copied().max().unwrap();
            for minute in 900..1_400 {
                let is_known = minutes.contains(&minute) && latest - minute < 64;
                // It may have been forgotten when the latest moved on, and is then told again.
                prop_assert!(!lately.has(minute) || is_known);
                prop_assert!(lately.has(minute) || !is_known || minute != latest);
            }
            let mut bytes = Vec::new();
            lately.pack(&mut Writer(&mut bytes));
            prop_assert_eq!(Lately::unpack(&mut Reader(&bytes)), Some(lately));
        }
    }
}
