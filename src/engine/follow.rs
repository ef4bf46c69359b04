//! A ledger folded record by record, as every instance folds it, by someone who only reads: for
//! reports. Figures are those that stand in the ledger; nothing is judged anew.

use super::Engine;
use super::chain::{self, Kind, RulesVersion, Verdict};
use super::history::check;
use super::names::Unreadable;
use super::rebuild::Refused;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Whether it fits; every instance leaves out one that does not.
    pub fits: bool,
    /// The version and the text of the rules that it brings to its chain.
    pub rules: Option<(u32, String)>,
}

impl Engine {
    /// Takes in the next record of a partition, in log order; gives false for one that does not fit,
    /// which every instance leaves out.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it cannot be told what the record says: the figures would not be whole.
    pub fn follow(&mut self, at: usize, bytes: &[u8]) -> Result<bool, Refused> {
        let ours = self.version();
        let followed = self.follow_any(at, bytes, ours)?;
        if let Some((version, text)) = followed.rules
            && version == ours.rules
            && text != self.rules_text()
        {
            return Err(Refused::other_rules(version));
        }
        Ok(followed.fits)
    }

    /// The same under whatever rules the ledger has up to those of `newest`; tells the text of those
    /// that the record brings.
    ///
    /// # Errors
    ///
    /// As [`Engine::follow`].
    pub fn follow_any(
        &mut self,
        at: usize,
        bytes: &[u8],
        newest: RulesVersion,
    ) -> Result<Followed, Refused> {
        let mut followed = Followed { fits: true, rules: None };
        let envelope = match chain::open(bytes) {
            Ok(envelope) if envelope.partition == self.partition_number(at) => envelope,
            Ok(_) | Err(_) => return Ok(Followed { fits: false, rules: None }),
        };
        match self.head(at).judge(&envelope) {
            Verdict::Valid => {}
            Verdict::Stale | Verdict::Passed => return Ok(followed),
            Verdict::Broken(_) => return Ok(Followed { fits: false, rules: None }),
        }
        match &envelope.kind {
            Kind::Claim(_) => self.read_claim(at, &envelope),
            Kind::Commit(link, _) => {
                check(link.version, newest)?;
                let version = link.version.rules;
                let text = self.read_commit(at, &envelope, None).map_err(Refused::from)?;
                followed.rules = text.map(|text| (version, text));
            }
        }
        Ok(followed)
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
