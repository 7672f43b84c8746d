-- What the scripts share. The constants ANSWERS_KEPT, ANSWER_LIFETIME and LATEST stand before it.
--
-- Numbers of Lua are doubles, exact up to 2^53, and instants reach beyond. So an instant or a span is eight
-- bytes, the highest first, compared and added as two halves of 32 bits; a count has six bytes.

local HALF = 4294967296

-- Whether an instant is not before another.
local function reached(now, instant)
  local high, low = struct.unpack('>I4I4', now)
  local other_high, other_low = struct.unpack('>I4I4', instant)
  return high > other_high or (high == other_high and low >= other_low)
end

-- An instant so much later, at most the latest there is.
local function later(instant, span)
  local high, low = struct.unpack('>I4I4', instant)
  local by_high, by_low = struct.unpack('>I4I4', span)
  high, low = high + by_high, low + by_low
  if low >= HALF then
    high, low = high + 1, low - HALF
  end
  local sum = struct.pack('>I4I4', high, low)
  if reached(sum, LATEST) then
    return LATEST
  end
  return sum
end

-- Whether a caller sees a session: '*' sees all, '-' those without an owner, '=' and a name that owner's.
local function in_scope(scope, owner)
  return scope == '*' or scope == (owner and '=' .. owner or '-')
end

-- Fields of a header. Where it is no hash any more, nobody can tell whose it was, so only who sees all is told
-- that it is damaged, and to others it is not there.
local function fields_in_scope(scope, key, ...)
  local found = redis.pcall('HMGET', key, ...)
  if not found.err then
    return found
  end
  return scope == '*' and redis.call('HMGET', key, ...) or {}
end

-- Takes the place of a session out of an index; where it is not the one that its header tells, whichever it is.
local function leave_index(index, id, told)
  -- Also where nothing was told: once something was written, a full server takes the rest.
  local left = redis.call('ZREM', index, told or id)
  if left == 0 then
    for _, place in ipairs(redis.call('ZRANGE', index, 0, -1)) do
      if string.sub(place, 9) == id then
        left = left + redis.call('ZREM', index, place)
      end
    end
  end
  return left
end

-- The numbers of a session, as `header.rs` lays them out.
local NUMBERS = '>I6I6I6I6I4I4I4I4c8c8'
local NUMBERS_BYTES = 56

local function damaged()
  return redis.error_reply('DAMAGED the numbers of the session are not of their length')
end

-- More values than this at once overflow the stack of Lua.
local CHUNK = 4000

-- Calls a command with many operands, some at a time; an even number, so that pairs stay together.
local function call_in_chunks(command, key, operands, first, last)
  for from = first, last, CHUNK do
    redis.call(command, key, unpack(operands, from, math.min(from + CHUNK - 1, last)))
  end
end
