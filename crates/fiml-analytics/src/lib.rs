//! Turns sessions and metrics into numbers: pure functions over core types and a thin reader on the ports.
