-- Stores a whole session, unless its id is taken.
--
-- KEYS: 1 header, 2 queries, 3 answers, 4 their order, 5 entries, 6 expiry, 7 quarantine, 8 created and
--   9 removed of the bucket.
-- ARGV: 1 id, 2 place by expiry, 3 place by creation, then four lists, each behind its length: fields and
--   values of the header, queries, fields and values of the entries, keys and answers, oldest first, with
--   the mark of the newest as the last pair.
-- Reply: {0, place by creation, owner} where the id is taken, else {1}.

if redis.call('EXISTS', KEYS[1]) == 1 then
  local found = redis.call('HMGET', KEYS[1], 'm', 'o')
  return {0, string.sub(found[1] or '', 2, 9) .. ARGV[1], found[2]}
end

local position = 4
local function next_list()
  local first = position + 1
  position = position + 1 + tonumber(ARGV[position])
  return first, position - 1
end

local first, last = next_list()
-- First, because a full server refuses it.
call_in_chunks('HSET', KEYS[1], ARGV, first, last)
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])

first, last = next_list()
call_in_chunks('RPUSH', KEYS[2], ARGV, first, last)
first, last = next_list()
call_in_chunks('HSET', KEYS[5], ARGV, first, last)
first, last = next_list()
call_in_chunks('HSET', KEYS[3], ARGV, first, last)
for index = first, last - 2, 2 do
  redis.call('RPUSH', KEYS[4], ARGV[index])
end

redis.call('ZADD', KEYS[6], 0, ARGV[2])
redis.call('HDEL', KEYS[7], ARGV[1])
redis.call('ZADD', KEYS[8], 0, ARGV[3])
redis.call('HDEL', KEYS[9], ARGV[1])
return {1}
