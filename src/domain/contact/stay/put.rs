//! Questions put in a call, and where they were settled (first-contact resolution).

use super::{Anomaly, Disposition, Judge};
pub(super) use crate::domain::contact::contribution::Tie;
use crate::domain::event::{Escalation, Observation, What};
use crate::domain::ids::{Department, EventId, QuestionTag};
use crate::domain::units::{Millis, Timestamp};

/// A question put in a call, and the stay in which it was first spoken of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put {
    key: (Option<QuestionTag>, EventId),
    stay: usize,
    at: Timestamp,
    /// The last outcome, where it was passed on.
    passed_on: Option<Escalation>,
    /// Of which department it is: what was said first.
    matter: Option<Department>,
}

impl Judge {
    /// Where the questions of a journey were settled. A question counts once, at the stay in which it
    /// was first spoken of; that it was passed on outweighs that it was settled, whichever came
    /// first.
    ///
    /// What comes after a silence of more than T speaks of stays after it only: the contact may have
    /// been let go by then, and the answer must be the same.
    ///
    /// Gives whether the caller was asked to ring later.
    pub(super) fn classify(&mut self, first: usize, seen: &[Observation], silence: Millis) -> bool {
        let mut asked_to_call_later = false;
        let mut heard = seen.first().map_or(Timestamp(0), |observation| observation.time);
        let mut since = heard;
        self.questions.clear();
        for observation in seen {
            if observation.time.since(heard) > silence {
                since = observation.time;
                self.count_questions();
            }
            heard = observation.time;
            let (question, passed_on) = match observation.what {
                What::Resolved { question } => (question, None),
                What::Escalated { question, outcome } => (question, Some(outcome)),
                What::Offered { .. }
                | What::QueueEntered { .. }
                | What::QueueRejected(_)
                | What::MetByMachine
                | What::Ringing
                | What::NoAnswer
                | What::Answered { .. }
                | What::Abandoned { .. }
                | What::Left { .. }
                | What::Passed { .. }
                | What::Ended { .. }
                | What::Question(_)
                | What::Callback(_) => continue,
            };
            let found = self.find(observation, first);
            let Some(stay) = found.filter(|at| self.stays[*at].told_at >= since) else {
                self.note(Anomaly::WithoutStay);
                continue;
            };
            asked_to_call_later |= matches!(
                observation.what,
                What::Escalated { outcome: Escalation::AskedToCallLater, .. }
            );
            // Without a name, each event speaks of a question of its own.
            let key = (question, question.map_or(observation.id, |_| EventId(0)));
            let matter = observation.department;
            match self.questions.iter_mut().find(|known| known.key == key) {
                Some(known) => {
                    known.passed_on = passed_on.or(known.passed_on);
                    known.matter = known.matter.or(matter);
                }
                None => {
                    let at = observation.time;
                    self.questions.push(Put { key, stay, at, passed_on, matter });
                }
            }
        }
        self.count_questions();
        asked_to_call_later
    }

    fn count_questions(&mut self) {
        for question in self.questions.drain(..) {
            let stay = &mut self.stays[question.stay];
            stay.classified = stay.classified.saturating_add(1);
            match question.passed_on {
                None => stay.resolved = stay.resolved.saturating_add(1),
                Some(outcome) => {
                    let outcomes = &mut stay.escalated[outcome as usize];
                    *outcomes = outcomes.saturating_add(1);
                }
            }
            stay.matters.add(question.matter, 1);
            if let Put { key: (Some(name), _), stay, at, passed_on, .. } = question {
                let passed_on = passed_on.is_some();
                let stay = u16::try_from(stay).unwrap_or(u16::MAX);
                self.ties.push(Tie::Question { stay, question: name, at, passed_on });
            }
        }
    }

    /// What joins the last contact to others.
    pub fn ties(&self) -> &[Tie] {
        &self.ties
    }

    /// Puts the stays of a journey in order and joins it to those of other contacts: by its caller,
    /// the first one that was told, and by the questions put in it.
    pub(super) fn tie(
        &mut self,
        first: usize,
        first_tie: usize,
        seen: &[Observation],
        asked_to_call_later: bool,
    ) {
        self.exits.clear();
        if self.ties.len() > first_tie {
            (first..).zip(&mut self.stays[first..]).for_each(|(at, stay)| stay.begun_as = at);
        }
        self.stays[first..].sort_by_key(|stay| stay.offered_at);
        let stays = &self.stays[first..];
        for tie in self.ties[first_tie..].iter_mut() {
            if let Tie::Question { stay, .. } = tie {
                let now = stays.iter().position(|one| one.begun_as == usize::from(*stay));
                *stay = u16::try_from(first + now.unwrap_or(0)).unwrap_or(u16::MAX);
            }
        }
        let caller = seen.iter().find_map(|observation| match observation.what {
            What::Offered { caller, .. } | What::QueueEntered { caller } => caller,
            What::QueueRejected(_)
            | What::MetByMachine
            | What::Ringing
            | What::NoAnswer
            | What::Answered { .. }
            | What::Abandoned { .. }
            | What::Left { .. }
            | What::Passed { .. }
            | What::Resolved { .. }
            | What::Escalated { .. }
            | What::Ended { .. }
            | What::Question(_)
            | What::Callback(_) => None,
        });
        if let (Some(caller), Some(last)) = (caller, stays.last()) {
            let abandoned = last.disposition == Disposition::Abandoned;
            let stay = u16::try_from(first).unwrap_or(u16::MAX);
            self.ties.push(Tie::Call { stay, caller, abandoned, asked_to_call_later });
        }
    }
}
