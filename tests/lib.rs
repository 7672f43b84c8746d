//! End-to-end tests live beside this file, one file a theme; here is what they share.

pub mod doom;
pub mod orders;
pub mod place;
pub mod recorded;
pub mod steps;
pub mod support;
pub mod whereabouts;

/// The root README, so that its example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;
