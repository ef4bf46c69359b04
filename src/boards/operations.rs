//! The program itself, for whoever is on call: is it fed, does it keep up, is anything lost?

use serde_json::json;

use super::panel::{BLUE, GREEN, Panel, RED, Reading, YELLOW};
use super::query::{FIRING, each, each_mean, each_rate, gauge, of_scrape, rate};
use super::{Board, Departments, words};
use crate::metrics::names::{self, Family};

pub(super) fn board() -> Board {
    Board {
        uid: "svarstid-operations",
        title: "Drift",
        description: "Om programmet matas, hänger med och inte förlorar något.",
        refresh: "30s",
        from: "now-6h",
        departments: Departments::None,
        is_technical: true,
        panels: [head(), stream(), ledger(), machine()].concat(),
    }
}

const YES: &[(i64, &str, &str)] = &[(0, GREEN, "Nej"), (1, RED, "Ja")];
const UP: &[(i64, &str, &str)] = &[(0, RED, "Nere"), (1, GREEN, "Uppe")];
const CAUGHT_UP: &[(i64, &str, &str)] = &[(0, YELLOW, "Läser in"), (1, GREEN, "I fas")];

fn head() -> Vec<Panel> {
    vec![
        Panel::stat("Instanser", "Om Prometheus når varje instans.").unit("none").words(UP).ask(
            Reading::Instant,
            "{{instance}}",
            of_scrape("up"),
        ),
        Panel::stat(
            "Inläsning",
            "Om instansen har läst hela huvudboken. Innan dess visar den inga siffror.",
        )
        .unit("none")
        .words(CAUGHT_UP)
        .ask(Reading::Instant, "{{instance}}", each(&names::CAUGHT_UP, "")),
        Panel::stat(
            "Utan kontakt med huvudboken",
            "Ja när inget hörts av huvudboken på tio sekunder. Då visas inga siffror.",
        )
        .unit("none")
        .words(YES)
        .ask(Reading::Instant, "{{instance}}", each(&names::LEDGER_STALE, "")),
        Panel::stat(
            "Stoppad",
            "Ja när det finns en ögonblicksbild men ingen huvudbok. /-/ready säger mer.",
        )
        .unit("none")
        .words(YES)
        .ask(Reading::Instant, "{{instance}}", each(&names::LEDGER_HALTED, "")),
        Panel::table("Larm", "Larm som gäller just nu. Tomt när allt är som det ska.")
            .unit("none")
            .ask(Reading::Table, "", FIRING.to_owned())
            .columns(&[("alertname", "Larm"), ("severity", "Allvar"), ("instance", "Instans")])
            .field("Allvar", &[("mappings", words::severities())])
            .default("noValue", json!("Inga larm")),
        Panel::table(
            "Sådant som inte borde hända",
            "Antal sedan huvudboken började, efter slag. Det som inte är noll ska utredas.",
        )
        .unit("none")
        .ask(Reading::Table, "", gauge(&names::INCIDENTS, ""))
        .columns(&[("kind", "Slag"), ("Value", "Antal")])
        .field("Slag", &[("mappings", words::incidents())])
        .fault_field("Antal", 1.0),
        Panel::table("Vad som körs", "Version, revision och kompilator för varje instans.")
            .size(24, 5)
            .unit("none")
            .ask(Reading::Table, "", each(&names::BUILD_INFO, ""))
            .columns(&[
                ("instance", "Instans"),
                ("version", "Version"),
                ("revision", "Revision"),
                ("rustc", "rustc"),
            ]),
    ]
}

fn curves(title: &'static str, description: &'static str, unit: &'static str) -> Panel {
    Panel::curves(title, description).unit(unit).default("min", json!(0))
}

/// A counter of the ledger, which all instances tell alike.
fn folded(title: &'static str, description: &'static str, families: &[(&str, &Family)]) -> Panel {
    let panel = curves(title, description, "ops").default("decimals", json!(2));
    families
        .iter()
        .fold(panel, |panel, (legend, family)| panel.ask(Reading::Range, legend, rate(family, "")))
}

/// A counter of each process.
fn own(title: &'static str, description: &'static str, families: &[(&str, &Family)]) -> Panel {
    let panel = curves(title, description, "ops").default("decimals", json!(2));
    families.iter().fold(panel, |panel, (legend, family)| {
        panel.ask(Reading::Range, legend, each_rate(family, ""))
    })
}

fn stream() -> Vec<Panel> {
    let age = |family| format!("time() - {}", gauge(family, ""));
    vec![
        curves(
            "Händelsernas eftersläpning",
            "Tid sedan den senaste händelsen, efter dess egen klocka. Växer när det är lugnt; på \
             dagen ska den vara kort.",
            "s",
        )
        .ask(Reading::Range, "{{topic}} {{partition}}", age(&names::LAST_EVENT))
        .ask(
            Reading::Range,
            "{{topic}} {{partition}}, vattenmärke",
            age(&names::WATERMARK),
        ),
        curves(
            "Olästa meddelanden",
            "Meddelanden mellan det lästa och slutet av varje partition.",
            "none",
        )
        .ask(Reading::Range, "{{topic}} {{partition}}", gauge(&names::LAG, "")),
        folded(
            "Händelser per sekund",
            "Lästa händelser och vad som blev av dem. Upprepade är ofarliga, sena räknas inte in.",
            &[
                ("{{partition}}: lästa", &names::CONSUMED),
                ("{{partition}}: använda", &names::APPLIED),
                ("{{partition}}: upprepade", &names::REPEATED),
                ("{{partition}}: sena", &names::LATE),
                ("{{partition}}: lagda åt sidan", &names::SET_ASIDE),
            ],
        ),
        folded(
            "Avvisade och avvikande per sekund",
            "Avvisade kunde inte läsas, avvikande passade inte in. Rättelser är sådant som \
             minskade ett antal.",
            &[
                ("Avvisade: {{reason}}", &names::REJECTED),
                ("Avvikande: {{kind}}", &names::ANOMALIES),
                ("{{partition}}: rättelser", &names::CORRECTIONS),
            ],
        ),
        curves(
            "Partitioner per instans",
            "Vilken instans som läser och skriver hur många.",
            "none",
        )
        .ask(Reading::Range, "{{instance}}", each(&names::ASSIGNED, "")),
        own(
            "Omfördelningar och luckor",
            "När partitioner byter instans, och när positioner saknas i det lästa.",
            &[
                ("{{instance}}: omfördelningar", &names::REBALANCES),
                ("{{instance}}: luckor", &names::INPUT_GAPS),
            ],
        ),
        curves("Samtal som hålls öppna", "Sådana som ännu kan ändras.", "none").ask(
            Reading::Range,
            "{{instance}}",
            each(&names::HELD_CONTACTS, ""),
        ),
        curves("Minne för öppna samtal", "Vad de tar.", "bytes").ask(
            Reading::Range,
            "{{instance}}",
            each(&names::HELD_BYTES, ""),
        ),
    ]
}

fn ledger() -> Vec<Panel> {
    vec![
        curves(
            "Tid att använda en händelse och att skriva i huvudboken",
            "Medelvärden för varje instans.",
            "s",
        )
        .ask(Reading::Range, "{{instance}}: händelse", each_mean(&names::APPLY))
        .ask(Reading::Range, "{{instance}}: huvudbok", each_mean(&names::LEDGER_SECONDS)),
        folded(
            "Poster i huvudboken per sekund",
            "Poster som räknas, för varje partition.",
            &[("{{partition}}", &names::LEDGER_COMMITS)],
        ),
        own(
            "Det som krävdes för att hålla huvudboken",
            "Övertaganden, omsändningar och misslyckade skrivningar. Enstaka hör till omstarter.",
            &[
                ("{{instance}}: {{what}}", &names::LEDGER_EVENTS),
                ("{{instance}} {{partition}}: misslyckade", &names::LEDGER_FAILURES),
                ("{{instance}}: läst {{verdict}}", &names::LEDGER_READ),
            ],
        ),
        own(
            "Skrivet i huvudboken",
            "Byte per sekund från varje instans, före komprimering.",
            &[("{{instance}}", &names::LEDGER_BYTES)],
        )
        .unit("Bps"),
        Panel::timeline("Vem som skriver", "Vilken instans som skriver varje partition.")
            .unit("none")
            .words(&[(0, BLUE, "Följer"), (1, GREEN, "Skriver")])
            .ask(Reading::Range, "{{partition}}: {{instance}}", each(&names::LEDGER_OWNED, "")),
        curves("Övertaganden", "Hur många gånger varje partition har tagits över.", "none").ask(
            Reading::Range,
            "{{partition}}",
            gauge(&names::LEDGER_EPOCH, ""),
        ),
        Panel::stat(
            "Kopior innan en post räknas",
            "Så många kopior som mäklarna kräver. Med en enda kan ett diskfel kosta poster.",
        )
        .unit("none")
        .colors(&[(None, YELLOW), (Some(2.0), GREEN)])
        .ask(Reading::Instant, "{{instance}}", each(&names::LEDGER_MIN_INSYNC, "")),
        Panel::stat(
            "Ögonblicksbildens ålder",
            "Tid sedan den senast skrevs. Utan den tar en start längre tid.",
        )
        .unit("dthms")
        .ask(
            Reading::Instant,
            "{{instance}}",
            format!("time() - {}", each(&names::SNAPSHOT_TIME, "")),
        ),
        Panel::stat("Ögonblicksbildens storlek", "Filens storlek.").unit("bytes").ask(
            Reading::Instant,
            "{{instance}}",
            each(&names::SNAPSHOT_BYTES, ""),
        ),
        Panel::stat("Uppehåll för ögonblicksbilden", "Så länge stod räkningen stilla senast.")
            .unit("s")
            .ask(Reading::Instant, "{{instance}}", each(&names::SNAPSHOT_PAUSE, "")),
        own(
            "Fel med ögonblicksbilder",
            "Sådana som inte kunde skrivas eller användas.",
            &[
                ("{{instance}}: ej skriven", &names::SNAPSHOT_FAILURES),
                ("{{instance}}: lagd åt sidan", &names::SNAPSHOT_ASIDE),
            ],
        ),
        Panel::stat(
            "Senast publicerade rapport",
            "Tid sedan instansen senast skrev en utgåva, efter slag av period.",
        )
        .unit("dthms")
        .ask(
            Reading::Instant,
            "{{instance}}: {{period}}",
            format!("time() - {}", each(&names::REPORT_SUCCESS, "")),
        ),
        Panel::stat(
            "Rapport som väntas",
            "Tid sedan den skulle ha publicerats. Tomt när ingen väntas.",
        )
        .unit("dthms")
        .ask(
            Reading::Instant,
            "{{instance}}: {{period}}",
            format!("time() - {}", each(&names::REPORT_AWAITED, "")),
        )
        .default("noValue", json!("Ingen")),
        own(
            "Fel med rapporter",
            "Utgåvor som inte kunde skrivas, eller som hade andra byte än den som redan fanns.",
            &[("{{instance}}", &names::REPORT_FAILURES)],
        ),
    ]
}

fn machine() -> Vec<Panel> {
    vec![
        curves("Minne", "Vad varje process har i minnet.", "bytes").ask(
            Reading::Range,
            "{{instance}}",
            each(&names::PROCESS_RESIDENT, ""),
        ),
        own(
            "Processor",
            "Sekunder processor per sekund.",
            &[("{{instance}}", &names::PROCESS_CPU)],
        )
        .unit("percentunit"),
        curves("Öppna filer", "Öppna filer och gränsen för dem.", "none")
            .ask(Reading::Range, "{{instance}}", each(&names::PROCESS_OPEN_FDS, ""))
            .ask(Reading::Range, "{{instance}}: gräns", each(&names::PROCESS_MAX_FDS, "")),
        curves("Hämtningens tid", "Så lång tid tog Prometheus hämtning.", "s").ask(
            Reading::Range,
            "{{instance}}",
            of_scrape("scrape_duration_seconds"),
        ),
        curves("Serier", "Serier i varje hämtning. De växer med antalet förvaltningar.", "none")
            .ask(Reading::Range, "{{instance}}", of_scrape("scrape_samples_scraped")),
        own(
            "Webbförfrågningar per sekund",
            "Besvarade förfrågningar efter sida och svarskod.",
            &[("{{handler}} {{code}}", &names::HTTP_REQUESTS)],
        )
        .unit("reqps"),
        curves("Läsare av levande sidor", "Öppna strömmar till webbläsare.", "none").ask(
            Reading::Range,
            "{{instance}}",
            each(&names::LIVE_CLIENTS, ""),
        ),
        Panel::stat("Igång sedan", "Tid sedan processen startade.").size(12, 8).unit("dthms").ask(
            Reading::Instant,
            "{{instance}}",
            format!("time() - {}", each(&names::PROCESS_START, "")),
        ),
    ]
}
