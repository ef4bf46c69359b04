use proptest::prelude::*;

use super::*;

fn periods() -> impl Strategy<Value = Period> {
    const NAMES: [&str; 7] =
        ["2014", "2016", "2016-10", "2016-T3", "2016-jan-aug", "2016-W40", "2016-10-05"];
    proptest::sample::select(NAMES.as_slice()).prop_map(|name| Period::parse(name).unwrap())
}

fn outcome() -> impl Strategy<Value = Found> {
    let told = (proptest::option::of("[a-zåäö ]{1,9}"), proptest::option::of("[ab]"));
    let found = (0..=1_000_000i64, 0..500i64, proptest::option::of(0..90_000i64));
    (found, told).prop_map(|((value, responses, margin), (wording, replaces))| {
        Found::Outcome(Outcome { value, responses, margin, wording, replaces })
    })
}

fn what() -> impl Strategy<Value = (Subject, Found)> {
    let scale = || proptest::sample::select(Scale::ALL.as_slice());
    let note = (proptest::option::of("[ab]"), "[a-zåäö<>&]{1,12}", any::<bool>());
    prop_oneof![
        ("[ab]", scale(), outcome())
            .prop_map(|(measure, scale, found)| (Subject::Survey { measure, scale }, found)),
        ("[ab]", scale(), "[xy]", outcome()).prop_map(|(measure, scale, evaluator, found)| {
            (Subject::Evaluator { measure, scale, evaluator }, found)
        }),
        (proptest::sample::select(Counted::ALL.as_slice()), 0..900i64)
            .prop_map(|(channel, n)| (Subject::Count(channel), Found::Count(n))),
        note.prop_map(|(goal, text, is_public)| {
            (Subject::Note { goal }, Found::Note { text, is_public })
        }),
    ]
}

fn told() -> impl Strategy<Value = Told> {
    let at = (proptest::option::of(0..3u16), periods(), 0..3i64, 0..4u64);
    (what(), at).prop_map(|((subject, found), (department, period, time, id))| Told {
        slot: Slot { subject, department: department.map(Department), period },
        entry: Entry { time: Timestamp(time), id: EventId(id), found },
    })
}

#[test]
fn a_period_is_its_name_and_nothing_else() {
    let span = |text| {
        let period = Period::parse(text)?;
        assert_eq!(period.to_string(), text);
        Some((period.from.to_string(), period.until.to_string()))
    };
    let days = |from: &str, until: &str| Some((from.to_owned(), until.to_owned()));
    assert_eq!(span("2016"), days("2016-01-01", "2016-12-31"));
    assert_eq!(span("2016-02"), days("2016-02-01", "2016-02-29"));
    assert_eq!(span("2016-T2"), days("2016-05-01", "2016-08-31"));
    assert_eq!(span("2016-jan-aug"), days("2016-01-01", "2016-08-31"));
    assert_eq!(span("2020-W53"), days("2020-12-28", "2021-01-03"));
    assert_eq!(span("2016-10-05"), days("2016-10-05", "2016-10-05"));
    for text in [
        "16",
        "",
        "2016-13",
        "2016-00",
        "2016-T0",
        "2016-T4",
        "2016-W54",
        "2021-W53",
        "2016-W00",
        "+016",
        "1999",
        "2100",
        "2016-1",
        "2016-jan",
        "2016-02-30",
        "２０１６",
    ] {
        assert_eq!(Period::parse(text), None, "{text}");
    }
    assert!(Period::parse("2016-02").unwrap().is_month());
    assert!(!Period::parse("2016").unwrap().is_month());
}

#[test]
fn the_latest_share_is_that_of_the_period_that_ends_last_and_no_index() {
    let of = |period: &str, scale, time, value| Told {
        slot: Slot {
            subject: Subject::Survey { measure: "nojd".into(), scale },
            department: None,
            period: Period::parse(period).unwrap(),
        },
        entry: Entry {
            time: Timestamp(time),
            id: EventId(1),
            found: Found::Outcome(Outcome {
                value,
                responses: 9,
                margin: None,
                wording: None,
                replaces: None,
            }),
        },
    };
    let mut one = Tellings::default();
    one.take(of("2016", Scale::Share, 5, 700_000));
    one.take(of("2014", Scale::Share, 9, 600_000));
    let mut other = Tellings::default();
    other.take(of("2016", Scale::Share, 6, 710_000));
    other.take(of("2018", Scale::Index, 9, 900_000));
    let found = latest([&one, &other].into_iter());
    assert_eq!(found.len(), 1);
    assert_eq!(found[&("nojd", None)].satisfied_millionths, 710_000);
}

proptest! {
    #[test]
    fn what_was_told_last_holds_in_any_order_and_however_often(
        told in proptest::collection::vec(told(), 0..24),
        cut in 0..24usize,
    ) {
        let (mut all, mut backwards) = (Tellings::default(), Tellings::default());
        told.iter().for_each(|one| all.take(one.clone()));
        told.iter().rev().chain(&told).for_each(|one| backwards.take(one.clone()));
        prop_assert_eq!(&all, &backwards);
        // However it is spread over partitions.
        let (one, other) = told.split_at(cut.min(told.len()));
        let [mut one, other] = [one, other].map(|part| {
            let mut some = Tellings::default();
            part.iter().for_each(|one| some.take(one.clone()));
            some
        });
        one.merge(&other);
        prop_assert_eq!(&one, &all);
        let slots: std::collections::BTreeSet<&Slot> = told.iter().map(|one| &one.slot).collect();
        prop_assert_eq!(all.len(), slots.len());
        for slot in slots {
            let same = told.iter().filter(|one| one.slot == *slot);
            let last = same.map(|one| &one.entry).max_by_key(|entry| (entry.time, entry.id, &entry.found));
            prop_assert_eq!(all.get(slot), last);
        }
        let mut bytes = Vec::new();
        all.pack(&mut Writer(&mut bytes));
        let mut input = Reader(&bytes);
        prop_assert_eq!(Tellings::unpack(&mut input), Some(all));
        prop_assert!(input.is_empty());
        if !told.is_empty() {
            bytes.pop();
            prop_assert_eq!(Tellings::unpack(&mut Reader(&bytes)), None);
        }
    }

    #[test]
    fn one_takes_at_least_what_it_says(one in told()) {
        let mut bytes = Vec::new();
        one.pack(&mut Writer(&mut bytes));
        prop_assert!(bytes.len() >= LEAST_TOLD, "{}", bytes.len());
        prop_assert_eq!(Told::unpack(&mut Reader(&bytes)), Some(one));
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        drop(Tellings::unpack(&mut Reader(&bytes)));
    }
}
