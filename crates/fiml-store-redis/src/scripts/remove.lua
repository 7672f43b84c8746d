-- Removes a session with everything that belongs to it, and notes that it was here until its owner's index
-- has forgotten it.
--
-- KEYS: 1 header, 2 queries, 3 answers, 4 their order, 5 entries, 6 expiry, 7 quarantine, 8 created and
--   9 removed of the bucket.
-- ARGV: 1 id, 2 scope, 3 the version it must have, or ''.
-- Reply: nil where there is no such session, {0} where it has another version, else {1, place by creation,
--   owner}.

local found = redis.call('HMGET', KEYS[1], 'm', 'n', 'o')
local numbers, owner = found[2], found[3]
if not numbers or not in_scope(ARGV[2], owner) then
  return false
end
if #numbers ~= NUMBERS_BYTES or not found[1] then
  return damaged()
end
if ARGV[3] ~= '' and tonumber(ARGV[3]) ~= struct.unpack('>I6', numbers) then
  return {0}
end
local id = ARGV[1]
local place = string.sub(found[1], 2, 9) .. id
-- First what needs no room: once something was written, a full server takes the rest.
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[6], string.sub(numbers, 41, 48) .. id)
redis.call('HDEL', KEYS[7], id)
redis.call('ZREM', KEYS[8], place)
redis.call('HSET', KEYS[9], id, '')
return {1, place, owner}
