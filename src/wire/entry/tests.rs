use super::*;
use crate::domain::event::Message;
use crate::domain::ids::Names;
use crate::wire::canonical::{Arrival, Decoder, Limits};
use crate::wire::identity::{IdKey, Pseudonyms};
use crate::wire::mask::MASK;

fn now() -> Timestamp {
    time::parse("2026-10-05T12:00:00Z").unwrap()
}

fn unknown(slug: &str) -> Option<String> {
    (slug != "social").then(|| "did you mean \"social\"?".to_owned())
}

fn circumstances() -> Circumstances<'static> {
    Circumstances { now: now(), source: "enter", unknown: &unknown }
}

fn entered(telling: Telling, fields: &[(Field, &str)]) -> Result<Entered, Vec<String>> {
    event(telling, fields, &circumstances())
}

fn survey<'a>(more: &[(Field, &'a str)]) -> Vec<(Field, &'a str)> {
    let fields = [
        (Field::Measure, "nojd-2016"),
        (Field::Period, "2016"),
        (Field::Value, "71,5"),
        (Field::N, "1 200"),
    ];
    let is_given = |field: &Field| more.iter().any(|(of, _)| of == field);
    let kept = fields.into_iter().filter(|(field, _)| !is_given(field));
    kept.chain(more.iter().copied()).collect()
}

#[test]
fn what_is_entered_is_what_the_decoder_reads() {
    let pseudonyms = Pseudonyms::new(None);
    let mut decoder =
        Decoder::new(Names::new(9, 9, 9, true), IdKey::new(b"k"), pseudonyms, Limits::default());
    let arrival = Arrival { record_time: Some(now()), content_type_cloudevents: false };
    let all = [
        (Telling::Survey, survey(&[(Field::Margin, "2.5"), (Field::Replaces, "nojd-2014")])),
        (Telling::Survey, survey(&[(Field::Scale, "index"), (Field::Wording, "Hur nöjd är du?")])),
        (Telling::Evaluator, survey(&[(Field::Evaluator, "SCB"), (Field::Measure, "SM1")])),
        (
            Telling::Count,
            vec![
                (Field::Channel, "visit"),
                (Field::Period, "2026-09"),
                (Field::Department, "social"),
                (Field::N, "0"),
            ],
        ),
        (
            Telling::Note,
            vec![
                (Field::Period, "2026-T2"),
                (Field::Goal, "SM2"),
                (Field::Text, "Två vikarier\nfrån juni; ring 070-123 45 67"),
                (Field::Public, "ja"),
            ],
        ),
    ];
    for (telling, fields) in all {
        let made = entered(telling, &fields).unwrap();
        let decoded = decoder.decode(encode(&made.event).as_bytes(), &arrival).unwrap();
        assert!(matches!(decoded.message, Message::Told(_)), "{telling:?}");
        assert!(decoded.notes.is_empty(), "it is masked already");
        assert_eq!(made.masked, usize::from(telling == Telling::Note));
    }
}

#[test]
fn the_id_is_made_of_what_is_said() {
    let id = |fields: &[(Field, &str)], now: Timestamp| {
        let at = Circumstances { now, ..circumstances() };
        event(Telling::Survey, fields, &at).unwrap().event.id
    };
    let first = id(&survey(&[]), now());
    let later = Timestamp(now().0 + 60_000);
    assert_eq!(id(&survey(&[(Field::Value, "71.50")]), later), first);
    assert_ne!(id(&survey(&[(Field::Value, "71.6")]), now()), first);
}

#[test]
fn every_fault_is_one_sentence() {
    let note = |text: &str| entered(Telling::Note, &[(Field::Period, "2026"), (Field::Text, text)]);
    for (fields, fault) in [
        (survey(&[(Field::Value, "100,1")]), "value \"100,1\" is over 100"),
        (survey(&[(Field::Value, "-1")]), "value \"-1\" is negative"),
        (survey(&[(Field::Value, "NaN")]), "value \"NaN\" is no number; write it as 71,5"),
        (survey(&[(Field::N, "-3")]), "n \"-3\" is negative"),
        (survey(&[(Field::N, "1,5")]), "n \"1,5\" is no whole number"),
        (survey(&[(Field::N, "99999999999")]), "n \"99999999999\" is too much"),
        (survey(&[(Field::Margin, "101")]), "margin \"101\" is over 100"),
        (survey(&[(Field::Period, "2027")]), "period \"2027\" is to come"),
        (survey(&[(Field::Period, "2026-11")]), "period \"2026-11\" is to come"),
        (survey(&[(Field::Period, "16")]), "period \"16\" is no period; write 2026, 2026-jan-aug"),
        (survey(&[(Field::Measure, "Nöjd 2016")]), "measure \"Nöjd 2016\" is no name of one"),
        (survey(&[(Field::Measure, "NOJD")]), "measure \"NOJD\" is no name of one"),
        (survey(&[(Field::Department, "socal")]), "did you mean \"social\"?"),
        (survey(&[(Field::Scale, "mean")]), "scale \"mean\" is unknown; take share or index"),
        (survey(&[(Field::Text, "hej")]), "text does not belong to a survey"),
        (survey(&[(Field::N, "0")]), "n \"0\" means that nobody answered"),
    ] {
        let faults = entered(Telling::Survey, &fields).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(fault), "{faults:?}");
    }
    // What is called like a goal is one; anything else may be a measure of the evaluator's own.
    let of_goal = |measure: &str| {
        let mut fields = survey(&[(Field::Measure, measure)]);
        fields.push((Field::Evaluator, "scb"));
        entered(Telling::Evaluator, &fields)
    };
    for measure in ["SM1", "sm3w", "Fcr", "staffed", "satisfaction", "smart", "sm", "nojd-2016"] {
        assert!(of_goal(measure).is_ok(), "{measure}");
    }
    for measure in ["sm77", "SM5", "sm1b", "sm0"] {
        let faults = of_goal(measure).unwrap_err();
        let told =
            format!("measure \"{measure}\" is no goal; there are SM1, SM2, SM3, SM3w, SM4, FCR");
        assert!(faults.len() == 1 && faults[0].starts_with(&told), "{faults:?}");
    }
    let of_nothing = [(Field::Goal, "SM77"), (Field::Period, "2026"), (Field::Text, "hej")];
    assert!(
        entered(Telling::Note, &of_nothing).unwrap_err()[0].starts_with("goal \"SM77\" is no goal")
    );
    // 2026 and October have begun by 5 October.
    assert!(entered(Telling::Survey, &survey(&[(Field::Period, "2026-10")])).is_ok());
    assert!(entered(Telling::Survey, &survey(&[(Field::Value, "100")])).is_ok());
    let long = "å".repeat(LONGEST_NOTE);
    assert!(note(&long).is_ok());
    assert!(note(&format!("{long}å")).unwrap_err()[0].contains("has 2001 characters"));
    assert!(note("a\u{7}b").unwrap_err()[0].contains("control characters"));
    assert!(note("a\u{202e}b").unwrap_err()[0].contains("control characters"));
    let nothing = entered(Telling::Count, &[]).unwrap_err();
    assert_eq!(nothing.len(), 4);
    assert_eq!(nothing[0], "channel is missing: a count needs channel, period, department, n");
    let count = [
        (Field::Channel, "phone"),
        (Field::Period, "2026"),
        (Field::Department, "social"),
        (Field::N, "4"),
    ];
    let faults = entered(Telling::Count, &count).unwrap_err();
    assert!(faults[0].contains("is no month") && faults[1].contains("take visit or post"));
}

#[test]
fn a_table_is_read_or_refused_as_a_whole() {
    let read = |text: &str| table::read(text.as_bytes(), &circumstances());
    let good = "\u{feff}type,period,department,measure,channel,value,n,text,public\r\n\
        survey,2016,,nojd,,\"71,5\",400,,\r\n\
        \r\n\
        note,2026-09,social,,,,,\"Två rader\r\nmed \"\"citat\"\", och 070-123 45 67\",nej\r\n\
        ,,,,,,,,\r\n\
        count.entered,2026-09,social,,visit,,412,,\r\n";
    let lines = read(good).unwrap();
    let numbers: Vec<u64> = lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [2, 4, 7]);
    let text = lines[1].entered.event.text.as_ref().unwrap().as_str().to_owned();
    assert_eq!(text, format!("Två rader med \"citat\", och {MASK}"));
    let semicolons = "type;period;measure;value;n\nsurvey;2016;nojd;71,5;400\n";
    assert_eq!(read(semicolons).unwrap()[0].entered.event.id, lines[0].entered.event.id);

    let bad = "type,period,measure,value,n\n\
        survey,2016,nojd,100.1,-4\n\
        survey,2016,nojd,70,4\n\
        survey,2016,nojd,71,4\n\
        survey,2016,nojd\n\
        syrvey,2016,nojd,71,4\n\
        count,2016,,,4\n";
    let faults = read(bad).unwrap_err();
    let expected = [
        "line 2: value \"100.1\" is over 100",
        "line 2: n \"-4\" is negative",
        "line 4: says of the same thing something else than line 3",
        "line 5: has 3 fields and the first row 5",
        "line 6: type \"syrvey\" is unknown; take survey, evaluator, count, note",
        "line 7: channel is missing",
        "line 7: department is missing",
        "line 7: period \"2016\" is no month",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}");
    }
    for (text, fault) in [
        ("", "has no row"),
        ("type,period\n", "has no row"),
        ("type,perod\nsurvey,2016\n", "line 1: unknown column \"perod\"; there are type, measure"),
        ("period,measure\n2016,nojd\n", "line 1: the column type is missing"),
        ("type,type,n\nsurvey,survey,1\n", "line 1: there are two columns \"type\""),
    ] {
        let faults = read(text).unwrap_err();
        assert!(faults[0].starts_with(fault), "{faults:?}");
    }
    let latin = table::read(b"type,n\nsurvey,1\nn\xf6jd,1\n", &circumstances()).unwrap_err();
    assert!(latin[0].starts_with("line 3: is no UTF-8"), "{latin:?}");
}
