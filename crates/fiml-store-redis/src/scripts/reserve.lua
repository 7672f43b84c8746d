-- Promises an id to the first call under a key.
--
-- KEYS: 1 the reservation.
-- ARGV: 1 the instant of the offer, 2 the offer, which begins with that instant, 3 how many milliseconds
--   the server keeps it.
-- Reply: the reservation that holds, where it is not the one offered; else nil.

local held = redis.call('GET', KEYS[1])
if held and not reached(ARGV[1], later(string.sub(held, 1, 8), ANSWER_LIFETIME)) then
  return held
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return false
