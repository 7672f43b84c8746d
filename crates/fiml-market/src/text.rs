//! Keeps text from outside harmless when it is shown.

/// The longest piece of foreign text a message repeats, in characters.
const SHOWN: usize = 64;

/// Whether a character can hide, reorder or control the text around it.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}'
                | '\u{FEFF}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// The text with unsafe characters escaped, cut to a length fit for a message.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (position, c) in text.chars().enumerate() {
        if position == SHOWN {
            shown.push('…');
            break;
        }
        if is_unsafe(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bidi_and_zero_width_characters_are_escaped() {
        assert_eq!(
            printable("a\0b\u{202e}c\u{200b}"),
            r"a\u{0}b\u{202e}c\u{200b}"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable(&"x".repeat(500)).chars().count(), SHOWN + 1);
    }
}
