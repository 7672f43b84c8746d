-- Appends a query to a session whose numbers are still those that the caller has seen, so that all there is to
-- decide was decided there: a third less work for the server than `append.lua`.
--
-- KEYS: 1 header, 2 queries.
-- ARGV: 1 scope, 2 the numbers seen, 3 those to come, 4 the query, then the fields of its counts.
-- Reply: 1, or 0 where the session has other numbers, is not in scope or is not there; then nothing was written.

local numbers, scope = nil, ARGV[1]
if scope == '*' then
  numbers = redis.pcall('HGET', KEYS[1], 'n')
else
  local found = redis.pcall('HMGET', KEYS[1], 'n', 'o')
  numbers = scope == (found[2] and '=' .. found[2] or '-') and found[1]
end
if numbers ~= ARGV[2] then
  return 0
end
-- The first write is one that a full server refuses.
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], 'n', ARGV[3])
for field = 5, #ARGV do
  -- One as text, because Lua takes long to write a number.
  local counted = redis.pcall('HINCRBY', KEYS[1], ARGV[field], '1')
  -- A count that is none any more is passed over, since the query is there by now; what else fails is said.
  if type(counted) == 'table' and not string.find(counted.err, 'not an integer', 1, true) then
    redis.call('HINCRBY', KEYS[1], ARGV[field], '1')
  end
end
return 1
