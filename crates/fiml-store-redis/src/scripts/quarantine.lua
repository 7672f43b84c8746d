-- Sets a session aside: it leaves the index of its bucket by expiry.
--
-- KEYS: 1 header, 2 expiry and 3 quarantine of the bucket.
-- ARGV: 1 id, 2 the instant and the reason.
-- Reply: 1 where it was set aside, 0 where there is no such session.

local numbers = redis.call('HGET', KEYS[1], 'n')
if not numbers then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[2], string.sub(numbers, 41, 48) .. ARGV[1])
return 1
