//! What a reader's thread shows to the server: pictures, readiness, answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::clock::{Clock, Stopwatch};
use super::http::{Readiness, Shown};
use super::question::Question;
use crate::engine::Engine;

/// Between two pictures when something happens.
const PICTURE: Duration = Duration::from_millis(100);
/// Between two pictures when nothing does, since the windows move with the clock, and while the
/// past is read, which nobody looks at.
const IDLE_PICTURE: Duration = Duration::from_secs(1);

/// The reader's side of the server.
pub struct Outlet {
    /// Where pictures go.
    pub pictures: watch::Sender<Shown>,
    /// Where readiness goes.
    pub readiness: watch::Sender<Readiness>,
    /// Who asks the engine.
    pub questions: mpsc::Receiver<Question>,
    /// Since the last picture.
    published: Stopwatch,
    is_changed: bool,
}

impl Outlet {
    /// An outlet over the server's channels.
    pub fn new(
        pictures: watch::Sender<Shown>,
        readiness: watch::Sender<Readiness>,
        questions: mpsc::Receiver<Question>,
    ) -> Outlet {
        Outlet { pictures, readiness, questions, published: Stopwatch::start(), is_changed: false }
    }

    /// Tells that figures have changed since the last picture.
    pub fn changed(&mut self) {
        self.is_changed = true;
    }

    /// How long the next picture can wait.
    pub fn left(&self, is_caught_up: bool) -> Duration {
        let pause = if self.is_changed && is_caught_up { PICTURE } else { IDLE_PICTURE };
        self.published.left_of(pause)
    }

    /// Shows a picture of now.
    pub fn publish(&mut self, engine: &mut Engine, clock: &Clock) {
        // Its age counts from before it is drawn: the program may be frozen meanwhile.
        self.published = Stopwatch::start();
        let snapshot = Arc::new(engine.snapshot(clock.now()));
        self.pictures.send_replace(Shown { snapshot, taken: self.published });
        self.is_changed = false;
    }

    /// Shows whether the figures may be relied on.
    pub fn show(&self, readiness: Readiness) {
        self.readiness.send_if_modified(|shown| {
            let is_other = *shown != readiness;
            *shown = readiness;
            is_other
        });
    }

    /// Answers whoever asked something of the engine and still waits for it.
    pub fn answer(&mut self, engine: &Engine, clock: &Clock) {
        while let Ok(question) = self.questions.try_recv() {
            question.answer(engine, clock.now());
        }
    }
}
