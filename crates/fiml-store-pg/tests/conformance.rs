//! The contract of every port it implements, each test in a schema of its own.

#![expect(
    clippy::unwrap_used,
    reason = "fixtures fail the test that asks for them"
)]

mod common;

use common::fresh;

fiml_testkit::archive_store_suite!(fresh);
fiml_testkit::metrics_store_suite!(fresh);
fiml_testkit::archive_upkeep_suite!(fresh);
fiml_testkit::job_store_suite!(fresh);
