-- Applies a batch of changes to a session, or refuses it whole, as `fiml_session_core::admit` decides.
--
-- KEYS, as many as the batch needs: 1 header, 2 queries, 3 answers, 4 their order, 5 entries, 6 expiry of
--   the bucket, 7 quarantine of the bucket.
-- ARGV: 1 scope, 2 id, 3 the instant, 4 field of the idempotency key or '', 5 fingerprint, 6 expected
--   version or '', 7 most queries, 8 most bytes, 9 most entries of a map, 10 most tags, 11 the latest
--   expiry, 12 number of queries, 13 number of expected entries; then for each of these its field and its
--   version or ''; then the changes:
--     q  head, bytes as JSON without number, version and an instant that is not given, tail, number of
--        counts, their fields
--     s  field, JSON        r  field
--     t  number, tags       u  number, tags
--     x  span               e
-- Reply: nil where there is no such session, or
--   {0, answer} applied: version, queries, hits (6 bytes each), expiry, last change (8 each), '1' if capped
--   {1, expiry} expired           {2, held, offered} too many queries   {3, count} too many tags
--   {4, map, count} too many keys {5, bytes} too large                  {6, found} other version
--   {7, index, found or -1} other stamp                                 {8} key used for another call

local header = fields_in_scope(ARGV[1], KEYS[1], 'n', 'o')
local numbers = header[1]
if not numbers or not in_scope(ARGV[1], header[2]) then
  return false
end
if #numbers ~= NUMBERS_BYTES then
  return damaged()
end
local id, at, key = ARGV[2], ARGV[3], ARGV[4]

-- The same call again is answered before anything is judged.
local newest, dead = false, {}
if key ~= '' then
  local held = redis.call('HMGET', KEYS[3], key, 'newest')
  newest = held[2]
  local function is_dead(answer)
    return reached(at, later(string.sub(answer, 1, 8), ANSWER_LIFETIME))
  end
  if held[1] and not is_dead(held[1]) then
    if string.sub(held[1], 44) == ARGV[5] then
      return {0, string.sub(held[1], 9, 43)}
    end
    return {8}
  end
  -- Where answers were given in the order of their instants, the dead are the first ones.
  local ordered = newest and #newest == 8
  local place, step = 0, 16
  while newest do
    local names = redis.call('LRANGE', KEYS[4], place, place + step - 1)
    local alive = false
    for _, name in ipairs(names) do
      local answer = redis.call('HGET', KEYS[3], name)
      if not answer or is_dead(answer) then
        dead[#dead + 1] = name
      else
        alive = true
        if ordered then
          break
        end
      end
    end
    if #names < step or (ordered and alive) then
      break
    end
    place = place + step
  end
end

local version, queries, hits, bytes, count_0, count_1, count_2, count_3, expires, last =
  struct.unpack(NUMBERS, numbers)
local counts = {['0'] = count_0, ['1'] = count_1, ['2'] = count_2, ['3'] = count_3}

if ARGV[6] ~= '' and tonumber(ARGV[6]) ~= version then
  return {6, version}
end
local position = 13
for index = 1, tonumber(ARGV[13]) do
  local entry = redis.call('HGET', KEYS[5], ARGV[position + 1])
  local expected = tonumber(ARGV[position + 2])
  local found = entry and struct.unpack('>I6', entry, 2) or nil
  if found ~= expected then
    return {7, index - 1, found or -1}
  end
  position = position + 2
end

local most_queries, most_bytes = tonumber(ARGV[7]), tonumber(ARGV[8])
local most_entries, most_tags = tonumber(ARGV[9]), tonumber(ARGV[10])
local before, queries_left = {bytes = bytes, expires = expires, queries = queries}, tonumber(ARGV[12])
local items, tallies, writes, held_bytes = {}, {}, {}, {}
local tags, capped = nil, '0'

local function next_argument()
  position = position + 1
  return ARGV[position]
end

local function varint(number)
  local text = ''
  while number >= 128 do
    text = text .. string.char(number % 128 + 128)
    number = math.floor(number / 128)
  end
  return text .. string.char(number)
end

local function digits(number)
  return #string.format('%.0f', number)
end

-- How long an instant is in JSON: to the second, the millisecond or the microsecond.
local function text_bytes(instant)
  local high, low = struct.unpack('>I4I4', instant)
  local micros = ((high % 1000000) * (HALF % 1000000) + low) % 1000000
  if micros == 0 then
    return 20
  end
  return micros % 1000 == 0 and 24 or 27
end

local function add_query()
  local head, size, tail = next_argument(), tonumber(next_argument()), next_argument()
  for _ = 1, tonumber(next_argument()) do
    local field = next_argument()
    tallies[field] = (tallies[field] or 0) + 1
  end
  if queries + queries_left > most_queries then
    return {2, before.queries, queries_left + #items}
  end
  queries_left = queries_left - 1
  queries = queries + 1
  -- Of the fields, the lowest bit is a given instant, the next one a hit.
  local format, fields = string.byte(head, 1, 2)
  if fields % 4 >= 2 then
    hits = hits + 1
  end
  bytes = bytes + size + digits(queries) + digits(version)
  if fields % 2 == 0 then
    bytes = bytes + text_bytes(last)
    head, tail = string.char(format, fields + 1), last .. tail
  end
  items[#items + 1] = head .. varint(queries) .. varint(version) .. tail
end

-- Takes away what the session, or an earlier change of the batch, holds under a field.
local function take_away(field, map)
  local held = held_bytes[field]
  if held == nil then
    local length = redis.call('HSTRLEN', KEYS[5], field)
    held = length > 0 and length - 7 + #field - 1
  end
  if held then
    bytes = math.max(bytes - held, 0)
    counts[map] = math.max(counts[map] - 1, 0)
  end
  held_bytes[field] = false
end

local function set_entry()
  local field, json = next_argument(), next_argument()
  local map = string.sub(field, 1, 1)
  take_away(field, map)
  held_bytes[field] = #field - 1 + #json
  bytes = bytes + held_bytes[field]
  counts[map] = counts[map] + 1
  if counts[map] > most_entries then
    return {4, tonumber(map), counts[map]}
  end
  writes[field] = struct.pack('>BI6', 1, version) .. json
end

local function remove_entry()
  local field = next_argument()
  take_away(field, string.sub(field, 1, 1))
  writes[field] = false
end

-- The tags, each behind a byte with its length.
local function held_tags()
  if not tags then
    tags = {}
    local text, from = redis.call('HGET', KEYS[1], 't') or '', 1
    while from <= #text do
      local length = string.byte(text, from)
      tags[#tags + 1] = string.sub(text, from + 1, from + length)
      from = from + 1 + length
    end
  end
  return tags
end

local function named_tags()
  local named, list = {}, {}
  for _ = 1, tonumber(next_argument()) do
    list[#list + 1] = next_argument()
    named[list[#list]] = true
  end
  return named, list
end

local function add_tags()
  local _, offered = named_tags()
  local held = held_tags()
  local known = {}
  for _, tag in ipairs(held) do
    known[tag] = true
  end
  for _, tag in ipairs(offered) do
    if not known[tag] then
      known[tag] = true
      held[#held + 1] = tag
    end
  end
  if #held > most_tags then
    return {3, #held}
  end
end

local function remove_tags()
  local unwanted = named_tags()
  local kept = {}
  for _, tag in ipairs(held_tags()) do
    if not unwanted[tag] then
      kept[#kept + 1] = tag
    end
  end
  tags = kept
end

local function extend()
  local wanted = later(reached(expires, at) and expires or at, next_argument())
  local latest = ARGV[11]
  if not reached(latest, wanted) then
    wanted, capped = latest, '1'
  end
  if not reached(expires, wanted) then
    expires = wanted
  end
end

local function end_life()
  if reached(expires, at) then
    expires = at
  end
end

local changes = {
  q = add_query, s = set_entry, r = remove_entry, t = add_tags, u = remove_tags, x = extend, e = end_life,
}

if position < #ARGV then
  version = version + 1
  if reached(at, last) then
    last = at
  end
end
while position < #ARGV do
  local kind = next_argument()
  if kind ~= 'x' and kind ~= 'e' and reached(at, expires) then
    return {1, expires}
  end
  local refusal = changes[kind]()
  if refusal then
    return refusal
  end
end
if bytes > math.max(before.bytes, most_bytes) then
  return {5, bytes}
end

local applied = struct.pack('>I6I6I6c8c8c1', version, queries, hits, expires, last, capped)

-- Nothing was written so far. The first write is one that a full server refuses, and reads the one type
-- that was not read above, so it fails before anything is done or not at all.
local moved = expires ~= before.expires
local aside = moved and redis.call('HEXISTS', KEYS[7], id) == 1
if moved then
  redis.call('ZSCORE', KEYS[6], before.expires .. id)
end
call_in_chunks('RPUSH', KEYS[2], items, 1, #items)
if ARGV[14 + 2 * tonumber(ARGV[13])] then
  redis.call('HSET', KEYS[1], 'n', struct.pack(
    NUMBERS, version, queries, hits, bytes, counts['0'], counts['1'], counts['2'], counts['3'], expires, last))
end
for field, count in pairs(tallies) do
  local counted = redis.pcall('HINCRBY', KEYS[1], field, count)
  -- A count that is none any more is passed over, since the queries are there by now; what else fails is said.
  if type(counted) == 'table' and not string.find(counted.err, 'not an integer', 1, true) then
    redis.call('HINCRBY', KEYS[1], field, count)
  end
end
if tags and #tags > 0 then
  local parts = {}
  for _, tag in ipairs(tags) do
    parts[#parts + 1] = string.char(#tag) .. tag
  end
  redis.call('HSET', KEYS[1], 't', table.concat(parts))
elseif tags then
  redis.call('HDEL', KEYS[1], 't')
end
for field, value in pairs(writes) do
  if value then
    redis.call('HSET', KEYS[5], field, value)
  else
    redis.call('HDEL', KEYS[5], field)
  end
end
if moved then
  redis.call('ZREM', KEYS[6], before.expires .. id)
  if not aside then
    redis.call('ZADD', KEYS[6], 0, expires .. id)
  end
end
if key ~= '' then
  for _, name in ipairs(dead) do
    redis.call('LREM', KEYS[4], 1, name)
    redis.call('HDEL', KEYS[3], name)
  end
  -- The greatest instant so far; a byte more says that answers are not in the order of their instants.
  local mark = at
  if newest and #newest > 8 then
    mark = newest
  elseif newest and not reached(at, newest) then
    mark = newest .. '!'
  end
  redis.call('HSET', KEYS[3], key, at .. applied .. ARGV[5], 'newest', mark)
  for _ = 1, redis.call('RPUSH', KEYS[4], key) - ANSWERS_KEPT do
    redis.call('HDEL', KEYS[3], redis.call('LPOP', KEYS[4]))
  end
end
return {0, applied}
