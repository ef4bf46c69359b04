//! What the page of the goals is made of, asked of the engine when somebody reads it: at most once a
//! minute, whoever reads and how many, since no event is counted while the engine answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::question::{Question, Unanswered, ask};
use crate::domain::calendar::Zone;
use crate::domain::units::Timestamp;
use crate::engine::Engine;
use crate::report::{Trends, WeekHours};

/// Days of which the half-hours are told, today left out: four weeks, so that every weekday is there
/// as often.
const DAYS: i32 = 28;

/// Minutes after which the half-hours are asked for again: they are of days that are over, which only
/// what comes late can change.
const HOURS_MINUTES: i32 = 60;

/// How long whoever comes while the engine is asked waits for the answer.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// Every goal and every half-hour.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) trends: Arc<Trends>,
    pub(super) hours: Arc<WeekHours>,
}

/// What was told last, and in which minute of the daemon's clock.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Latest>);

#[derive(Debug, Default)]
struct Latest {
    trends: Option<(i32, Arc<Trends>)>,
    hours: Option<(i32, Arc<WeekHours>)>,
}

impl Kept {
    /// What is true at a moment of the daemon's clock. Whoever comes while the engine is asked waits
    /// for the same answer.
    pub(super) async fn at(
        &self,
        questions: &mpsc::Sender<Question>,
        now: Timestamp,
    ) -> Result<Told, Unanswered> {
        let minute = now.minute();
        let today = Zone::stockholm().day_of(now);
        let turn = timeout(TURN_LIMIT, self.0.lock()).await;
        let mut latest = turn.map_err(|_| Unanswered::Late)?;
        let trends = match &latest.trends {
            Some((of, trends)) if *of == minute => Arc::clone(trends),
            Some(_) | None => {
                let before = latest.trends.as_ref().map(|(_, trends)| Arc::clone(trends));
                let tell = move |engine: &Engine, now| engine.trends_after(now, before.as_deref());
                let trends = Arc::new(ask(questions, tell).await?);
                latest.trends = Some((minute, Arc::clone(&trends)));
                trends
            }
        };
        let hours = match &latest.hours {
            Some((of, hours))
                if hours.until == today.previous()
                    && (*of..*of + HOURS_MINUTES).contains(&minute) =>
            {
                Arc::clone(hours)
            }
            Some(_) | None => {
                let days = (today.plus(-DAYS), today);
                let hours = Arc::new(ask(questions, move |engine, _| engine.hours(days)).await?);
                latest.hours = Some((minute, Arc::clone(&hours)));
                hours
            }
        };
        Ok(Told { trends, hours })
    }
}
