//! How numbers, instants and texts become bytes: what is short takes few.

use fiml_session_core::{SessionId, Timestamp, store::BoxError};
use uuid::Uuid;

/// An instant: its microseconds, eight bytes, the highest first, so that bytes order as instants do.
pub(crate) type InstantBytes = [u8; 8];

pub(crate) const fn instant_bytes(at: Timestamp) -> InstantBytes {
    at.micros().to_be_bytes()
}

/// A place in an index: an instant, then the id of a session.
pub(crate) type Place = [u8; 24];

pub(crate) fn place(at: Timestamp, id: SessionId) -> Place {
    let mut place = [0; 24];
    place[..8].copy_from_slice(&instant_bytes(at));
    place[8..].copy_from_slice(id.uuid().as_bytes());
    place
}

/// The session at a place.
pub(crate) fn place_id(place: &Place) -> SessionId {
    let mut id = [0; 16];
    id.copy_from_slice(&place[8..]);
    SessionId::from_uuid(Uuid::from_bytes(id))
}

/// Writes a number in groups of seven bits, the lowest first, each but the last with its high bit set.
pub(crate) fn push_number(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Writes the length of a text in bytes, then the text.
pub(crate) fn push_text(into: &mut Vec<u8>, text: &[u8]) {
    push_number(into, text.len() as u64);
    into.extend_from_slice(text);
}

/// Reads from the front of what is left.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], BoxError> {
        let (taken, left) = self.0.split_at_checked(count).ok_or("it ends too early")?;
        self.0 = left;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, BoxError> {
        Ok(self.take(1)?[0])
    }

    /// A number of so many bytes, the highest first.
    pub(crate) fn fixed(&mut self, bytes: usize) -> Result<u64, BoxError> {
        let taken = self.take(bytes)?;
        Ok(taken
            .iter()
            .fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub(crate) fn instant(&mut self) -> Result<Timestamp, BoxError> {
        let micros = i64::try_from(self.fixed(8)?)?;
        let at = Timestamp::from_micros(micros);
        if at.micros() == micros {
            return Ok(at);
        }
        Err("an instant lies beyond the year 9999".into())
    }

    /// A number written by [`push_number`].
    pub(crate) fn number(&mut self) -> Result<u64, BoxError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number does not end".into())
    }

    /// What [`push_text`] wrote.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], BoxError> {
        let length = usize::try_from(self.number()?)?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, BoxError> {
        Ok(std::str::from_utf8(self.bytes()?)?)
    }

    /// The format that what follows is written in.
    pub(crate) fn expect_format(&mut self, known: u8) -> Result<(), BoxError> {
        let found = self.byte()?;
        if found == known {
            return Ok(());
        }
        Err(format!("it has format {found}, and this program knows {known}").into())
    }

    /// Refuses anything that is left.
    pub(crate) fn finish(&self) -> Result<(), BoxError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(format!("{} bytes are left over", self.0.len()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back() {
        let numbers = [
            0,
            1,
            127,
            128,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ];
        let mut bytes = Vec::new();
        for number in numbers {
            push_number(&mut bytes, number);
        }
        push_text(&mut bytes, "Überblick".as_bytes());
        let mut reader = Reader(&bytes);
        assert_eq!(numbers.map(|_| reader.number().unwrap()), numbers);
        assert_eq!(reader.text().unwrap(), "Überblick");
        assert!(reader.finish().is_ok());
        assert!(reader.byte().is_err());
    }

    #[test]
    fn places_order_as_instants_and_then_ids_do() {
        let id = |n| SessionId::from_uuid(Uuid::from_u128(n));
        let at = Timestamp::from_micros;
        let places = [
            place(Timestamp::MIN, id(9)),
            place(at(255), id(2)),
            place(at(256), id(1)),
            place(at(256), id(2)),
            place(Timestamp::MAX, id(0)),
        ];
        assert!(places.is_sorted());
        assert_eq!(place_id(&places[0]), id(9));
    }
}
