//! What companies report to the Securities and Exchange Commission of the United States.

mod companies;
mod concept;
mod gathered;
mod provider;

pub use provider::{Edgar, EdgarConfig};
