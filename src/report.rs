//! Figures for people and programs: the document of counts by interval, place and queue, the
//! calendar that they are counted by, and the periods that are accounted for.

mod calendar;
mod chart;
mod contacts;
mod csv;
mod document;
mod edition;
mod figures;
mod html;
mod levels;
mod live;
mod number;
mod periods;
mod section;
mod sheet;
mod sums;
mod table;
mod text;
mod trend;
mod withhold;
mod xlsx;

use crate::domain::period;

pub use calendar::{CalendarDay, CalendarYear, Deadlines, Hours, Unit};
pub use chart::Chart;
pub use document::{Document, Interval};
pub use edition::{Position, reads_alike};
pub use levels::GoalLevels;
pub use live::LiveFigures;
pub use number::Precision;
pub use period::{NoPeriod, Period};
pub use periods::Periods;
pub use section::definitions::meaning;
pub use sheet::Order;
pub use sums::Sums;
pub use table::{Audience, Cell, Column, Drawing, Language, Report, Row, Table};
pub use trend::{HalfHour, Outcome, Survey, SurveyOutcome, Trend, Trends, WeekHours};
