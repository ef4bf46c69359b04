//! Questions by e-mail and e-service: what awaits a reply, how long it may wait, and how fast replies
//! have been.

use askama::Template;

use super::form;
use super::frame::Frame;
use super::part::Part;
use super::view::{Status, View, time_of_day};
use crate::domain::calendar::Zone;
use crate::domain::event::Channel;
use crate::domain::snapshot::{Awaiting, ChannelCounters, DepartmentView};
use crate::domain::units::{Millis, Share, Timestamp};

/// The page's path.
pub(super) const PATH: &str = "/fragor";

/// The page.
#[derive(Template)]
#[template(path = "questions.html")]
pub(super) struct Page {
    frame: Frame,
    loading: bool,
    parts: Vec<Part>,
}

impl Page {
    pub(super) fn of(view: &View<'_>) -> Page {
        let title = view.say("E-post och e-tjänster", "E-mail and e-services");
        Page {
            frame: Frame::live(view.locale, title, PATH),
            loading: view.is_loading(),
            parts: parts(view),
        }
    }

    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |p| p.id.starts_with(prefix)).map(|p| p.html.as_str())
    }
}

/// What changes on it: a row for the whole municipality and for each department that has had
/// questions.
pub(super) fn parts(view: &View<'_>) -> Vec<Part> {
    let mut parts = vec![Part::new("status", &Status::of(view, &view.snapshot.all))];
    if view.is_loading() {
        return parts;
    }
    let all = &view.snapshot.all;
    let whole = view.say("Hela kommunen", "The whole municipality");
    let mut add = |row: Row| parts.push(Part::new(row.id.clone(), &row));
    add(Row::of(view, all, "ask--all".to_owned(), whole.to_owned(), None));
    for department in view.departments() {
        let received: i64 = department.questions.channels.iter().map(|one| one.received).sum();
        if received == 0 {
            continue;
        }
        for channel in Channel::ALL {
            let counters = &department.questions.channels[channel as usize];
            if counters.received > 0 {
                let id = format!("ask-{}-{}", department.slug, channel.name());
                let name = form::breakable(&department.name);
                add(Row::of(view, department, id, name, Some(channel)));
            }
        }
    }
    parts
}

/// Questions of one department and channel, or of all.
#[derive(Template)]
#[template(path = "part_question_row.html")]
struct Row {
    id: String,
    name: String,
    channel: &'static str,
    is_whole: bool,
    open: String,
    overdue: String,
    is_overdue: bool,
    due_today: String,
    next_due: String,
    received: String,
    answered: String,
    within: String,
}

impl Row {
    fn of(
        view: &View<'_>,
        place: &DepartmentView,
        id: String,
        name: String,
        channel: Option<Channel>,
    ) -> Row {
        let mut awaiting = Awaiting::default();
        let mut counters = ChannelCounters::default();
        for one in Channel::ALL.into_iter().filter(|one| channel.is_none_or(|of| of == *one)) {
            awaiting.merge(&place.awaiting[one as usize]);
            let more = place.questions.channels[one as usize];
            counters.received += more.received;
            counters.answered += more.answered;
            counters.within += more.within;
        }
        let decided = counters.received - (awaiting.open - awaiting.overdue);
        let within = Share { met: counters.within, of: decided };
        Row {
            id,
            name,
            channel: match channel {
                None => view.locale.say("alla", "all"),
                Some(Channel::Email) => view.locale.say("e-post", "e-mail"),
                Some(Channel::EService) => view.locale.say("e-tjänst", "e-service"),
                Some(Channel::Other) => view.locale.say("annan väg", "another way"),
            },
            is_whole: channel.is_none(),
            open: view.count(awaiting.open),
            overdue: view.count(awaiting.overdue),
            is_overdue: awaiting.overdue > 0,
            due_today: view.count(awaiting.due_today),
            next_due: awaiting.next_due.map_or_else(|| "–".to_owned(), |at| last_moment(view, at)),
            received: view.count(counters.received),
            answered: view.count(counters.answered),
            within: view.percent(within, None).unwrap_or_else(|| "–".to_owned()),
        }
    }
}

/// A last moment: its weekday and date, and the time unless it is the day's end.
fn last_moment(view: &View<'_>, at: Timestamp) -> String {
    let zone = Zone::stockholm();
    // The end of a day is the next one's first moment.
    let day = zone.day_of(at.minus(Millis(1)));
    let weekday = day.weekday();
    let named = format!("{} {day}", view.say(weekday.name(), weekday.english()));
    match at == zone.day_end(day) {
        true => named,
        false => format!("{named} {}", &time_of_day(at)[..5]),
    }
}
