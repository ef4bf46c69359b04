//! Figures for people and programs: the document of counts by interval, place and queue, and the
//! calendar that they are counted by.

mod calendar;
mod document;
mod text;

pub use calendar::{CalendarDay, CalendarYear, Hours, Unit};
pub use document::{Document, Interval};
