//! How much of the replies on one connection passes.

use super::Fault;

/// How much of a portion of replies passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passing {
    All,
    /// So many bytes, and then the connection is reset.
    Only(usize),
    Nothing,
}

/// What has become of the replies on one connection so far.
#[derive(Debug)]
pub(super) struct Replies {
    connection: u64,
    passed: usize,
    chance: Option<Chance>,
    silent: bool,
}

impl Replies {
    pub(super) fn new(connection: u64) -> Self {
        Self {
            connection,
            passed: 0,
            chance: None,
            silent: false,
        }
    }

    /// A new fault counts from here.
    pub(super) fn begin_anew(&mut self) {
        (self.passed, self.chance) = (0, None);
    }

    /// How much passes of a portion of so many bytes.
    pub(super) fn passing(&mut self, fault: Fault, length: usize) -> Passing {
        self.silent |= fault == Fault::SwallowReplies;
        // The client would take what follows a lost reply for that reply.
        if self.silent {
            return Passing::Nothing;
        }
        let rest = match fault {
            Fault::CutReplies { after } => after.saturating_sub(self.passed),
            Fault::CutSomeReplies { one_in, seed } => {
                let connection = self.connection;
                let chance = self
                    .chance
                    .get_or_insert_with(|| Chance::new(seed, connection));
                match chance.below(one_in) {
                    0 => chance.below(length),
                    _ => length,
                }
            }
            _ => length,
        };
        self.passed += length;
        if rest < length {
            Passing::Only(rest)
        } else {
            Passing::All
        }
    }
}

/// A sequence of numbers, by the `SplitMix64` generator.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    /// The sequence of one connection.
    fn new(seed: u64, connection: u64) -> Self {
        let mut chance = Self(seed ^ connection);
        // Neighbouring connections begin far apart.
        Self(chance.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when that is 0.
    fn below(&mut self, limit: usize) -> usize {
        // The lower half suffices, and fits on every machine.
        (self.next() as u32 as usize)
            .checked_rem(limit)
            .unwrap_or(0)
    }
}
