//! How far event time has come in one partition.

use crate::domain::ids::ContactId;
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;

/// The largest event time that three different contacts have reached: one clock gone wild, or two,
/// move nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watermark([Option<(Timestamp, ContactId)>; 3]);

impl Watermark {
    /// Tells that a contact was heard of.
    pub fn reach(&mut self, time: Timestamp, contact: ContactId) {
        let known = |slot: &Option<(Timestamp, ContactId)>| slot.is_some_and(|(_, c)| c == contact);
        let slot = self.0.iter().position(known).unwrap_or(2);
        if self.0[slot].is_none_or(|(known, _)| time > known) {
            self.0[slot] = Some((time, contact));
            self.0.sort_by(|a, b| b.map(|(time, _)| time).cmp(&a.map(|(time, _)| time)));
        }
    }

    /// The watermark; `None` before three contacts were heard of.
    pub fn get(&self) -> Option<Timestamp> {
        self.0[2].map(|(time, _)| time)
    }

    /// Writes it.
    pub fn pack(&self, out: &mut Writer<'_>) {
        for slot in &self.0 {
            out.byte(u8::from(slot.is_some()));
            if let Some((time, contact)) = slot {
                out.signed(time.0);
                out.fixed(&contact.0.to_le_bytes());
            }
        }
    }

    /// Reads what [`Watermark::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Watermark> {
        let mut slots = [None; 3];
        for slot in &mut slots {
            if input.byte()? == 1 {
                let time = Timestamp(input.signed()?);
                *slot = Some((time, ContactId(u64::from_le_bytes(input.fixed()?))));
            }
        }
        Some(Watermark(slots))
    }
}
