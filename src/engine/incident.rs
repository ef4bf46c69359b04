//! What should not have happened, kept in the ledger so that everyone knows of it.

use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// Events were deleted from an input before they were read.
    LostRange,
    /// An input topic was made anew: what it holds is not what was read before.
    TopicRecreated,
    /// An input has another number of partitions than the ledger.
    PartitionsChanged,
    /// A record of the ledger could not be read, or does not fit the chain.
    CorruptLedger,
    /// The snapshot file disagrees with the ledger.
    SnapshotMismatch,
    /// There is a snapshot file, and the ledger is empty.
    SnapshotAlone,
}

impl IncidentKind {
    /// Every kind, in the order of its number.
    pub const ALL: [IncidentKind; 6] = [
        IncidentKind::LostRange,
        IncidentKind::TopicRecreated,
        IncidentKind::PartitionsChanged,
        IncidentKind::CorruptLedger,
        IncidentKind::SnapshotMismatch,
        IncidentKind::SnapshotAlone,
    ];

    /// Whether whoever reads the input from where the chain ends finds it by itself.
    pub fn is_of_input(self) -> bool {
        matches!(self, IncidentKind::LostRange | IncidentKind::TopicRecreated)
    }

    /// The name in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            IncidentKind::LostRange => "lost_range",
            IncidentKind::TopicRecreated => "topic_recreated",
            IncidentKind::PartitionsChanged => "partitions_changed",
            IncidentKind::CorruptLedger => "corrupt_ledger",
            IncidentKind::SnapshotMismatch => "snapshot_mismatch",
            IncidentKind::SnapshotAlone => "snapshot_alone",
        }
    }
}

/// One incident of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incident {
    /// What happened.
    pub kind: IncidentKind,
    /// Which input of the partition it is about; 0 where it is about none.
    pub input: u16,
    /// The first offset (of the input, or of the ledger) that it is about.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// When it was found, by the finder's clock.
    pub found: Timestamp,
}

impl Incident {
    /// Writes it.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.byte(self.kind as u8);
        out.unsigned(u64::from(self.input));
        out.signed(self.first);
        out.signed(self.last);
        out.signed(self.found.0);
    }

    /// Reads what [`Incident::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Incident> {
        Some(Incident {
            kind: *IncidentKind::ALL.get(usize::from(input.byte()?))?,
            input: u16::try_from(input.unsigned()?).ok()?,
            first: input.signed()?,
            last: input.signed()?,
            found: Timestamp(input.signed()?),
        })
    }
}
