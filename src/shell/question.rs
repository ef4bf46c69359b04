//! Questions to the engine, which the reader's thread owns: they come to it one after the other.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::domain::units::Timestamp;
use crate::engine::Engine;

/// How long the engine may take for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

type Asking = dyn FnOnce(&Engine, Timestamp) + Send;

/// A question: what to do with the engine at a moment, and where the answer goes.
pub struct Question(Box<Asking>);

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Question")
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The program stops.
    Stopped,
    /// It took too long.
    Late,
}

impl Question {
    /// A question, and where its answer comes.
    pub fn new<T: Send + 'static>(
        ask: impl FnOnce(&Engine, Timestamp) -> T + Send + 'static,
    ) -> (Question, oneshot::Receiver<T>) {
        let (answer, answered) = oneshot::channel();
        let question = move |engine: &Engine, now: Timestamp| {
            // Whoever asked may have hung up, before or meanwhile.
            if !answer.is_closed() {
                drop(answer.send(ask(engine, now)));
            }
        };
        (Question(Box::new(question)), answered)
    }

    /// Answers it, unless nobody waits for it any more.
    pub fn answer(self, engine: &Engine, now: Timestamp) {
        (self.0)(engine, now);
    }
}

/// Asks the engine. While it answers no event is counted, so an answer is values and not yet a
/// drawn page.
pub(super) async fn ask<T: Send + 'static>(
    questions: &mpsc::Sender<Question>,
    ask: impl FnOnce(&Engine, Timestamp) -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let (question, answered) = Question::new(ask);
    let asking = async {
        questions.send(question).await.ok()?;
        answered.await.ok()
    };
    match tokio::time::timeout(ANSWER_LIMIT, asking).await {
        Ok(answer) => answer.ok_or(Unanswered::Stopped),
        Err(_) => Err(Unanswered::Late),
    }
}
