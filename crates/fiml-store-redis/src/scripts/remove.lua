-- Removes a session with everything that belongs to it, and notes that it was here until its owner's index
-- has forgotten it. Who sees all and names no version removes it whatever has become of its header.
--
-- KEYS: 1 header, 2 queries, 3 answers, 4 their order, 5 entries, 6 expiry, 7 quarantine, 8 created and
--   9 removed of the bucket.
-- ARGV: 1 id, 2 scope, 3 the version it must have, or ''.
-- Reply: nil where there is no such session, {0} where it has another version, else {1, place by creation,
--   owner}, or {1} where the header does not tell them any more.

local id, scope = ARGV[1], ARGV[2]
local whatever = scope == '*' and ARGV[3] == ''
local found = whatever and redis.pcall('HMGET', KEYS[1], 'm', 'n', 'o')
  or fields_in_scope(scope, KEYS[1], 'm', 'n', 'o')
local constant, numbers, owner = found[1], found[2], found[3]
local is_told = constant and #constant >= 9
if not whatever then
  if not (constant or numbers) or not in_scope(scope, owner) then
    return false
  end
  if not (is_told and numbers and #numbers == NUMBERS_BYTES) then
    return damaged()
  end
  if ARGV[3] ~= '' and tonumber(ARGV[3]) ~= struct.unpack('>I6', numbers) then
    return {0}
  end
end
local place = is_told and string.sub(constant, 2, 9) .. id
-- First what needs no room: once something was written, a full server takes the rest.
local left = redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
  + leave_index(KEYS[6], id, numbers and string.sub(numbers, 41, 48) .. id)
  + redis.call('HDEL', KEYS[7], id)
  + leave_index(KEYS[8], id, place)
if left == 0 then
  return false
end
redis.call('HSET', KEYS[9], id, '')
if not place then
  return {1}
end
return {1, place, owner}
