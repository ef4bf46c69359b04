//! The world: sockets and pages. Everything that decides a figure lies elsewhere.

pub mod http;
pub mod pages;
