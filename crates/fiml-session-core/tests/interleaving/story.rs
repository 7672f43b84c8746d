//! What the calls so far say about the session.

use crate::{
    act::{Act, Answer},
    desk::Call,
    world::{Start, World},
};

/// What the calls so far say about the session.
pub(crate) struct Story {
    pub(crate) start: Start,
    pub(crate) calls: Vec<Call>,
}

impl Story {
    pub(crate) fn of(world: &World) -> Self {
        Self {
            start: world.start,
            calls: world.desk.calls(),
        }
    }

    pub(crate) fn has_answered(&self, wanted: impl Fn(&Answer) -> bool) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.answer.as_ref().is_some_and(&wanted))
    }

    pub(crate) fn has(&self, wanted: impl Fn(Act) -> bool) -> bool {
        self.calls.iter().any(|call| wanted(call.act))
    }

    /// Whether one of the calls in a mask is of this kind.
    pub(crate) fn within(&self, mask: u32, wanted: impl Fn(&Call) -> bool) -> bool {
        let calls = self.calls.iter().enumerate();
        calls
            .filter(|(place, _)| mask & 1 << place != 0)
            .any(|(_, call)| wanted(call))
    }

    /// Whether somebody has begun to make an end of it.
    pub(crate) fn is_ending(&self) -> bool {
        self.calls
            .iter()
            .any(|call| call.has_begun() && call.act.ends_it())
    }

    /// Whether a call that had begun before the deletion was answered is still under way, or died, and may
    /// yet put back, or has left, a live copy.
    pub(crate) fn is_raising(&self) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.answer.is_none() && self.raises(call))
    }

    /// Whether there was such a call while this one was under way.
    pub(crate) fn was_raising_beside(&self, call: &Call) -> bool {
        self.within(call.beside & !call.after, |other| self.raises(other))
    }

    fn raises(&self, call: &Call) -> bool {
        let late = self.within(call.after, Call::has_deleted);
        call.act.brings_it() && call.has_begun() && !late
    }

    /// Whether another program had begun to make an end of it when this call was answered.
    pub(crate) fn is_ended_beside(&self, call: &Call) -> bool {
        self.within(call.beside, |other| {
            other.program != call.program && other.act.ends_it()
        })
    }

    /// Whether a call that creates is under way or died, so that its empty copy may hide the archived one.
    pub(crate) fn is_creating(&self) -> bool {
        let mut calls = self.calls.iter();
        calls.any(|call| call.has_begun() && call.act == Act::Create && call.answer.is_none())
    }

    pub(crate) fn was_there(&self) -> bool {
        !matches!(self.start, Start::Absent | Start::Reserved)
    }

    pub(crate) fn is_created(&self) -> bool {
        self.was_there() || self.has_answered(|answer| *answer == Answer::Created)
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.calls.iter().any(Call::has_deleted)
    }
}
