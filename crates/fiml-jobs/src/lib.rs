//! Moves sessions through time: archives the expired.
