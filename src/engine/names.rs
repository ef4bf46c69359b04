//! Names in a chain: each chain numbers departments, queues and sources in the order in which its
//! records bring them; an instance has numbers of its own.
//!
//! Most often both agree, since both begin with the configuration, and then nothing is renumbered.

use crate::domain::ids::{NameTable, Names, Renaming};
use crate::domain::pack::{Reader, Writer};

/// Departments, queues, sources.
const TABLES: usize = 3;
/// No name in a chain has it.
const NONE: u16 = u16::MAX;

/// The numbers of one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ChainNames {
    /// By the chain's number: the instance's.
    ours: [Vec<u16>; TABLES],
    /// By the instance's number: the chain's.
    theirs: [Vec<u16>; TABLES],
    renumbers: bool,
}

fn tables(names: &Names) -> [&NameTable; TABLES] {
    [&names.departments, &names.queues, &names.sources]
}

fn tables_mut(names: &mut Names) -> [&mut NameTable; TABLES] {
    [&mut names.departments, &mut names.queues, &mut names.sources]
}

impl ChainNames {
    /// The instance's numbers of names that the chain does not know yet.
    pub(super) fn missing(&self, names: &Names) -> [Vec<u16>; TABLES] {
        let tables = tables(names);
        std::array::from_fn(|table| {
            let theirs = &self.theirs[table];
            let known = |at: u16| theirs.get(usize::from(at)).is_some_and(|at| *at != NONE);
            if self.ours[table].len() == tables[table].len() {
                return Vec::new();
            }
            (0..tables[table].len() as u16).filter(|at| !known(*at)).collect()
        })
    }

    fn add(&mut self, table: usize, ours: u16) {
        let theirs = self.ours[table].len() as u16;
        self.ours[table].push(ours);
        let at = usize::from(ours);
        if self.theirs[table].len() <= at {
            self.theirs[table].resize(at + 1, NONE);
        }
        self.theirs[table][at] = theirs;
        self.renumbers |= ours != theirs;
    }

    /// Writes the names that are missing, and gives the numbers as they are after the record.
    pub(super) fn pack_missing(&self, names: &Names, out: &mut Writer<'_>) -> ChainNames {
        let mut after = self.clone();
        for (table, missing) in self.missing(names).iter().enumerate() {
            out.unsigned(missing.len() as u64);
            for at in missing {
                out.text(tables(names)[table].name(*at));
                after.add(table, *at);
            }
        }
        after
    }

    /// Learns the names that a record brings.
    ///
    /// # Errors
    ///
    /// What keeps it from being read.
    pub(super) fn learn(
        &mut self,
        input: &mut Reader<'_>,
        names: &mut Names,
    ) -> Result<(), Unreadable> {
        for (table, of) in tables_mut(names).into_iter().enumerate() {
            for _ in 0..input.count(1).ok_or(Unreadable::Content)? {
                let name = input.text().ok_or(Unreadable::Content)?;
                let ours = of.intern(name).ok_or(Unreadable::NoRoom)?;
                self.add(table, ours);
            }
        }
        Ok(())
    }

    /// From the instance's numbers to the chain's; `None` when they are the same.
    pub(super) fn to_chain(&self) -> Option<Renaming> {
        self.renumbers.then(|| renaming(&self.theirs))
    }

    /// From the chain's numbers to the instance's; `None` when they are the same.
    pub(super) fn to_instance(&self) -> Option<Renaming> {
        self.renumbers.then(|| renaming(&self.ours))
    }

    /// Writes the chain's numbers, for a snapshot that holds the instance's names too.
    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        for ours in &self.ours {
            out.unsigned(ours.len() as u64);
            ours.iter().for_each(|at| out.unsigned(u64::from(*at)));
        }
    }

    /// Reads what [`ChainNames::pack`] wrote; `None` on foreign bytes.
    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<ChainNames> {
        let mut names = ChainNames::default();
        for table in 0..TABLES {
            for _ in 0..input.count(1)? {
                names.add(table, u16::try_from(input.unsigned()?).ok()?);
            }
        }
        Some(names)
    }
}

fn renaming(tables: &[Vec<u16>; TABLES]) -> Renaming {
    let [departments, queues, sources] = tables.clone();
    Renaming { departments, queues, sources }
}

/// Why the content of a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It makes no sense.
    Content,
    /// There is no room for a name in it: `limits.departments`, `.queues` or `.sources`.
    NoRoom,
}
