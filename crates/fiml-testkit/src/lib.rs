//! The contract of the store ports, written as tests.
