//! HTTP as all providers use it: one client, bounded answers, failures that name themselves.

mod bucket;
mod client;
mod endpoint;
mod ledger;
mod retry_after;

pub use bucket::RateLimit;
pub use client::{HttpClient, HttpSetupError};
pub(crate) use endpoint::{Endpoint, Form, Response};
