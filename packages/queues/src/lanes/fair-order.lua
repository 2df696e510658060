-- Start-time fair queueing between creators, and how much may be released; nothing of Redis.
-- The smallest start tag goes first; a release costs its creator the calls that the job is expected to make, divided by its weight.

-- Where a creator gets in line: whoever comes new at the virtual time, not behind what others have piled up.
local function startTag(v, finishTag) return math.max(v, finishTag) end

-- Whether a creator had nothing waiting for its share when it got in line.
local function isNewAt(v, finishTag) return finishTag <= v end

-- A creator's finish tag after a release.
local function finishTagAfter(start, calls, weight) return start + calls / weight end

-- So many jobs may be released and not started: what starts in 20 ms, by the starts of this second and the one before.
local function depthOf(depthMin, starts, startsBefore)
  return math.max(depthMin, math.ceil(math.max(starts, startsBefore) * 0.02))
end
