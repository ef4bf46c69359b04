//! The tables of a report, one file a subject. Each adds methods to [`super::sheet::Sheet`]; in which
//! order they are told, and to whom, is decided there.

mod goals;
mod heat;
mod quality;
mod repeats;
mod volumes;
