//! From names that lead back to people to numbers that do not.
//!
//! Ids are hashed under one key that lives as long as the ledger; a caller's number is hashed under
//! a key of its day, so that a repeat call is seen and a person is not followed. Neither key prints
//! itself.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::tz::TimeZone;
use sha2::Sha256;
use siphasher::sip::SipHasher13;

use crate::domain::ids::{
    AgentId, Caller, CallerNumber, CallerPseudonym, ContactId, EventId, QuestionTag, SegmentId,
};
use crate::domain::units::Timestamp;

type HmacSha256 = Hmac<Sha256>;

fn keyed(secret: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(secret).expect("HMAC takes a key of any length")
}

fn derive(secret: &[u8], label: &str) -> [u8; 32] {
    keyed(secret).chain_update(label.as_bytes()).finalize().into_bytes().into()
}

/// The first eight bytes as a number; the rest of a digest is not needed.
fn first_eight(digest: &[u8; 32]) -> u64 {
    digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The key of all hashed ids: one hash function per kind of id, so that equal texts of two kinds
/// have nothing in common.
#[derive(Clone)]
pub struct IdKey {
    contact: SipHasher13,
    event: SipHasher13,
    segment: SipHasher13,
    agent: SipHasher13,
    question: SipHasher13,
    callback: SipHasher13,
    fingerprint: u64,
}

impl IdKey {
    /// Derives the hash functions from a secret of any length.
    pub fn new(secret: &[u8]) -> Self {
        let hasher = |label| {
            let key = derive(secret, label);
            let mut tail = [0; 32];
            tail[..24].copy_from_slice(&key[8..]);
            SipHasher13::new_with_keys(first_eight(&key), first_eight(&tail))
        };
        IdKey {
            contact: hasher("svarstid contact"),
            event: hasher("svarstid event"),
            segment: hasher("svarstid segment"),
            agent: hasher("svarstid agent"),
            question: hasher("svarstid question"),
            callback: hasher("svarstid callback"),
            fingerprint: first_eight(&derive(secret, "svarstid fingerprint")),
        }
    }

    /// Tells two keys apart without giving anything of them away; it stands in every claim.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The contact of this name.
    pub fn contact(&self, text: &str) -> ContactId {
        ContactId(self.contact.hash(text.as_bytes()))
    }

    /// The event of this name.
    pub fn event(&self, text: &str) -> EventId {
        EventId(self.event.hash(text.as_bytes()))
    }

    /// The segment of this name.
    pub fn segment(&self, text: &str) -> SegmentId {
        SegmentId((self.segment.hash(text.as_bytes()) >> 32) as u32)
    }

    /// The question of this name, as what is held; a contact of the same name is another.
    pub fn question(&self, text: &str) -> ContactId {
        ContactId(self.question.hash(text.as_bytes()))
    }

    /// The question of this name, among those put in calls.
    pub fn question_tag(&self, text: &str) -> QuestionTag {
        QuestionTag(self.question.hash(text.as_bytes()))
    }

    /// A promise to ring back given to a contact, as what is held: one a contact, or one for each of
    /// its questions where they are told.
    pub fn callback(&self, contact: &str, question: Option<&str>) -> ContactId {
        let hash = self.callback.hash(contact.as_bytes());
        ContactId(match question {
            None => hash,
            Some(question) => hash.rotate_left(1) ^ self.callback.hash(question.as_bytes()),
        })
    }

    /// The agent of this name.
    pub fn agent(&self, text: &str) -> AgentId {
        AgentId(self.agent.hash(text.as_bytes()))
    }
}

impl fmt::Debug for IdKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("IdKey(…)")
    }
}

/// One local day, its key and that of the day before.
#[derive(Clone)]
struct Day {
    from: Timestamp,
    until: Timestamp,
    own: HmacSha256,
    before: HmacSha256,
}

/// Turns callers' numbers into pseudonyms that hold for one day in Sweden and, for calls of the next
/// day to be compared with, for that one.
///
/// Without a secret there are none, and no repeat call is recognised.
#[derive(Clone)]
pub struct Pseudonyms {
    secret: Option<Vec<u8>>,
    zone: TimeZone,
    days: Vec<Day>,
}

/// Days whose keys are held at once: late events of yesterday alternate with those of today.
const DAYS: usize = 4;

impl Pseudonyms {
    /// Pseudonyms under daily keys derived from a secret of any length.
    pub fn new(secret: Option<&[u8]>) -> Self {
        Pseudonyms {
            secret: secret.map(<[u8]>::to_vec),
            // The rules are compiled in; without them the UTC date bounds the day, which moves the
            // change of key by an hour or two and nothing else.
            zone: TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC),
            days: Vec::with_capacity(DAYS),
        }
    }

    /// The pseudonyms of a number on the local day of `time` and on the day before: the first 64 bits
    /// of an HMAC-SHA256 of its digits. `None` without a secret.
    pub fn of(&mut self, number: &CallerNumber<'_>, time: Timestamp) -> Option<Caller> {
        let secret = self.secret.as_deref()?;
        let held = self.days.iter().position(|day| (day.from..day.until).contains(&time));
        let at = match held {
            Some(at) => at,
            None => {
                let day = day_of(secret, &self.zone, time)?;
                if self.days.len() >= DAYS {
                    self.days.remove(0);
                }
                self.days.push(day);
                self.days.len() - 1
            }
        };
        let day = self.days.get(at)?;
        let (mut own, mut before) = (day.own.clone(), day.before.clone());
        let mut digits = [0_u8; 32];
        let mut length = 0;
        for digit in number.reveal_to_hash().bytes().filter(u8::is_ascii_digit) {
            // No number is longer; what is goes through in pieces.
            if length == digits.len() {
                own.update(&digits);
                before.update(&digits);
                length = 0;
            }
            digits[length] = digit;
            length += 1;
        }
        own.update(&digits[..length]);
        before.update(&digits[..length]);
        let pseudonym =
            |mac: HmacSha256| CallerPseudonym(first_eight(&mac.finalize().into_bytes().into()));
        Some(Caller { own: pseudonym(own), before: pseudonym(before) })
    }
}

fn day_of(secret: &[u8], zone: &TimeZone, time: Timestamp) -> Option<Day> {
    let date = zone.to_datetime(jiff::Timestamp::from_millisecond(time.0).ok()?).date();
    let start = |date: jiff::civil::Date| {
        let start = date.to_zoned_datetime(zone.clone()).ok()?;
        Some(Timestamp(start.timestamp().as_millisecond()))
    };
    let key = |date: jiff::civil::Date| keyed(&derive(secret, &date.to_string()));
    Some(Day {
        from: start(date)?,
        until: start(date.tomorrow().ok()?)?,
        own: key(date),
        before: key(date.yesterday().ok()?),
    })
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Pseudonyms(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pseudonyms: &mut Pseudonyms, number: &str, time: &str) -> Option<Caller> {
        let time = crate::wire::time::parse(time).unwrap();
        pseudonyms.of(&CallerNumber::new(number).unwrap(), time)
    }

    #[test]
    fn a_pseudonym_is_the_hmac_of_the_digits_under_the_days_key() {
        // Computed outside, with Python's hmac module: key = HMAC(b"hemlig", "2026-06-15"),
        // HMAC(key, "0920453000"), the first eight bytes.
        let mut pseudonyms = Pseudonyms::new(Some(b"hemlig"));
        let got = of(&mut pseudonyms, "0920-45 30 00", "2026-06-15T12:00:00Z").unwrap();
        assert_eq!(got.own.0, 0xc7a7_a439_7918_690f);
    }

    #[test]
    fn the_day_is_the_local_one() {
        let mut pseudonyms = Pseudonyms::new(Some(b"hemlig"));
        let noon = of(&mut pseudonyms, "0920453000", "2026-06-15T12:00:00Z");
        // Midnight in Sweden in June is 22:00 UTC.
        assert_eq!(of(&mut pseudonyms, "0920453000", "2026-06-14T22:00:00Z"), noon);
        assert_eq!(of(&mut pseudonyms, "0920453000", "2026-06-15T21:59:59.999Z"), noon);
        assert_ne!(of(&mut pseudonyms, "0920453000", "2026-06-15T22:00:00Z"), noon);
        assert_ne!(of(&mut pseudonyms, "0920453001", "2026-06-15T12:00:00Z"), noon);
        // Held days are a cache: many days later the same day gives the same answer.
        for day in 16..26 {
            of(&mut pseudonyms, "1", &format!("2026-06-{day}T12:00:00Z"));
        }
        assert_eq!(of(&mut pseudonyms, "0920453000", "2026-06-15T12:00:00Z"), noon);
    }

    #[test]
    fn todays_pseudonym_of_yesterday_is_yesterdays_own() {
        let mut pseudonyms = Pseudonyms::new(Some(b"hemlig"));
        // The second one on the far side of the night of 25 hours.
        for (evening, morning) in [
            ("2026-06-15T21:59:59.999Z", "2026-06-15T22:00:00Z"),
            ("2026-10-24T22:30:00Z", "2026-10-25T23:00:00Z"),
        ] {
            let evening = of(&mut pseudonyms, "0920453000", evening).unwrap();
            let morning = of(&mut pseudonyms, "0920453000", morning).unwrap();
            assert_eq!(morning.before, evening.own);
            assert_ne!(morning.own, evening.own);
            let other = of(&mut pseudonyms, "0920453001", "2026-10-25T23:00:00Z").unwrap();
            assert_ne!(other.before, evening.own);
        }
    }

    #[test]
    fn without_a_secret_there_is_no_pseudonym() {
        assert_eq!(of(&mut Pseudonyms::new(None), "0920453000", "2026-06-15T12:00:00Z"), None);
    }

    #[test]
    fn kinds_and_keys_are_apart() {
        let (one, other) = (IdKey::new(b"a"), IdKey::new(b"b"));
        assert_eq!(one.contact("x"), IdKey::new(b"a").contact("x"));
        assert_ne!(one.contact("x").0, one.event("x").0);
        assert_ne!(one.contact("x"), other.contact("x"));
        assert_ne!(one.fingerprint(), other.fingerprint());
        assert_eq!(format!("{one:?}"), "IdKey(…)");
    }
}
