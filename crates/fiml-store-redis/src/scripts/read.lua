-- Reads a session from one state.
--
-- KEYS, as many parts as are wanted: 1 header, 2 queries, 3 answers, 4 their order, 5 entries.
-- ARGV: 1 scope, 2 the place of the first query wanted, from the end where it is negative, or '' for none,
--   3 '1' for the entries, 4 '1' for the answers.
-- Reply: nil where there is no such session, else the fields m, n, o and t of the header, queries, fields and
--   values of the entries, fields and values of the answers, keys of the answers, oldest first.
--
-- A transaction would do as well, but a server without room lets none begin, and what is full must be read
-- to be archived.

local header = fields_in_scope(ARGV[1], KEYS[1], 'm', 'n', 'o', 't')
if not (header[1] or header[2]) or not in_scope(ARGV[1], header[3]) then
  return false
end
local queries, entries, answers, order = {}, {}, {}, {}
if ARGV[2] ~= '' then
  queries = redis.call('LRANGE', KEYS[2], ARGV[2], -1)
end
if ARGV[3] == '1' then
  entries = redis.call('HGETALL', KEYS[5])
end
if ARGV[4] == '1' then
  answers = redis.call('HGETALL', KEYS[3])
  order = redis.call('LRANGE', KEYS[4], 0, -1)
end
return {header, queries, entries, answers, order}
