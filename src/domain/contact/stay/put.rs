//! Questions put in a call, and where they were settled (first-contact resolution).

use super::{Anomaly, Judge};
use crate::domain::event::{Escalation, Observation, What};
use crate::domain::ids::{Department, EventId, QuestionTag};
use crate::domain::units::{Millis, Timestamp};

/// A question put in a call, and the stay in which it was first spoken of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Put {
    key: (Option<QuestionTag>, EventId),
    stay: usize,
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
    pub(super) fn classify(&mut self, first: usize, seen: &[Observation], silence: Millis) {
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
            // Without a name, each event speaks of a question of its own.
            let key = (question, question.map_or(observation.id, |_| EventId(0)));
            let matter = observation.department;
            match self.questions.iter_mut().find(|known| known.key == key) {
                Some(known) => {
                    known.passed_on = passed_on.or(known.passed_on);
                    known.matter = known.matter.or(matter);
                }
                None => self.questions.push(Put { key, stay, passed_on, matter }),
            }
        }
        self.count_questions();
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
        }
    }
}
