//! What is kept of a session without its state.
//!
//! Two fields of a hash hold most of it, because a short field costs more than its bytes: `m` what never
//! changes, `n` the numbers, which scripts read and write. `o` is the owner and `t` the tags, where there are
//! any. The counts of `tally.rs` lie beside them.

use fiml_session_core::{
    Applied, Asset, SessionHeader, SessionId, SessionType, Tag, Timestamp, UserId,
    store::{BoxError, StoreError},
};

use crate::{
    bytes::{Reader, instant_bytes, push_number, push_text},
    error::{corrupt, failed},
};

/// The format of `m`.
const FORMAT: u8 = 1;
/// How many bytes `n` has: version, queries, hits and bytes of six, the entries of each map of four, the
/// expiry and the last change of eight.
const NUMBERS_BYTES: usize = 56;

/// What `n` holds; of two states of a session the newer one has the greater.
pub(crate) type Numbers = [u8; NUMBERS_BYTES];

/// The fields that [`decode`] needs, in its order.
pub(crate) const FIELDS: [&str; 4] = ["m", "n", "o", "t"];

/// What was found in these fields.
pub(crate) type Found = Vec<Option<Vec<u8>>>;

/// The fields of a header with their values.
pub(crate) fn encode(header: &SessionHeader) -> Result<Vec<(&'static str, Vec<u8>)>, StoreError> {
    let mut fields = vec![("m", constant(header)), ("n", numbers(header)?.to_vec())];
    if let Some(owner) = &header.user_id {
        fields.push(("o", owner.as_str().as_bytes().to_vec()));
    }
    if !header.tags.is_empty() {
        fields.push(("t", tags(&header.tags)));
    }
    Ok(fields)
}

fn constant(header: &SessionHeader) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend(instant_bytes(header.created_at));
    push_text(&mut bytes, header.session_type.name().as_bytes());
    push_number(&mut bytes, header.assets.len() as u64);
    for asset in &header.assets {
        push_text(&mut bytes, asset.as_str().as_bytes());
    }
    bytes
}

/// The numbers of a header.
pub(crate) fn numbers(header: &SessionHeader) -> Result<Numbers, StoreError> {
    let mut bytes = Vec::with_capacity(NUMBERS_BYTES);
    for count in [
        header.version,
        header.total_queries,
        header.cache_hits,
        header.size_bytes,
    ] {
        bytes.extend(six_bytes(count)?);
    }
    for count in header.entry_counts {
        bytes.extend(u32::try_from(count).map_err(failed)?.to_be_bytes());
    }
    bytes.extend(instant_bytes(header.expires_at));
    bytes.extend(instant_bytes(header.last_accessed_at));
    Ok(bytes.try_into().expect("their lengths add up"))
}

/// A count as scripts keep it.
pub(crate) fn six_bytes(count: u64) -> Result<[u8; 6], StoreError> {
    match count.to_be_bytes() {
        [0, 0, bytes @ ..] => Ok(bytes),
        _ => Err(failed(format!("{count} is more than six bytes hold"))),
    }
}

/// Each tag behind a byte with its length, which is at most [`Tag::MAX_BYTES`].
fn tags(tags: &[Tag]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for tag in tags {
        bytes.push(tag.as_str().len() as u8);
        bytes.extend(tag.as_str().as_bytes());
    }
    bytes
}

/// The header in the found [`FIELDS`]; none where there is no session.
pub(crate) fn decode(id: SessionId, found: &Found) -> Result<Option<SessionHeader>, StoreError> {
    let [constant, numbers, owner, tags] = found.as_slice() else {
        let text = format!("{} fields were found instead of four", found.len());
        return Err(corrupt(Some(id), text));
    };
    let (constant, numbers) = match (constant, numbers) {
        (None, None) => return Ok(None),
        (Some(constant), Some(numbers)) => (constant, numbers),
        _ => return Err(corrupt(Some(id), "a part of the header is missing")),
    };
    read(id, constant, numbers, owner.as_deref(), tags.as_deref())
        .map(Some)
        .map_err(|source| corrupt(Some(id), source))
}

fn read(
    id: SessionId,
    constant: &[u8],
    numbers: &[u8],
    owner: Option<&[u8]>,
    tags: Option<&[u8]>,
) -> Result<SessionHeader, BoxError> {
    let (created_at, session_type, assets) = read_constant(constant)?;
    let owner = owner.map(|owner| {
        UserId::try_from(std::str::from_utf8(owner)?.to_owned()).map_err(BoxError::from)
    });
    Ok(SessionHeader {
        user_id: owner.transpose()?,
        session_type,
        assets,
        tags: read_tags(tags.unwrap_or_default())?,
        created_at,
        ..of_numbers(id, numbers)?
    })
}

/// A header with these numbers, and nothing else of the session in it.
pub(crate) fn of_numbers(id: SessionId, numbers: &[u8]) -> Result<SessionHeader, BoxError> {
    let mut numbers = Reader(numbers);
    let mut six = || numbers.fixed(6);
    let (version, total_queries, cache_hits, size_bytes) = (six()?, six()?, six()?, six()?);
    let mut entry_counts = [0; 4];
    for count in &mut entry_counts {
        *count = numbers.fixed(4)?;
    }
    let (expires_at, last_accessed_at) = (numbers.instant()?, numbers.instant()?);
    numbers.finish()?;
    Ok(SessionHeader {
        id,
        user_id: None,
        session_type: SessionType::Equity,
        assets: Vec::new(),
        tags: Vec::new(),
        created_at: Timestamp::MIN,
        expires_at,
        last_accessed_at,
        version,
        total_queries,
        cache_hits,
        size_bytes,
        entry_counts,
    })
}

/// The expiry in the numbers; none where they cannot be read.
pub(crate) fn expires_at(numbers: &[u8]) -> Option<Timestamp> {
    let is_whole = numbers.len() == NUMBERS_BYTES;
    let behind = is_whole.then(|| &numbers[NUMBERS_BYTES - 16..])?;
    Reader(behind).instant().ok()
}

/// What the numbers of a new version answer to whoever made it.
pub(crate) fn read_applied(numbers: &[u8]) -> Result<Applied, BoxError> {
    let mut numbers = Reader(numbers);
    let mut six = || numbers.fixed(6);
    let (version, total_queries, cache_hits) = (six()?, six()?, six()?);
    // The bytes, and the entries of the four maps.
    numbers.take(6 + 4 * 4)?;
    Ok(Applied {
        version,
        total_queries,
        cache_hits,
        expires_at: numbers.instant()?,
        last_accessed_at: numbers.instant()?,
        ttl_capped: false,
    })
}

fn read_constant(bytes: &[u8]) -> Result<(Timestamp, SessionType, Vec<Asset>), BoxError> {
    let mut reader = Reader(bytes);
    reader.expect_format(FORMAT)?;
    let created_at = reader.instant()?;
    let session_type = reader.text()?.parse()?;
    let count = reader.number()?;
    let assets = (0..count).map(|_| Ok(Asset::try_from(reader.text()?.to_owned())?));
    let assets = assets.collect::<Result<_, BoxError>>()?;
    reader.finish()?;
    Ok((created_at, session_type, assets))
}

fn read_tags(bytes: &[u8]) -> Result<Vec<Tag>, BoxError> {
    let mut reader = Reader(bytes);
    let mut tags = Vec::new();
    while !reader.0.is_empty() {
        let length = reader.byte()?;
        let tag = std::str::from_utf8(reader.take(length.into())?)?;
        tags.push(Tag::try_from(tag.to_owned())?);
    }
    Ok(tags)
}
