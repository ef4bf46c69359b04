//! A ledger folded record by record, as every instance folds it, by someone who only reads: for
//! reports. Figures are those that stand in the ledger; nothing is judged anew.

use super::Engine;
use super::chain::{self, Kind, Verdict};
use super::history::check;
use super::names::Unreadable;
use super::rebuild::Refused;

impl Engine {
    /// Takes in the next record of a partition, in log order; gives false for one that does not fit,
    /// which every instance leaves out.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it cannot be told what the record says: the figures would not be whole.
    pub fn follow(&mut self, at: usize, bytes: &[u8]) -> Result<bool, Refused> {
        let envelope = match chain::open(bytes) {
            Ok(envelope) if envelope.partition == self.partition_number(at) => envelope,
            Ok(_) | Err(_) => return Ok(false),
        };
        match self.head(at).judge(&envelope) {
            Verdict::Valid => {}
            Verdict::Stale | Verdict::Passed => return Ok(true),
            Verdict::Broken(_) => return Ok(false),
        }
        match &envelope.kind {
            Kind::Claim(_) => self.read_claim(at, &envelope),
            Kind::Commit(link, _) => {
                check(link.version, self.version())?;
                let version = link.version;
                let text = self.read_commit(at, &envelope, None).map_err(Refused::from)?;
                if let Some(text) = text
                    && version.rules == self.version().rules
                    && text != self.rules_text()
                {
                    return Err(Refused::other_rules(version.rules));
                }
            }
        }
        Ok(true)
    }
}

impl From<Unreadable> for Refused {
    fn from(unreadable: Unreadable) -> Refused {
        match unreadable {
            Unreadable::Content => Refused::Unreadable,
            Unreadable::NoRoom => Refused::Rules(
                "there is no room for its names: raise limits.departments, limits.queues or \
                 limits.sources"
                    .to_owned(),
            ),
        }
    }
}

impl Refused {
    /// The ledger holds other rules than the configuration under the same version.
    pub(super) fn other_rules(version: u32) -> Refused {
        Refused::Rules(format!(
            "rules.version: the ledger holds other rules under version {version}; give the \
             configuration that the daemon runs with"
        ))
    }
}
