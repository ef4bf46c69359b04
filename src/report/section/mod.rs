//! The tables of a report, one file a subject. Each adds methods to [`super::sheet::Sheet`]; in which
//! order they are told, and to whom, is decided there.

pub(super) mod contacts;
pub(super) mod definitions;
mod desks;
mod goals;
pub(super) mod heat;
mod levels;
mod other_goals;
mod quality;
mod quality_words;
mod questions;
mod repeats;
mod staffing;
mod told;
mod volumes;
