//! Shares, funds and indices from the chart that Yahoo Finance draws.

mod chart;
mod listing;
mod provider;

pub use provider::Yahoo;
