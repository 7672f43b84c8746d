-- Appends queries to a session, or refuses them all: what `apply.lua` does for a batch that has nothing else
-- to it, in half its time, because most calls are of this kind. It makes no function and few tables.
--
-- KEYS: 1 header, 2 queries.
-- ARGV: 1 scope, 2 the instant, 3 most queries, 4 most bytes, 5 number of queries; then for each of these
--   head, bytes as JSON without number, version and an instant that is not given, tail, number of counts,
--   their fields.
-- Reply: nil where there is no such session, the numbers of its new version, or {1, expiry} expired,
--   {2, held, offered} too many queries, {5, bytes} too large.

local found, scope = redis.pcall('HMGET', KEYS[1], 'n', 'o'), ARGV[1]
if found.err then
  -- Whose it was cannot be told any more, so only who sees all is told that it is damaged.
  return scope == '*' and redis.call('HMGET', KEYS[1], 'n', 'o')
end
local numbers = found[1]
if not numbers or (scope ~= '*' and scope ~= (found[2] and '=' .. found[2] or '-')) then
  return false
end
if #numbers ~= 56 then
  return redis.error_reply('DAMAGED the numbers of the session are not of their length')
end
local version, queries, hits, bytes, counts, expires_high, expires_low, last_high, last_low =
  struct.unpack('>I6I6I6I6c16I4I4I4I4', numbers)
local high, low = struct.unpack('>I4I4', ARGV[2])
if high > expires_high or (high == expires_high and low >= expires_low) then
  return {1, string.sub(numbers, 41, 48)}
end
local offered = tonumber(ARGV[5])
if queries + offered > tonumber(ARGV[3]) then
  return {2, queries, offered}
end
local last = ARGV[2]
if high < last_high or (high == last_high and low < last_low) then
  high, low, last = last_high, last_low, string.sub(numbers, 49, 56)
end
version = version + 1

-- The digits of a number beyond the first are counted by dividing; so are its groups of seven bits.
local version_bytes, version_digits, rest = '', 1, version
while rest >= 10 do
  version_digits, rest = version_digits + 1, rest / 10
end
rest = version
while rest >= 128 do
  version_bytes, rest = version_bytes .. string.char(rest % 128 + 128), math.floor(rest / 128)
end
version_bytes = version_bytes .. string.char(rest)

local items, size, position = {}, bytes, 5
for index = 1, offered do
  local head, tail = ARGV[position + 1], ARGV[position + 3]
  size = size + ARGV[position + 2] + version_digits
  position = position + 4 + ARGV[position + 4]
  queries = queries + 1
  local format, fields = string.byte(head, 1, 2)
  if fields % 4 >= 2 then
    hits = hits + 1
  end
  if fields % 2 == 0 then
    head, tail = string.char(format, fields + 1), last .. tail
    -- An instant in JSON is given to the second, the millisecond or the microsecond.
    local micros = ((high % 1000000) * 967296 + low) % 1000000
    size = size + (micros == 0 and 20 or micros % 1000 == 0 and 24 or 27)
  end
  rest = queries
  while rest >= 10 do
    size, rest = size + 1, rest / 10
  end
  size, rest = size + 1, queries
  while rest >= 128 do
    head, rest = head .. string.char(rest % 128 + 128), math.floor(rest / 128)
  end
  items[index] = head .. string.char(rest) .. version_bytes .. tail
end
if size > bytes and size > tonumber(ARGV[4]) then
  return {5, size}
end

-- Nothing was written so far. The first write is one that a full server refuses.
if offered == 1 then
  redis.call('RPUSH', KEYS[2], items[1])
else
  -- More values than this at once overflow the stack of Lua.
  for from = 1, offered, 4000 do
    redis.call('RPUSH', KEYS[2], unpack(items, from, math.min(from + 3999, offered)))
  end
end
numbers = struct.pack('>I6I6I6I6c16I4I4c8', version, queries, hits, size, counts, expires_high, expires_low, last)
redis.call('HSET', KEYS[1], 'n', numbers)
position = 5
for _ = 1, offered do
  local first = position + 5
  position = position + 4 + ARGV[position + 4]
  for field = first, position do
    -- One as text, because Lua takes long to write a number.
    local counted = redis.pcall('HINCRBY', KEYS[1], ARGV[field], '1')
    -- A count that is none any more is passed over, since the queries are there by now; what else fails is said.
    if type(counted) == 'table' and not string.find(counted.err, 'not an integer', 1, true) then
      redis.call('HINCRBY', KEYS[1], ARGV[field], '1')
    end
  end
end
return numbers
