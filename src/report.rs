//! Figures for people and programs: the document of counts by interval, place and queue, the
//! calendar that they are counted by, and the periods that are accounted for.

mod calendar;
mod chart;
mod contacts;
mod csv;
mod document;
mod figures;
mod html;
mod number;
mod period;
mod section;
mod sheet;
mod table;
mod text;
mod withhold;
mod xlsx;

pub use calendar::{CalendarDay, CalendarYear, Deadlines, Hours, Unit};
pub use chart::Chart;
pub use document::{Document, Interval};
pub use number::Precision;
pub use period::{NoPeriod, Period};
pub use sheet::Order;
pub use table::{Audience, Cell, Column, Drawing, Language, Report, Row, Table};
