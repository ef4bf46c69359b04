//! Records as bytes and back.

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::chain::{self, Kind};
use crate::engine::marker::Marker;
use crate::engine::names::ChainNames;
use crate::simulate::{Parameters, Simulation};
use crate::wire::canonical::Arrival;
use crate::wire::identity::{IdKey, Pseudonyms};

fn engine(config: &Config) -> Engine {
    let names = config.names();
    let rules = config.rules(&names);
    let decoder = crate::wire::canonical::Decoder::new(
        names,
        IdKey::new(b"id"),
        Pseudonyms::new(Some(b"caller")),
        crate::wire::canonical::Limits::default(),
    );
    let mut engine = Engine::new(crate::engine::Settings::from(config), rules, decoder, Vec::new());
    engine.set_rules(config);
    engine
}

#[test]
fn what_is_read_is_what_was_written_also_under_other_numbers() {
    let config = Config::parse(include_str!("../../config/demo.toml"), &[]).unwrap();
    let day = |text: &str| text.parse().unwrap();
    let parameters = Parameters::new(5, day("2026-10-05"), day("2026-10-06"));
    let records: Vec<_> = Simulation::new(parameters).unwrap().take(2_500).collect();
    let mut writer = engine(&config);
    writer.open_partition("events", 0);
    // The reader knows the sources in another order.
    let mut reader = engine(&config);
    reader.open_partition("events", 0);
    reader.decoder.names_mut().sources.intern("another");
    reader.decoder.names_mut().queues.intern("another");
    for (offset, record) in records.iter().enumerate() {
        let bytes = record.payload.as_bytes();
        writer.event_of(0, 0, offset as i64, bytes, &Arrival::default());
        if offset % 97 != 0 {
            continue;
        }
        if offset == 970 {
            let day = crate::domain::calendar::Day::parse("2026-10-05").unwrap();
            let marker = Marker { period: "2026-09".parse().unwrap(), edition: 1, day };
            writer.partitions[0].mark(vec![marker]);
        }
        let Some((record, bytes, _)) = writer.cut_record(0, Vec::new(), None) else { continue };
        let envelope = chain::open(&bytes).unwrap();
        let Kind::Commit(link, content) = &envelope.kind else { panic!("a commit was cut") };
        let mut known: ChainNames = writer.fold.chains[0].names.clone();
        let mut names = writer.decoder.names().clone();
        let read = super::decode(link.clone(), content, &mut names, &mut known).unwrap();
        assert_eq!(read, record);
        reader.read_commit(0, &envelope, None).unwrap();
        writer.read_commit(0, &envelope, Some(record)).unwrap();
    }
    assert!(writer.quality().events > 2_000);
    assert_eq!(reader.quality(), writer.quality());
    assert_eq!(reader.editions_of("2026-09".parse().unwrap()), 1);
    assert_eq!(reader.editions(), writer.editions());
    assert_eq!(
        reader.document(crate::report::Interval::Hour, reader.last_event().unwrap()).to_json(),
        writer.document(crate::report::Interval::Hour, writer.last_event().unwrap()).to_json()
    );
}
