//! What contacts tell beside answers and waits: their way, what was handed over, whose work the desks
//! did, and where questions were settled on each channel.
//!
//! Citizens see shares of the whole municipality, in whole percent and of at least twenty.

use std::collections::BTreeMap;

use super::super::figures::{Figures, Place};
use super::super::sheet::Sheet;
use super::super::sums::Days;
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use super::super::withhold::SHARE_MIN;
use crate::domain::calendar::Zone;
use crate::domain::callback::Callback;
use crate::domain::contact::path::{Origin, Passing};
use crate::domain::contact::stay::Disposition;
use crate::domain::event::{Escalation, Way};
use crate::domain::goal::Direction;
use crate::domain::ids::{Department, Queue};
use crate::domain::tally::{Code, code};
use crate::domain::units::{Millis, Share};

fn of_both(figures: &Figures, code: Code) -> i64 {
    figures.switchboard.count(code) + figures.queue.count(code)
}

/// What one queue did.
#[derive(Debug, Default)]
pub(in crate::report) struct DeskWork {
    answered: i64,
    talk_ms: i64,
    wrap_up_ms: i64,
    /// By the department whose matter it was: contacts, handling in ms.
    matters: BTreeMap<Department, (i64, i64)>,
}

/// One line of a table of shares.
struct Told {
    id: &'static str,
    heading: String,
    /// How many, of how many (0 where there is nothing to compare with).
    share: Share,
    level: Option<(Direction, u8)>,
}

impl Sheet<'_> {
    /// The tables of this room that the reader may see.
    pub(in crate::report) fn contact_tables(&self) -> Vec<Table> {
        match (self.order.audience, self.order.department) {
            (Audience::Public, Some(_)) => Vec::new(),
            (Audience::Public, None) => {
                let tables = [self.path_table(), self.handed_over_table(), self.settled_table()];
                tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
            }
            (Audience::Internal, _) => vec![
                self.path_table(),
                self.handed_over_table(),
                self.matter_table(),
                self.settled_table(),
            ],
        }
    }

    fn path_table(&self) -> Table {
        let figures = self.own(&self.span);
        let of_both = |code| of_both(&figures, code);
        let contacts: i64 = Origin::ALL.map(|origin| of_both(origin.code())).iter().sum();
        let from = |id, heading: String, origin: Origin| Told {
            id,
            heading,
            share: Share { met: of_both(origin.code()), of: contacts },
            level: None,
        };
        let switchboard = &figures.switchboard;
        let passed = |way: Passing| way.code().map_or(0, |code| switchboard.count(code));
        let calls = switchboard.stays(Disposition::Answered) - passed(Passing::Returned);
        let ways = [Passing::ByMatter, Passing::ByName, Passing::Unsaid].map(passed);
        let call = |id, heading: String, met: i64| Told {
            id,
            heading,
            share: Share { met, of: calls },
            level: None,
        };
        let [by_matter, by_name, unsaid] = ways;
        let right = figures.queue.count(code::SENT_RIGHT);
        let onward = figures.queue.count(code::SENT_ON);
        let told = vec![
            from(
                "from_switchboard",
                self.say("Började i växeln", "Began at the switchboard"),
                Origin::Switchboard,
            ),
            from(
                "direct",
                self.say("Direktvalda till en kö", "Dialled straight to a queue"),
                Origin::Direct,
            ),
            from("unknown", self.say("Okänt ursprung", "Of unknown origin"), Origin::Unknown),
            Told {
                id: "machine",
                heading: self.say("Först mötta av maskin", "First met by a machine"),
                share: Share { met: of_both(code::CONTACTS_BY_MACHINE), of: contacts },
                level: Some((Direction::AtMost, 0)),
            },
            call(
                "answered_here",
                self.say("Växeln: hjälpta direkt", "Switchboard: helped there"),
                calls - by_matter - by_name - unsaid,
            ),
            call(
                "by_matter",
                self.say("Växeln: kopplade efter ärende", "Switchboard: passed by matter"),
                by_matter,
            ),
            call(
                "by_name",
                self.say("Växeln: kopplade efter namn", "Switchboard: passed by name"),
                by_name,
            ),
            call(
                "unsaid",
                self.say("Växeln: kopplade, oklart hur", "Switchboard: passed without saying"),
                unsaid,
            ),
            Told {
                id: "right",
                heading: self.say("Rätt kopplade första gången", "Passed right the first time"),
                share: Share { met: right, of: right + onward },
                level: None,
            },
        ];
        let answered = of_both(code::CONTACTS_ANSWERED);
        let passes = of_both(code::CONTACT_PASSES);
        let mut table = self.shares(
            "contact_paths",
            self.say("Kontakternas väg", "The contacts' way"),
            self.say("Vad", "What"),
            told,
        );
        let is_shown = self.order.audience == Audience::Internal || answered >= SHARE_MIN;
        if answered > 0 && is_shown {
            table.columns.push(Column::new("mean", self.say("I medeltal", "On average")));
            table.rows.iter_mut().for_each(|row| row.cells.push(Cell::None));
            let mean = Cell::Tenths((20 * passes + answered) / (2 * answered));
            let mut cells = match self.order.audience {
                Audience::Internal => vec![Cell::Count(passes), Cell::Count(answered), Cell::None],
                Audience::Public => vec![Cell::None],
            };
            cells.push(mean);
            let heading =
                self.say("Kopplingar per besvarad kontakt", "Passes per answered contact");
            table.rows.push(Row { id: "passes".to_owned(), heading, cells });
        }
        if self.order.audience == Audience::Internal {
            table.notes.push(self.say(
                "En kontakt räknas en gång, där den började. Rätt kopplad är den som inte skickades vidare \
                 av den kö som svarade; obesvarade är varken eller.",
                "A contact counts once, where it began. Passed right is one that the answering queue did \
                 not send on; unanswered is neither.",
            ));
        }
        table
    }

    fn handed_over_table(&self) -> Table {
        let figures = self.own(&self.span);
        let of_both = |code| of_both(&figures, code);
        let sum = |of: &dyn Fn(Escalation) -> Code| -> i64 {
            Escalation::ALL.into_iter().map(|outcome| of_both(of(outcome))).sum()
        };
        let by_phone = |outcome: Escalation| code::ESCALATED + outcome as Code;
        let otherwise = |outcome: Escalation| code::SETTLED_ESCALATED + outcome as Code;
        let handed = sum(&by_phone) + sum(&otherwise);
        let settled: i64 =
            Way::ALL.into_iter().map(|way| of_both(code::SETTLED + 2 * way as Code)).sum();
        let classified = of_both(code::CLASSIFIED) + settled;
        let mut told = vec![Told {
            id: "escalated",
            heading: self.say("Frågor överlämnade till handläggare", "Questions handed over"),
            share: Share { met: handed, of: classified },
            level: None,
        }];
        for outcome in Escalation::ALL {
            told.push(Told {
                id: outcome.name(),
                heading: match outcome {
                    Escalation::TakesOver => {
                        self.say("därav: handläggaren tar över", "of them: the officer takes over")
                    }
                    Escalation::WillCallBack => self
                        .say("därav: handläggaren ringer upp", "of them: the officer rings back"),
                    Escalation::AskedToCallLater => {
                        self.say("därav: ombedda ringa senare", "of them: asked to ring later")
                    }
                    Escalation::Other => self.say("därav: annat", "of them: otherwise"),
                },
                share: Share {
                    met: of_both(by_phone(outcome)) + of_both(otherwise(outcome)),
                    of: handed,
                },
                level: None,
            });
        }
        let promised = of_both(code::CALLBACKS_PROMISED);
        let kept = of_both(code::CALLBACKS_KEPT);
        let within = of_both(code::CALLBACKS_KEPT_WITHIN);
        let expired = of_both(code::CALLBACKS_EXPIRED);
        // A promise is let go after thirty days, so what is overdue is what is left of the counts.
        let pending = self.pending_callbacks();
        let open = promised - kept - expired;
        let (overdue, judged) = (open - pending, promised - pending);
        let of_promises = |id, heading: String, met: i64, of: i64| Told {
            id,
            heading,
            share: Share { met, of },
            level: None,
        };
        told.extend([
            of_promises(
                "callbacks_within",
                self.say("Återuppringt inom två arbetsdagar", "Rung back within two working days"),
                within,
                judged,
            ),
            of_promises(
                "callbacks_late",
                self.say("Återuppringt senare", "Rung back later"),
                kept - within,
                judged,
            ),
            of_promises(
                "callbacks_expired",
                self.say("Återuppringning uppgiven", "Ringing back given up"),
                expired,
                judged,
            ),
            of_promises(
                "callbacks_open",
                self.say("Utlovade, ännu inte uppringda", "Promised, not yet rung back"),
                open,
                promised,
            ),
            of_promises(
                "callbacks_overdue",
                self.say("därav: för sent", "of them: overdue"),
                overdue,
                promised,
            ),
        ]);
        let mut table = self.shares(
            "handed_over",
            self.say(
                "Överlämnade frågor och återuppringningar",
                "Questions handed over and promises to ring back",
            ),
            self.say("Vad", "What"),
            told,
        );
        table.notes.push(self.say(
            "Överlämnade frågor är av alla frågor som det är känt var de löstes, även växelns. ”Löst vid \
             första kontakten” räknar bara dem som kom till en kundtjänst eller på en annan kanal, och en \
             fråga som ställs igen bara en gång; därför blir de två tillsammans inte 100\u{a0}%.",
            "Questions handed over are of all questions of which it is known where they were settled, the \
             switchboard's too. \"Settled at the first contact\" counts only those that came to a desk or \
             on another channel, and one that is put again only once; so the two do not make 100%.",
        ));
        if self.order.audience == Audience::Internal {
            table.notes.push(self.say(
                "En återuppringning räknas när den utlovas. De som fortfarande kan hållas i tid ingår inte i \
                 andelarna.",
                "A promise to ring back counts when it is given. Those that may still be kept in time are \
                 in no share.",
            ));
        }
        table
    }

    /// Promises of the period that can still be kept in time.
    fn pending_callbacks(&self) -> i64 {
        let zone = Zone::stockholm();
        let (from, end) = self.order.period.span();
        let is_pending = |callback: &&Callback| {
            let day = zone.day_of(callback.promised_at);
            let is_own = self.order.department.is_none_or(|own| own == callback.department);
            is_own && from <= day && day < end && !callback.is_overdue(self.known_until)
        };
        self.engine.board().callbacks().filter(is_pending).count() as i64
    }

    fn desk_work(&self, (from, end): Days) -> BTreeMap<Queue, DeskWork> {
        let mut desks: BTreeMap<Queue, DeskWork> = BTreeMap::new();
        for day in from.until(end) {
            for (line, tally) in self.engine.board().cells().day(day) {
                let Some(queue) = line.queue else { continue };
                let desk = desks.entry(queue).or_default();
                desk.answered += tally.stays(Disposition::Answered);
                desk.talk_ms += tally.get(code::TALK_MS);
                desk.wrap_up_ms += tally.get(code::WRAP_UP_MS);
                let contacts = tally.get(code::MATTER_CONTACTS);
                if contacts != 0 {
                    let of = desk.matters.entry(line.department).or_default();
                    of.0 += contacts;
                    of.1 += tally.get(code::MATTER_HANDLING_MS);
                }
            }
        }
        desks
    }

    /// What the desks did, and for whom where they did it for more than one department.
    fn matter_table(&self) -> Table {
        let span = self.order.period.span();
        let desks = self.sums.desks.of(span, || self.desk_work(span));
        let minutes = |millis: i64| Cell::Count((millis + 30_000).div_euclid(60_000));
        let mean = |sum: i64, of: i64| match of {
            0 => Cell::None,
            of => Cell::Wait(Millis((2 * sum + of).div_euclid(2 * of))),
        };
        let mut rows: Vec<(String, Row)> = Vec::new();
        for (queue, desk) in &*desks {
            let name = self.engine.names().queues.name(queue.0);
            let DeskWork { answered, wrap_up_ms: wrap_up, ref matters, .. } = *desk;
            let handling = desk.talk_ms + wrap_up;
            if answered == 0 {
                continue;
            }
            if self.order.department.is_none() {
                rows.push((
                    name.to_owned(),
                    Row {
                        id: name.to_owned(),
                        heading: format!("{name}: {}", self.say("allt", "everything")),
                        cells: vec![
                            Cell::Count(answered),
                            Cell::None,
                            minutes(handling),
                            mean(handling, answered),
                            mean(wrap_up, answered),
                        ],
                    },
                ));
            }
            if matters.len() < 2 {
                continue;
            }
            for (department, (contacts, part)) in matters {
                if self.order.department.is_some_and(|own| own != *department) {
                    continue;
                }
                let slug = self.slug(*department);
                rows.push((
                    format!("{name} {slug}"),
                    Row {
                        id: format!("{name}/{slug}"),
                        heading: format!("{name}: {}", self.engine.display_name(slug)),
                        cells: vec![
                            Cell::Count(*contacts),
                            self.plain(Share { met: *part, of: handling }, None),
                            minutes(*part),
                            mean(*part, *contacts),
                            Cell::None,
                        ],
                    },
                ));
            }
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        Table {
            id: "pool_load",
            heading: self.say(
                "Köernas arbete efter frågans förvaltning",
                "The queues' work by the matter's department",
            ),
            rows_are: self.say("Kö och frågans förvaltning", "Queue and the matter's department"),
            columns: vec![
                Column::new("contacts", self.say("Besvarade kontakter", "Answered contacts")),
                Column::new("share", self.say("Andel av tiden", "Share of the time")),
                Column::new("minutes", self.say("Minuter", "Minutes")),
                Column::new("handling", self.say("Hanteringstid i medeltal", "Mean handling time")),
                Column::new("wrap_up", self.say("Efterarbete i medeltal", "Mean wrap-up")),
            ],
            rows: rows.into_iter().map(|(_, row)| row).collect(),
            notes: vec![self.say(
                "Räknar besvarade kontakter på den förvaltning som frågan gällde, vilket nummer \
                 uppringaren än hade slagit. Hanteringstid är samtal och efterarbete. Den fördelas jämnt mellan frågorna i ett samtal, \
                 på den förvaltning som frågan gällde; tid utan klassad fråga ingår bara i köns hela tid. \
                 Bara köer med frågor för fler än en förvaltning delas upp.",
                "Counts answered contacts on the department whose matter it was, whatever number the \
                 caller had dialled. Handling is talk and wrap-up. It is split evenly between the questions of a call, on the \
                 department whose matter each was; time without a known question is only in the queue's \
                 whole. Only queues with questions of more than one department are split.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    fn settled_table(&self) -> Table {
        let figures = self.own(&self.span);
        let told = |id, heading: String, met: i64, of: i64| Told {
            id,
            heading,
            share: Share { met, of },
            level: None,
        };
        let by = |place: &Place, [met, of]: [Code; 2]| [place.count(met), place.count(of)];
        let mut all = figures.queue.settled_at_once();
        let mut rows = vec![told("phone", self.say("Telefon", "Telephone"), all.met, all.of)];
        for way in Way::ALL {
            let of_way = code::SETTLED + 2 * way as Code;
            let [met, of] = by(&figures.switchboard, [of_way + 1, of_way]);
            all = all.merge(Share { met, of });
            let heading = match way {
                Way::Email => self.say("E-post", "E-mail"),
                Way::EService => self.say("E-tjänst", "E-service"),
                Way::Visit => self.say("Besök", "Visits"),
                Way::Post => self.say("Brev", "Post"),
            };
            rows.push(told(way.name(), heading, met, of));
        }
        rows.push(told("all", self.say("Alla kanaler", "All channels"), all.met, all.of));
        rows.push(told(
            "unclassified",
            self.say("Samtal utan klassad fråga", "Calls without a known question"),
            figures.queue.count(code::UNCLASSIFIED),
            figures.queue.stays(Disposition::Answered),
        ));
        self.shares(
            "first_contact",
            self.say(
                "Löst vid första kontakten, per kanal",
                "Settled at the first contact, by channel",
            ),
            self.say("Kanal", "Channel"),
            rows,
        )
    }

    /// A share that no level of the municipality is set for.
    fn plain(&self, share: Share, level: Option<(Direction, u8)>) -> Cell {
        let is_small = self.order.audience == Audience::Public && share.of < SHARE_MIN;
        match share.of {
            ..=0 => Cell::None,
            _ if is_small => Cell::Hidden,
            _ => Cell::Share(share, level, self.order.audience.precision()),
        }
    }

    /// How many, of how many, and the share; citizens see the share alone, and no row that has none.
    fn shares(
        &self,
        id: &'static str,
        heading: String,
        rows_are: String,
        told: Vec<Told>,
    ) -> Table {
        let is_public = self.order.audience == Audience::Public;
        let share = Column::new("share", self.say("Andel", "Share"));
        let columns = match is_public {
            true => vec![share],
            false => vec![
                Column::new("count", self.say("Antal", "Number")),
                Column::new("of", self.say("Av", "Of")),
                share,
            ],
        };
        let rows = told.into_iter().filter(|told| !is_public || told.share.of > 0).map(|told| {
            let share = self.plain(told.share, told.level);
            let cells = match is_public {
                true => vec![share],
                false => vec![Cell::Count(told.share.met), Cell::Count(told.share.of), share],
            };
            Row { id: told.id.to_owned(), heading: told.heading, cells }
        });
        Table {
            id,
            heading,
            rows_are,
            columns,
            rows: rows.collect(),
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        }
    }
}
