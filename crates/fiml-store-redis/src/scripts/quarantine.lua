-- Sets a session aside: it leaves the index of its bucket by expiry, whatever has become of its header.
--
-- KEYS: 1 header, 2 expiry and 3 quarantine of the bucket.
-- ARGV: 1 id, 2 the instant and the reason.
-- Reply: 1 where it was set aside, 0 where there is no such session.

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local id, numbers = ARGV[1], redis.pcall('HGET', KEYS[1], 'n')
local told = type(numbers) == 'string' and string.sub(numbers, 41, 48) .. id
-- First what needs no room.
leave_index(KEYS[2], id, told)
redis.call('HSET', KEYS[3], id, ARGV[2])
return 1
