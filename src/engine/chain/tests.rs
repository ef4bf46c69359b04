use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 16]>().prop_map(Hash)
}

fn position() -> impl Strategy<Value = Position> {
    any::<(i64, u32)>().prop_map(|(next, last)| Position { next, last })
}

fn claim() -> impl Strategy<Value = Claim> {
    (any::<[u64; 4]>(), hash(), any::<u32>()).prop_map(|(numbers, ends_claim, definitions)| {
        let [ends, instance, attempt, key] = numbers;
        Claim { ends, ends_claim, instance, attempt, key, definitions }
    })
}

fn link() -> impl Strategy<Value = Link> {
    let spans = vec((position(), position()), 0..5);
    (any::<(u64, u64, u32, u32, bool)>(), hash(), spans).prop_map(|(numbers, previous, spans)| {
        let (epoch, sequence, definitions, rules, brings_rules) = numbers;
        let version = RulesVersion { definitions, rules };
        Link { epoch, sequence, previous, version, brings_rules, spans }
    })
}

fn partition() -> impl Strategy<Value = i32> {
    0..=i32::MAX
}

fn commit(link: &Link) -> Vec<u8> {
    encode_commit(3, link, |out| out.text("content")).0
}

fn at(next: i64) -> Position {
    Position { next, last: next as u32 }
}

/// Epoch 2 was begun by a claim named 1; of the first of two inputs ten records are read.
fn head() -> Head {
    Head {
        epoch: 2,
        claim: Hash([1; 16]),
        sequence: 7,
        hash: Hash([2; 16]),
        version: RulesVersion { definitions: 1, rules: 4 },
        positions: vec![at(10), Position::NONE],
    }
}

/// The next commit of that chain.
fn next() -> Link {
    Link {
        epoch: 2,
        sequence: 8,
        previous: Hash([2; 16]),
        version: RulesVersion { definitions: 1, rules: 4 },
        brings_rules: false,
        spans: vec![(at(10), at(12)), (Position::NONE, at(1))],
    }
}

#[track_caller]
fn judged(verdict: Verdict, change: impl FnOnce(&mut Link)) {
    let mut link = next();
    change(&mut link);
    let bytes = commit(&link);
    assert_eq!(head().judge(&open(&bytes).unwrap()), verdict, "{link:?}");
}

#[test]
fn a_commit_that_continues_the_chain_counts() {
    judged(Verdict::Valid, |_| {});
    // Nothing was read: incidents and publications are told so.
    judged(Verdict::Valid, |link| {
        link.spans = vec![(at(10), at(10)), (Position::NONE, Position::NONE)]
    });
    // An input more than before.
    judged(Verdict::Valid, |link| link.spans.push((Position::NONE, at(5))));
    // A topic that was made anew is read from its beginning: back is a way to go on.
    judged(Verdict::Valid, |link| link.spans[0].1 = at(3));
}

#[test]
fn a_commit_that_does_not_continue_the_chain_does_not_count() {
    judged(Verdict::Stale, |link| link.epoch = 1);
    judged(Verdict::Broken(Break::Epoch), |link| link.epoch = 3);
    judged(Verdict::Passed, |link| link.sequence = 7);
    judged(Verdict::Passed, |link| link.sequence = 0);
    judged(Verdict::Broken(Break::Sequence), |link| link.sequence = 9);
    judged(Verdict::Broken(Break::Previous), |link| link.previous = Hash([3; 16]));
    let broken = Verdict::Broken(Break::Positions);
    judged(broken, |link| link.spans[0].0 = at(9));
    judged(broken, |link| link.spans[0].0 = at(11));
    judged(broken, |link| link.spans[0].0.last = 0);
    judged(broken, |link| link.spans[1].0 = at(0));
    judged(broken, |link| link.spans.push((at(0), at(5))));
    judged(broken, |link| link.spans.truncate(1));
}

#[test]
fn a_commit_is_judged_by_the_rules_of_the_chain_unless_it_brings_newer_ones() {
    let broken = Verdict::Broken(Break::Rules);
    judged(broken, |link| link.version.rules = 5);
    judged(broken, |link| link.version.definitions = 2);
    judged(broken, |link| link.version.rules = 3);
    let with = |definitions, rules| {
        move |link: &mut Link| {
            link.version = RulesVersion { definitions, rules };
            link.brings_rules = true;
        }
    };
    judged(Verdict::Valid, with(1, 4));
    judged(Verdict::Valid, with(1, 5));
    judged(Verdict::Valid, with(2, 4));
    judged(broken, with(1, 3));
    judged(broken, with(0, 5));
    judged(broken, with(2, 3));
}

#[test]
fn a_claim_counts_when_it_ends_the_epoch_in_force() {
    let judged = |change: &dyn Fn(&mut Claim)| {
        let mut claim = head().claim(5, 1, 99, 1);
        change(&mut claim);
        head().judge(&open(&encode_claim(3, &claim).0).unwrap())
    };
    assert_eq!(judged(&|_| {}), Verdict::Valid);
    assert_eq!(judged(&|claim| claim.ends = 1), Verdict::Stale);
    assert_eq!(judged(&|claim| claim.ends = 3), Verdict::Broken(Break::Epoch));
    // Another claim began an epoch of that number where this one was made.
    assert_eq!(judged(&|claim| claim.ends_claim = Hash([9; 16])), Verdict::Stale);
}

#[test]
fn the_first_claim_of_two_counts_and_what_was_under_way_does_not() {
    let mut head = head();
    let first = encode_claim(3, &head.claim(5, 1, 0, 1)).0;
    let second = encode_claim(3, &head.claim(6, 1, 0, 1)).0;
    let late = commit(&next());
    let first = open(&first).unwrap();
    head.advance(&first);
    assert_eq!((head.epoch, head.claim, head.sequence), (3, first.hash, 8));
    assert_eq!(head.positions, self::head().positions);
    assert_eq!(head.judge(&first), Verdict::Stale);
    assert_eq!(head.judge(&open(&second).unwrap()), Verdict::Stale);
    assert_eq!(head.judge(&open(&late).unwrap()), Verdict::Stale);
}

#[test]
fn what_follows_a_claim_names_all_that_was_before_it() {
    let claim = encode_claim(3, &head().claim(5, 1, 0, 1)).0;
    let claim = open(&claim).unwrap();
    let mut one = head();
    let mut other = Head { hash: Hash([7; 16]), ..head() };
    one.advance(&claim);
    other.advance(&claim);
    assert_eq!(one.claim, other.claim);
    assert_ne!(one.hash, other.hash);
}

#[test]
fn a_commit_moves_the_chain_on_and_its_copy_is_passed() {
    let mut head = head();
    let bytes = commit(&next());
    let envelope = open(&bytes).unwrap();
    head.advance(&envelope);
    assert_eq!((head.epoch, head.sequence, head.hash), (2, 8, envelope.hash));
    assert_eq!([head.position(0), head.position(1)], [at(12), at(1)]);
    assert_eq!(head.position(2), Position::NONE);
    assert_eq!(head.judge(&envelope), Verdict::Passed);
}

#[test]
fn a_newer_form_is_told_from_changed_bytes() {
    assert_eq!(open(&seal(vec![SCHEMA + 1, 200, 9]).0), Err(Corrupt::Schema(SCHEMA + 1)));
    assert_eq!(open(&seal(vec![SCHEMA, 9, 0]).0), Err(Corrupt::Content));
    assert_eq!(open(&seal(Vec::new()).0), Err(Corrupt::Content));
    assert_eq!(open(&[0; 15]), Err(Corrupt::Checksum));
}

proptest! {
    #[test]
    fn a_claim_is_read_as_it_was_written(partition in partition(), claim in claim()) {
        let (bytes, hash) = encode_claim(partition, &claim);
        prop_assert_eq!(open(&bytes), Ok(Envelope { partition, hash, kind: Kind::Claim(claim) }));
    }

    #[test]
    fn a_commit_is_read_as_it_was_written(
        partition in partition(),
        link in link(),
        content in vec(any::<u8>(), 0..100),
    ) {
        let (bytes, hash) = encode_commit(partition, &link, |out| out.fixed(&content));
        let kind = Kind::Commit(link, &content);
        prop_assert_eq!(open(&bytes), Ok(Envelope { partition, hash, kind }));
    }

    #[test]
    fn every_changed_byte_is_found(claim in claim(), link in link(), change in 1..=u8::MAX) {
        for mut bytes in [encode_claim(3, &claim).0, commit(&link)] {
            for at in 0..bytes.len() {
                bytes[at] ^= change;
                prop_assert_eq!(open(&bytes), Err(Corrupt::Checksum), "byte {}", at);
                bytes[at] ^= change;
            }
        }
    }

    #[test]
    fn every_cut_is_found(claim in claim(), link in link()) {
        for bytes in [encode_claim(3, &claim).0, commit(&link)] {
            for length in 0..bytes.len() {
                prop_assert_eq!(open(&bytes[..length]), Err(Corrupt::Checksum));
            }
        }
    }

    #[test]
    fn foreign_bytes_do_no_harm(mut bytes in vec(any::<u8>(), 0..200), kind in 0..4_u8) {
        prop_assert_eq!(open(&bytes), Err(Corrupt::Checksum));
        // Behind the checksum as well.
        for (at, byte) in [SCHEMA, kind, 3].into_iter().enumerate().take(bytes.len()) {
            bytes[at] = byte;
        }
        let length = bytes.len();
        let sealed = seal(bytes).0;
        if let Ok(envelope) = open(&sealed) {
            let mut head = head();
            if head.judge(&envelope) == Verdict::Valid {
                head.advance(&envelope);
            }
            if let Kind::Commit(link, content) = envelope.kind {
                prop_assert!(link.spans.len() * 4 + content.len() <= length);
            }
        }
    }
}
