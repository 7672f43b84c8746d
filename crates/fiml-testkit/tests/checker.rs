//! The checker of histories finds every kind of forgery and nothing else.

use fiml_testkit::checker::{
    History,
    Outcome::{Acknowledged, Refused, Unknown},
    Violation,
};

/// Two writers, every outcome, one retry.
fn history() -> History {
    let mut history = History::new();
    history.record("ann", "a1", Acknowledged);
    history.record("ann", "a2", Unknown);
    history.record("ann", "a3", Refused);
    history.record("ann", "a4", Acknowledged);
    let mut other = History::new();
    other.record("bob", "b1", Unknown);
    other.record("bob", "b1", Acknowledged);
    other.record("bob", "b2", Acknowledged);
    history.merge(other);
    history
}

fn sentences(stored: &[&str]) -> Vec<String> {
    let found = history().check(stored);
    found.iter().map(Violation::to_string).collect()
}

#[test]
fn a_sound_list_has_no_violation_with_the_unknown_value_or_without_it() {
    assert!(history().check(&["a1", "a2", "a4", "b1", "b2"]).is_empty());
    assert!(history().check(&["b1", "a1", "b2", "a4"]).is_empty());
}

#[test]
fn an_acknowledged_value_that_is_missing_is_lost() {
    assert_eq!(
        history().check(&["a1", "b1", "b2"]),
        [Violation::Lost {
            writer: "ann".to_owned(),
            value: "a4".to_owned()
        }]
    );
    assert_eq!(
        sentences(&["a1", "b1", "b2"]),
        [r#""a4" of ann was acknowledged and is lost"#]
    );
}

#[test]
fn an_unknown_value_that_was_acknowledged_on_a_retry_is_lost_when_it_is_missing() {
    assert_eq!(
        sentences(&["a1", "a4", "b2"]),
        [r#""b1" of bob was acknowledged and is lost"#]
    );
}

#[test]
fn an_acknowledged_value_stored_twice_is_repeated() {
    assert_eq!(
        sentences(&["a1", "a4", "a4", "b1", "b2"]),
        [r#""a4" of ann is stored 2 times"#]
    );
}

#[test]
fn an_unknown_value_stored_more_than_once_is_repeated() {
    assert_eq!(
        sentences(&["a1", "a2", "a2", "a2", "a4", "b1", "b2"]),
        [r#""a2" of ann is stored 3 times"#]
    );
}

#[test]
fn a_refused_value_that_is_stored_is_a_violation() {
    assert_eq!(
        sentences(&["a1", "a3", "a4", "b1", "b2"]),
        [r#""a3" of ann was refused and is stored"#]
    );
}

#[test]
fn values_of_one_writer_stored_the_wrong_way_round_are_out_of_order() {
    assert_eq!(
        sentences(&["a4", "a1", "b1", "b2"]),
        [r#""a4" of ann is stored before "a1", which it appended earlier"#]
    );
}

#[test]
fn an_order_is_found_wrong_over_values_of_others_in_between() {
    assert_eq!(
        sentences(&["b2", "a1", "a4", "b1"]),
        [r#""b2" of bob is stored before "b1", which it appended earlier"#]
    );
}

#[test]
fn an_unknown_value_may_arrive_late_but_not_early() {
    assert!(history().check(&["a1", "a4", "b1", "b2", "a2"]).is_empty());
    assert_eq!(
        sentences(&["a2", "a1", "a4", "b1", "b2"]),
        [r#""a2" of ann is stored before "a1", which it appended earlier"#]
    );
}

#[test]
fn a_value_that_was_retried_may_stand_anywhere_among_its_attempts() {
    let mut history = History::new();
    history.record("ann", "first", Unknown);
    history.record("ann", "second", Acknowledged);
    history.record("ann", "first", Acknowledged);
    history.record("ann", "third", Acknowledged);
    assert!(history.check(&["first", "second", "third"]).is_empty());
    assert!(history.check(&["second", "first", "third"]).is_empty());
    assert_eq!(history.check(&["second", "third", "first"]).len(), 1);
}

#[test]
fn a_stored_value_that_nobody_appended_is_from_nowhere() {
    assert_eq!(
        sentences(&["a1", "a4", "b1", "x", "b2"]),
        [r#""x" is stored and was never appended"#]
    );
}

#[test]
fn every_violation_is_found_at_once() {
    let found = sentences(&["a4", "a1", "a3", "a2", "a2", "x", "b1"]);
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn outcomes_are_counted_with_retries_as_one() {
    let counts = [Acknowledged, Unknown, Refused].map(|outcome| history().count(outcome));
    assert_eq!(counts, [4, 1, 1]);
}

#[test]
#[should_panic(expected = "two writers appended")]
fn a_value_of_two_writers_is_a_mistake_of_the_test() {
    history().record("eve", "a1", Acknowledged);
}
