//! Figures for people and programs: the document of counts by interval, place and queue.

mod document;
mod text;

pub use document::{Document, Interval};
