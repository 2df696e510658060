-- The arithmetic of a creator's token bucket, GCRA, and nothing of Redis: at most `burst + rate × t` tokens in any time t.
-- Times are ms since 1970. A bucket is a table:
--   tat      theoretical arrival time: when it is full (again)
--   interval ms that a token takes to come
--   burst    most tokens that it holds
--   since    it was emptied then, however large it may have been; nil: it never was
--   owed     tokens that were used in a larger bucket and that the one in force is too small to owe (terms.lua)

-- The arrival time of a bucket that was emptied at a time.
local function emptiedTat(interval, burst, at) return at + burst * interval end

-- The arrival time of a bucket that nothing is known of, and when it was emptied: as this run of Redis began, and that of a newer
-- creator never.
local function missingTat(interval, burst, createdAt, born)
  if createdAt > born then return 0, nil end
  return emptiedTat(interval, burst, born), born
end

-- The arrival time of a bucket of an earlier run of Redis, the last of which may be lost: it was emptied when this one began.
local function doubtedTat(tat, interval, burst, born) return math.max(tat, emptiedTat(interval, burst, born)) end

-- Since when there has been a token; to come where it is later than now. A token is there when taking it moves the arrival time no
-- further than `burst` ahead.
local function tokenSince(bucket) return bucket.tat + bucket.interval * (1 - bucket.burst) end

-- When the next token is there: not later than now while there are some.
local function nextToken(bucket, now) return math.max(bucket.tat, now) + bucket.interval * (1 - bucket.burst) end

-- Tokens that are there now.
local function tokens(bucket, now)
  local debt = math.max(bucket.tat, now) - now
  -- A whole number of intervals may come out a bit less than it is.
  return math.max(0, math.floor((bucket.interval * bucket.burst - debt) / bucket.interval + 1e-9))
end

-- The arrival time after a token was taken.
local function takenTat(bucket, now) return math.max(bucket.tat, now) + bucket.interval end
