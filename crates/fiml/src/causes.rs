//! An error in one line: what happened, and why, and why that.

use std::error::Error;

/// The error with its causes behind colons; a cause that only repeats what was said is left out.
///
/// Many libraries put the text of the cause into their own, and give the cause as well.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut beneath = error.source();
    while let Some(cause) = beneath {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        beneath = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::told;

    #[test]
    fn a_cause_that_repeats_what_was_said_is_left_out() {
        let error = anyhow!("refused (os error 111)")
            .context("connect: refused (os error 111)")
            .context("no server answers");
        assert_eq!(
            told(error.as_ref()),
            "no server answers: connect: refused (os error 111)"
        );
        let error = anyhow!("the disk is full").context("cannot write");
        assert_eq!(told(error.as_ref()), "cannot write: the disk is full");
    }
}
