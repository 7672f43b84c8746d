//! What every `ActiveCensus` does that is an `ActiveStore` too.

use fiml_session_core::store::{ActiveCensus, ActiveStore};

/// A store that plays both roles.
pub trait ActiveWithCensus: ActiveStore + ActiveCensus {}

impl<S: ActiveStore + ActiveCensus> ActiveWithCensus for S {}

behaviours! {
    $
    /// One named test per behaviour of an `ActiveCensus`; see [`suite`](crate::suite).
    active_census_suite, counts, active_census, dyn ActiveWithCensus;
    census {
        a_session_is_active_until_it_expires,
        what_was_due_waits_and_the_earliest_is_told,
        what_is_set_aside_is_counted_apart,
    }
}
