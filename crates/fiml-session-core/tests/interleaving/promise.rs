//! What must hold, whatever the order.

use std::collections::BTreeSet;

use fiml_session_core::{ErrorCode, Session};

use crate::{
    act::{Act, Answer},
    desk::Call,
    story::Story,
    world::{FIRST_QUERY, HOLD, HOUR, NOW, Start, World, finished},
};

/// So many steps at least a call takes before it gives up following a session between the tiers.
const PERSISTENT: usize = 24;

type Kept = Result<(), String>;

fn keep(kept: bool, promise: impl FnOnce() -> String) -> Kept {
    if kept { Ok(()) } else { Err(promise()) }
}

/// Whatever the programs are in the middle of.
pub(crate) fn at_every_step(world: &World) -> Kept {
    let story = Story::of(world);
    let view = world.view();
    if story.is_created() && !story.is_ending() {
        keep(view.is_some(), || "it lies in no tier".to_owned())?;
    }
    if story.is_deleted() && !story.is_raising() {
        keep(view.is_none(), || "it has risen from deletion".to_owned())?;
    }
    if let Some(session) = view {
        let acknowledged = |_: usize| !story.is_ending() && !story.is_creating();
        check_history(&story, &session, acknowledged)?;
    }
    let calls = story.calls.iter();
    calls
        .filter(|call| call.answer.is_some())
        .try_for_each(|call| check_answer(&story, call))
}

/// The queries are numbered without gaps, each there once, and each acknowledged one among them.
fn check_history(story: &Story, session: &Session, acknowledged: impl Fn(usize) -> bool) -> Kept {
    let history = &session.state.history;
    let queries = history.queries();
    let numbers: Vec<_> = queries.iter().map(|query| query.seq).collect();
    let counted: Vec<_> = (1..=history.total_queries()).collect();
    keep(numbers == counted, || {
        format!("its queries are numbered {numbers:?}")
    })?;
    let names: BTreeSet<_> = queries.iter().map(|query| &query.query_type).collect();
    keep(names.len() == queries.len(), || {
        "a query is there twice".to_owned()
    })?;
    let versions: Vec<_> = queries.iter().map(|query| query.version).collect();
    let rises = versions.is_sorted() && versions.last().is_none_or(|&last| last <= session.version);
    keep(rises, || {
        format!("its queries are of versions {versions:?}")
    })?;
    let first = story.was_there();
    keep(
        !first || names.iter().any(|name| *name == FIRST_QUERY),
        || "an old query is lost".to_owned(),
    )?;
    for (place, call) in story.calls.iter().enumerate() {
        let kept = queries.iter().find(|query| query.query_type == call.name);
        match (&call.answer, kept) {
            (Some(Answer::Appended(_)), None) => {
                keep(!acknowledged(place), || {
                    "an acknowledged query is lost".to_owned()
                })?;
            }
            (Some(Answer::Appended(applied)), Some(query)) => {
                let same = (query.seq, query.version) == (applied.total_queries, applied.version);
                keep(same, || "a query is not where its answer says".to_owned())?;
            }
            (Some(Answer::Failed(_)), Some(_)) => {
                let others = story.calls.iter().filter(|other| other.name == call.name);
                let refused = |other: &Call| matches!(other.answer, Some(Answer::Failed(_)));
                keep(!others.into_iter().all(refused), || {
                    "a refused query was kept".to_owned()
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// An answer fits what happened before and beside the call.
fn check_answer(story: &Story, call: &Call) -> Kept {
    let ending = story.within(call.beside, |other| other.act.ends_it());
    let deleted = story.within(call.after, Call::has_deleted) && !story.was_raising_beside(call);
    let created = story.was_there()
        || story.within(call.after, |other| other.answer == Some(Answer::Created));
    match &call.answer {
        Some(Answer::Found(session)) => {
            keep(!deleted, || {
                "a reader found it after its deletion".to_owned()
            })?;
            let before = |place: usize| call.after & 1 << place != 0 && !ending;
            check_history(story, session, before)
        }
        Some(Answer::Seen) => keep(!deleted, || "a reader saw it after its deletion".to_owned()),
        Some(Answer::Extended(_) | Answer::Appended(_)) => {
            keep(!deleted, || format!("{:?} after its deletion", call.act))
        }
        Some(Answer::Archived(true)) => keep(call.removed > 0 && !deleted, || {
            "who did not move it says so".to_owned()
        }),
        Some(Answer::Swept(report)) => keep(report.archived <= call.removed, || {
            "a sweep counts what it did not move".to_owned()
        }),
        Some(Answer::Deleted(false)) => keep(!created || story.is_ended_beside(call), || {
            "deletion overlooked it".to_owned()
        }),
        Some(Answer::Failed(code)) => check_failure(story, call, *code, created && !ending),
        _ => Ok(()),
    }
}

fn check_failure(story: &Story, call: &Call, code: ErrorCode, exists: bool) -> Kept {
    let may_end = story.start != Start::Live && story.start != Start::Restored
        || story.has(|act| matches!(act, Act::Archive | Act::Wait(_)));
    let prolonged = story.has(|act| matches!(act, Act::Extend | Act::ExtendOnce(_)));
    let fits = match (code, call.act) {
        (ErrorCode::SessionNotFound, _) => !exists,
        (
            ErrorCode::SessionExpired | ErrorCode::SessionArchived,
            Act::Append | Act::AppendOnce(_),
        ) => may_end,
        (ErrorCode::OutcomeUnknown, Act::Archive) => prolonged,
        // It followed the session to and fro as often as it does, and nothing of it stands.
        (ErrorCode::OutcomeUnknown, Act::Extend | Act::ExtendOnce(_)) => call.steps > PERSISTENT,
        _ => false,
    };
    keep(fits, || format!("{:?} was answered {code}", call.act))
}

/// All have finished or died; then a fresh process cleans up once.
pub(crate) fn at_the_end(world: &World) -> Kept {
    let story = Story::of(world);
    check_moves(&story, world)?;
    world.clock.advance(HOLD);
    let service = world.fresh_service();
    finished(service.cleanup_expired_sessions()).map_err(|error| error.chain())?;
    let again = finished(service.cleanup_expired_sessions()).map_err(|error| error.chain())?;
    keep((again.archived, again.reconciled) == (0, 0), || {
        format!("one cleanup left something to another: {again:?}")
    })?;
    at_every_step(world)?;
    if let Some(session) = world.view() {
        check_history(&story, &session, |_| !story.is_ending())?;
    }
    let (live, archived) = (world.live_copy(), world.archived_copy());
    if story.is_deleted() || world.is_buried() {
        keep(live.is_none() && archived.is_none(), || {
            "a deleted session is there".to_owned()
        })?;
    } else {
        keep(live.is_none() || archived.is_none(), || {
            let version = |copy: &Option<fiml_session_core::SessionSnapshot>| {
                copy.as_ref().map(|copy| copy.session.version)
            };
            format!(
                "it lies in both tiers: {:?} {:?} {}",
                version(&live),
                version(&archived),
                world.unsettled()
            )
        })?;
        keep(world.unsettled() == "[]", || {
            format!("unsettled: {}", world.unsettled())
        })?;
    }
    let queries = archived
        .as_ref()
        .map(|copy| copy.session.state.history.total_queries());
    let counted = queries.map_or((0, 0), |queries| (1, queries));
    // The figures of what was purged stay.
    let purged = story.has_answered(|answer| matches!(answer, Answer::Purged(1..)));
    keep(world.counted() == counted || purged, || {
        format!("figures count {:?} instead of {counted:?}", world.counted())
    })?;
    world
        .view()
        .map_or(Ok(()), |session| check_life(&story, &session))
}

/// Each move into the archive is counted by one call.
fn check_moves(story: &Story, world: &World) -> Kept {
    if story.has(|act| {
        matches!(
            act,
            Act::Extend
                | Act::ExtendOnce(_)
                | Act::Create
                | Act::Delete
                | Act::Purge
                | Act::Wait(_)
        )
    }) {
        return Ok(());
    }
    let moves: u64 = story
        .calls
        .iter()
        .map(|call| match &call.answer {
            Some(Answer::Archived(moved)) => u64::from(*moved),
            Some(Answer::Swept(report)) => report.archived,
            _ => 0,
        })
        .sum();
    let moved = u64::from(story.start != Start::Archived && world.live_copy().is_none());
    let all_answered = story.calls.iter().all(|call| call.answer.is_some());
    keep(moves == moved || !all_answered && moves <= moved, || {
        format!("{moves} moves into the archive were counted instead of {moved}")
    })
}

/// Each extension prolongs its life once; one that was not answered may have, or not.
fn check_life(story: &Story, session: &Session) -> Kept {
    if story.has(|act| matches!(act, Act::Archive | Act::Wait(_) | Act::Create)) {
        return Ok(());
    }
    let (mut answered, mut begun) = (BTreeSet::new(), BTreeSet::new());
    for (place, call) in story.calls.iter().enumerate() {
        let key = match call.act {
            Act::Extend => place.to_string(),
            Act::ExtendOnce(key) => key.to_owned(),
            _ => continue,
        };
        if matches!(call.answer, Some(Answer::Extended(_))) {
            answered.insert(key.clone());
        }
        if call.has_begun() && !matches!(call.answer, Some(Answer::Failed(_))) {
            begun.insert(key);
        }
    }
    let before = match story.start {
        Start::Live | Start::Restored => NOW.plus(HOUR),
        _ => NOW.minus(HOUR),
    };
    let fits = (answered.len()..=begun.len()).any(|count| {
        let hours = HOUR * u32::try_from(count).unwrap();
        let prolonged = before.max(NOW).plus(hours);
        // Who dies while bringing it back may leave it ended anew.
        let ended = count == 0 && (session.expires_at == before || !begun.is_empty());
        session.expires_at == prolonged || ended && session.expires_at <= NOW
    });
    keep(fits, || {
        let (answered, begun) = (answered.len(), begun.len());
        let until = session.expires_at;
        format!("it lives until {until} after {answered} to {begun} extensions")
    })
}
