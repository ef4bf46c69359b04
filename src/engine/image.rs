//! The fold as bytes: what the snapshot file holds.
//!
//! A snapshot is a cache. It says which record of each partition of the ledger it was taken behind
//! and what that record is called; a reader begins there instead of at the beginning. Bytes that
//! were changed, and those of another ledger, are refused.
//!
//! ```text
//! "svarstid" · format · key · topic · rules · names · chains · kin · days · board · 16 bytes of SHA-256
//! ```

use std::fmt;

use hashbrown::{HashMap, HashSet};

use super::chain::{self, Hash, Head, Position, RulesVersion};
use super::codec::{pack_counts, time, unpack_counts, untime};
use super::days::Days;
use super::fold::Chain;
use super::heard::Lately;
use super::incident::{Incident, IncidentKind};
use super::instance::Instance;
use super::marker::Marks;
use super::names::ChainNames;
use super::restarts::Restarts;
use super::watermark::Watermark;
use crate::domain::board::{Board, BoardImage};
use crate::domain::contact::packed::Packed;
use crate::domain::ids::{AgentId, ContactId, Names, Source};
use crate::domain::kin::Kin;
use crate::domain::pack::{Reader, Writer};
use crate::domain::rules::DEFINITIONS;
use crate::domain::told::Tellings;
use crate::domain::units::Timestamp;

const MAGIC: &[u8; 8] = b"svarstid";
/// The version of the form below.
const FORMAT: u8 = 4;

/// The fold at one moment. Making it costs a copy of the held contacts; the rest is shared.
#[derive(Debug)]
pub struct Image {
    before_board: Vec<u8>,
    board: BoardImage,
}

/// Why a snapshot is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its bytes were changed, or are not all there.
    Damaged,
    /// It is of another ledger, key or program; what differs.
    Foreign(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Damaged => out.write_str("its bytes are damaged"),
            Refused::Foreign(what) => out.write_str(what),
        }
    }
}

impl Image {
    /// The bytes of the snapshot file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.before_board.clone();
        self.board.pack(&mut bytes);
        let hash = chain::digest(&[&bytes]);
        bytes.extend_from_slice(&hash.0);
        bytes
    }
}

impl Instance {
    /// The fold as it is now, for another thread to write.
    pub fn image(&self) -> Image {
        let engine = &self.engine;
        let held = engine.fold.chains.iter().map(|chain| chain.held_bytes + 10 * chain.held.len());
        let mut bytes = Vec::with_capacity(held.sum::<usize>() + 65_536);
        let mut out = Writer(&mut bytes);
        out.fixed(MAGIC);
        out.byte(FORMAT);
        out.fixed(&self.identity.key.to_le_bytes());
        out.text(&self.config.topics.ledger);
        out.unsigned(u64::from(engine.version.definitions));
        let (version, text) = self.chain_rules.as_ref().map_or((0, ""), |(v, t)| (*v, t.as_str()));
        out.unsigned(u64::from(version));
        out.text(text);
        out.unsigned(u64::from(engine.version.rules));
        engine.decoder.names().pack(&mut out);
        out.unsigned(engine.fold.chains.len() as u64);
        for (at, chain) in engine.fold.chains.iter().enumerate() {
            out.signed(self.ledger_next(at));
            let last = self.ledger_last(at);
            out.byte(u8::from(last.is_some()));
            if let Some((offset, hash)) = last {
                out.signed(offset);
                out.fixed(&hash.0);
            }
            pack_chain(chain, &mut out);
        }
        engine.fold.kin.pack(&mut out);
        engine.fold.days.pack(&mut out);
        Image { before_board: bytes, board: engine.fold.board().image() }
    }

    /// Goes on from a snapshot. The ledger has then to be read from [`Instance::ledger_next`] on,
    /// and [`Instance::ledger_last`] to be compared with what stands there.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing has then changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let (body, hash) = bytes.split_last_chunk::<16>().ok_or(Refused::Damaged)?;
        if chain::digest(&[body]) != Hash(*hash) {
            return Err(Refused::Damaged);
        }
        let mut input = Reader(body);
        self.check(&mut input)?;
        let definitions = number(&mut input).ok_or(Refused::Damaged)?;
        if definitions != DEFINITIONS {
            return Err(Refused::Foreign(format!(
                "its figures follow definitions {definitions}, this program's {DEFINITIONS}"
            )));
        }
        let version = number(&mut input).ok_or(Refused::Damaged)?;
        let text = input.text().ok_or(Refused::Damaged)?.to_owned();
        let writers = number(&mut input).ok_or(Refused::Damaged)?;
        if writers > version.max(self.config.figures.version) {
            return Err(Refused::Foreign(format!(
                "rules version {writers}, which no chain has, gave it its names"
            )));
        }
        let limits = &self.config.limits;
        let mut names = Names::new(limits.departments, limits.queues, limits.sources, false);
        names.unpack_into(&mut input).ok_or_else(|| {
            Refused::Foreign(
                "there is no room for its names: see limits.departments, .queues and .sources"
                    .to_owned(),
            )
        })?;
        let count = input.count(8).ok_or(Refused::Damaged)?;
        if count != self.tenures.len() {
            return Err(Refused::Foreign(format!(
                "it has {count} partitions and the ledger has {}",
                self.tenures.len()
            )));
        }
        let mut chains = Vec::with_capacity(count);
        let mut positions = Vec::with_capacity(count);
        for _ in 0..count {
            positions.push(ledger_position(&mut input).ok_or(Refused::Damaged)?);
            chains.push(unpack_chain(&mut input).ok_or(Refused::Damaged)?);
        }
        let kin = Kin::unpack(&mut input).ok_or(Refused::Damaged)?;
        let days = Days::unpack(&mut input).ok_or(Refused::Damaged)?;
        let engine = &mut self.engine;
        let bounds = engine.fold.board().bounds().clone();
        let board = Board::unpack(&mut input, bounds, engine.settings.quarter_days)
            .filter(|_| input.is_empty())
            .ok_or(Refused::Damaged)?;
        *engine.decoder.names_mut() = names;
        engine.fold.restore(board, chains, kin, days);
        for (at, (next, last)) in positions.into_iter().enumerate() {
            self.set_ledger(at, next, last);
        }
        // What the configuration has beside the snapshot's names comes after them.
        let mut config = self.config.clone();
        let ours = self.engine.version.rules;
        if version > ours && config.adopt_rules(&text).is_ok() {
            self.config = config;
            self.notice_adopted(version, ours);
        }
        self.chain_rules = (version > 0).then_some((version, text));
        self.engine.set_rules(&self.config);
        Ok(())
    }

    fn check(&self, input: &mut Reader<'_>) -> Result<(), Refused> {
        let foreign = |what: &str| Err(Refused::Foreign(what.to_owned()));
        if input.fixed::<8>().as_ref() != Some(MAGIC) {
            return foreign("it is no snapshot of svarstid");
        }
        if input.byte() != Some(FORMAT) {
            return foreign("another version of the program wrote it");
        }
        if input.fixed().map(u64::from_le_bytes) != Some(self.identity.key) {
            return foreign("it was made under another privacy.id_key_file");
        }
        match input.text() {
            Some(topic) if topic == self.config.topics.ledger => Ok(()),
            Some(topic) => Err(Refused::Foreign(format!("it is of the ledger \"{topic}\""))),
            None => Err(Refused::Damaged),
        }
    }
}

fn number(input: &mut Reader<'_>) -> Option<u32> {
    u32::try_from(input.unsigned()?).ok()
}

fn ledger_position(input: &mut Reader<'_>) -> Option<(i64, Option<(i64, Hash)>)> {
    let next = input.signed()?;
    let last = match input.byte()? {
        0 => None,
        _ => Some((input.signed()?, Hash(input.fixed()?))),
    };
    Some((next, last))
}

fn pack_chain(chain: &Chain, out: &mut Writer<'_>) {
    out.unsigned(chain.partition as u64);
    let head = &chain.head;
    out.unsigned(head.epoch);
    out.fixed(&head.claim.0);
    out.unsigned(head.sequence);
    out.fixed(&head.hash.0);
    out.unsigned(u64::from(head.version.definitions));
    out.unsigned(u64::from(head.version.rules));
    out.unsigned(head.positions.len() as u64);
    for position in &head.positions {
        out.signed(position.next);
        out.unsigned(u64::from(position.last));
    }
    chain.names.pack(out);
    chain.watermark.pack(out);
    time(chain.last_event, out);
    time(chain.ticked, out);
    let restarts: Vec<(Source, Timestamp)> = chain.restarts.iter().collect();
    out.unsigned(restarts.len() as u64);
    for (source, at) in restarts {
        out.unsigned(u64::from(source.0));
        out.signed(at.0);
    }
    out.byte(u8::from(chain.rejudge.is_some()));
    if let Some(next) = chain.rejudge {
        out.fixed(&next.0.to_le_bytes());
    }
    let mut agents: Vec<&AgentId> = chain.agents.iter().collect();
    agents.sort_unstable();
    out.unsigned(agents.len() as u64);
    agents.iter().for_each(|agent| out.fixed(&agent.0.to_le_bytes()));
    out.unsigned(chain.counts.len() as u64);
    chain.counts.iter().for_each(|counts| pack_counts(counts, out));
    out.unsigned(chain.anomalies.len() as u64);
    chain.anomalies.iter().for_each(|n| out.signed(*n));
    out.signed(chain.corrections);
    out.unsigned(chain.incidents.len() as u64);
    chain.incidents.iter().for_each(|incident| incident.pack(out));
    chain.incident_counts.iter().for_each(|n| out.signed(*n));
    out.unsigned(chain.held.len() as u64);
    for (contact, held) in &chain.held {
        out.fixed(&contact.0.to_le_bytes());
        out.bytes(held.as_bytes());
    }
    chain.told.pack(out);
    chain.heard.pack(out);
    chain.marks.pack(out);
}

fn unpack_chain(input: &mut Reader<'_>) -> Option<Chain> {
    let mut chain = Chain {
        partition: i32::try_from(input.unsigned()?).ok()?,
        head: Head {
            epoch: input.unsigned()?,
            claim: Hash(input.fixed()?),
            sequence: input.unsigned()?,
            hash: Hash(input.fixed()?),
            version: RulesVersion { definitions: number(input)?, rules: number(input)? },
            positions: Vec::new(),
        },
        ..Chain::default()
    };
    for _ in 0..input.count(2)? {
        chain.head.positions.push(Position { next: input.signed()?, last: number(input)? });
    }
    chain.names = ChainNames::unpack(input)?;
    chain.watermark = Watermark::unpack(input)?;
    chain.last_event = untime(input)?;
    chain.ticked = untime(input)?;
    let mut restarts = Restarts::default();
    for _ in 0..input.count(2)? {
        restarts.insert(Source(input.index()?), Timestamp(input.signed()?));
    }
    chain.restarts = restarts;
    chain.rejudge = match input.byte()? {
        0 => None,
        _ => Some(ContactId(u64::from_le_bytes(input.fixed()?))),
    };
    let mut agents = HashSet::new();
    for _ in 0..input.count(8)? {
        agents.insert(AgentId(u64::from_le_bytes(input.fixed()?)));
    }
    chain.agents = agents;
    for _ in 0..input.count(1)? {
        chain.counts.push(unpack_counts(input)?);
    }
    for _ in 0..input.count(1)? {
        chain.anomalies.push(input.signed()?);
    }
    chain.corrections = input.signed()?;
    for _ in 0..input.count(5)? {
        chain.incidents.push(Incident::unpack(input)?);
    }
    for at in 0..IncidentKind::ALL.len() {
        chain.incident_counts[at] = input.signed()?;
    }
    let count = input.count(9)?;
    chain.held = HashMap::with_capacity(count);
    for _ in 0..count {
        let contact = ContactId(u64::from_le_bytes(input.fixed()?));
        let held = Packed::from_bytes(input.bytes()?)?;
        chain.held_bytes += held.bytes();
        chain.held.insert(contact, held);
    }
    chain.told = Tellings::unpack(input)?;
    chain.heard = Lately::unpack(input)?;
    chain.marks = Marks::unpack(input)?;
    Some(chain)
}
