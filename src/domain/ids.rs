//! Who and what a call belongs to: keyed identities and interned names.
//!
//! Identities from outside (contact, event, segment, agent) enter as text and live on as keyed
//! hashes, so the core never holds a name that leads back to a person. Departments and queues are
//! interned: a small index in every observation, the name once in [`Names`].

use std::fmt;

use super::pack::{Reader, Writer};

/// A contact: one caller's journey, stable over transfers. 64 bits of a keyed hash of its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactId(pub u64);

/// An event, for recognising repeats. 64 bits of a keyed hash of its id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// One stay at one place, where the source names it. 32 bits of a keyed hash: it only has to tell
/// the few stays of one contact apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(pub u32);

/// One question put in a contact, where the source names it. 64 bits of a keyed hash: it tells the
/// questions of all contacts apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionTag(pub u64);

/// A person who answers. 64 bits of a keyed hash; never shown, logged or exported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(pub u64);

/// A caller for the recognition of repeats: the first 64 bits of an HMAC under the day's key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerPseudonym(pub u64);

/// A caller under the key of the call's local day and under that of the day before, so that calls on
/// both sides of midnight are known as the same caller's. The one of a day and the next one's
/// `before` are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Caller {
    /// Under the key of the day.
    pub own: CallerPseudonym,
    /// Under the key of the day before.
    pub before: CallerPseudonym,
}

impl Caller {
    /// Writes both pseudonyms.
    pub fn pack(self, out: &mut Writer<'_>) {
        out.fixed(&self.own.0.to_le_bytes());
        out.fixed(&self.before.0.to_le_bytes());
    }

    /// Reads what [`Caller::pack`] wrote; `None` at the end.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Caller> {
        let own = CallerPseudonym(u64::from_le_bytes(input.fixed()?));
        Some(Caller { own, before: CallerPseudonym(u64::from_le_bytes(input.fixed()?)) })
    }
}

/// An unguessable id prints as itself shortened; a person's pseudonym does not print at all.
impl fmt::Debug for ContactId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "contact:{:08x}", self.0 >> 32)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "event:{:08x}", self.0 >> 32)
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("agent:…")
    }
}

impl fmt::Debug for CallerPseudonym {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("caller:…")
    }
}

/// A caller's number as it arrived. It exists only between the bytes and the pseudonym; it prints
/// as `<number>` and is compared with nothing.
pub struct CallerNumber<'a>(&'a str);

impl<'a> CallerNumber<'a> {
    /// Takes a number as the source wrote it. Empty and withheld numbers give `None`: an anonymous
    /// caller has no repeat key.
    pub fn new(text: &'a str) -> Option<Self> {
        let known = text.chars().any(|c| c.is_ascii_digit());
        known.then_some(CallerNumber(text))
    }

    /// The number itself, for the one function that turns it into a pseudonym.
    pub fn reveal_to_hash(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for CallerNumber<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<number>")
    }
}

/// A part of the municipality, as an index into [`Names::departments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Department(pub u16);

impl Department {
    /// Where events of a department nobody configured are kept apart. Always index 0.
    pub const UNKNOWN: Department = Department(0);
}

/// A queue (a desk's line), as an index into [`Names::queues`]. The switchboard has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue(pub u16);

/// A telephone system that writes events, as an index into [`Names::sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(pub u16);

/// A bounded table of names: text to index and back.
#[derive(Clone, Debug)]
pub struct NameTable {
    names: Vec<String>,
    index: hashbrown::HashMap<String, u16>,
    limit: usize,
}

impl NameTable {
    /// An empty table that takes at most `limit` names (at most 65 535).
    pub fn new(limit: usize) -> Self {
        NameTable { names: Vec::new(), index: hashbrown::HashMap::new(), limit: limit.min(65_535) }
    }

    /// The index of a name that is in the table.
    pub fn find(&self, name: &str) -> Option<u16> {
        self.index.get(name).copied()
    }

    /// The index of a name, added if there is room; `None` when the table is full.
    pub fn intern(&mut self, name: &str) -> Option<u16> {
        if let Some(found) = self.find(name) {
            return Some(found);
        }
        if self.names.len() >= self.limit {
            return None;
        }
        let at = u16::try_from(self.names.len()).ok()?;
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), at);
        Some(at)
    }

    /// The name at an index; `""` for an index that was never given.
    pub fn name(&self, at: u16) -> &str {
        self.names.get(usize::from(at)).map_or("", String::as_str)
    }

    /// All names, in the order they came.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Writes the names in their order.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.names.len() as u64);
        self.names.iter().for_each(|name| out.text(name));
    }

    /// Takes in what [`NameTable::pack`] wrote, in order; the limit is this table's own. `None` on
    /// foreign bytes, when the table is full, and when a name would get another index than it had:
    /// what is kept beside the names knows them by index alone.
    pub fn unpack_into(&mut self, input: &mut Reader<'_>) -> Option<()> {
        for at in 0..input.count(1)? {
            let index = self.intern(input.text()?)?;
            if usize::from(index) != at {
                return None;
            }
        }
        Some(())
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Slug of the department that keeps what nobody configured.
pub const UNKNOWN_DEPARTMENT: &str = "okand";

/// The interned names of one daemon.
///
/// Departments are closed (configured, the rest is [`Department::UNKNOWN`]) or, when files are
/// replayed without a configuration, open: each queue is then a department of its own.
#[derive(Clone, Debug)]
pub struct Names {
    /// Department slugs; index 0 is `okand`.
    pub departments: NameTable,
    /// Queue names as the sources write them.
    pub queues: NameTable,
    /// Sources as they name themselves.
    pub sources: NameTable,
    /// Whether an unseen department or queue makes a new department.
    pub open: bool,
}

impl Names {
    /// No names but `okand`.
    pub fn new(max_departments: usize, max_queues: usize, max_sources: usize, open: bool) -> Self {
        let mut departments = NameTable::new(max_departments.saturating_add(1));
        departments.intern(UNKNOWN_DEPARTMENT);
        Names {
            departments,
            queues: NameTable::new(max_queues),
            sources: NameTable::new(max_sources),
            open,
        }
    }

    /// Writes the names of all three tables. Limits and whether the names are open are the
    /// reader's own.
    pub fn pack(&self, out: &mut Writer<'_>) {
        self.departments.pack(out);
        self.queues.pack(out);
        self.sources.pack(out);
    }

    /// Takes in what [`Names::pack`] wrote: see [`NameTable::unpack_into`]. After `None` the names
    /// are of no use.
    pub fn unpack_into(&mut self, input: &mut Reader<'_>) -> Option<()> {
        self.departments.unpack_into(input)?;
        self.queues.unpack_into(input)?;
        self.sources.unpack_into(input)
    }
}

/// From the indices of one daemon's [`Names`] to those of another's: by old index, the new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renaming {
    /// Of departments.
    pub departments: Vec<u16>,
    /// Of queues.
    pub queues: Vec<u16>,
    /// Of sources.
    pub sources: Vec<u16>,
}

impl Renaming {
    /// Whether every index stays what it is.
    pub fn is_identity(&self) -> bool {
        [&self.departments, &self.queues, &self.sources]
            .into_iter()
            .all(|table| table.iter().enumerate().all(|(at, to)| at == usize::from(*to)))
    }

    /// The department's new index; `None` when it has none.
    pub fn department(&self, old: Department) -> Option<Department> {
        self.departments.get(usize::from(old.0)).copied().map(Department)
    }

    /// The queue's new index; `None` when it has none.
    pub fn queue(&self, old: Queue) -> Option<Queue> {
        self.queues.get(usize::from(old.0)).copied().map(Queue)
    }

    /// The source's new index; `None` when it has none.
    pub fn source(&self, old: Source) -> Option<Source> {
        self.sources.get(usize::from(old.0)).copied().map(Source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::new(3, 2, 2, false);
        names.departments.intern("vård");
        names.queues.intern("q01");
        names.queues.intern("");
        names.sources.intern("växel");
        names
    }

    fn packed(names: &Names) -> Vec<u8> {
        let mut bytes = Vec::new();
        names.pack(&mut Writer(&mut bytes));
        bytes
    }

    #[test]
    fn names_keep_their_indices() {
        let bytes = packed(&names());
        // As new, and when the first of them are there already.
        for mut read in [Names::new(9, 9, 9, true), names()] {
            let mut input = Reader(&bytes);
            assert_eq!(read.unpack_into(&mut input), Some(()));
            assert!(input.is_empty());
            assert_eq!(packed(&read), bytes);
            assert_eq!(read.departments.find("vård"), Some(1));
            assert_eq!(read.queues.find(""), Some(1));
        }
    }

    #[test]
    fn names_that_would_move_or_find_no_room_are_refused() {
        let bytes = packed(&names());
        let mut other = Names::new(9, 9, 9, false);
        other.queues.intern("q02");
        assert_eq!(other.unpack_into(&mut Reader(&bytes)), None);
        assert_eq!(Names::new(9, 1, 9, false).unpack_into(&mut Reader(&bytes)), None);
        for cut in 0..bytes.len() {
            let mut read = Names::new(9, 9, 9, false);
            assert_eq!(read.unpack_into(&mut Reader(&bytes[..cut])), None);
        }
    }

    #[test]
    fn a_renaming_to_the_same_is_none() {
        let mut renaming = Renaming { departments: vec![0, 1], queues: vec![0], sources: vec![] };
        assert!(renaming.is_identity());
        renaming.departments.swap(0, 1);
        assert!(!renaming.is_identity());
        assert_eq!(renaming.department(Department(0)), Some(Department(1)));
        assert_eq!(renaming.department(Department(2)), None);
        assert_eq!(renaming.source(Source(0)), None);
    }
}
