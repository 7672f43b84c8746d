-- Forgets that a session was removed, now that its owner's index has forgotten it.
--
-- KEYS: 1 header, 2 removed of the bucket.
-- ARGV: 1 id.
-- Reply: 1 where the session has come back meanwhile, so that the index must name it again, else 0.

redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('EXISTS', KEYS[1])
