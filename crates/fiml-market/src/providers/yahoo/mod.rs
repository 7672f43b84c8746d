//! Shares, funds and indices from the chart that Yahoo Finance draws.

mod chart;
mod listing;
mod provider;
mod session;

pub use provider::Yahoo;
