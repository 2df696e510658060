-- Appends what has become of a job's text, and wakes its readers. An entry of an earlier attempt than the last one's
-- is dropped: its worker has lost the job, but may not know it yet. A retraction takes all before it with it, so what
-- was taken back is kept nowhere; where there is nothing to take back it leaves no trace.
--
-- KEYS[1] stream: an entry has attempt, kind ("token" or "retract"), step, at (length of the step's text before it,
--         in UTF-16 code units), text. Readers are told over a channel of the same name.
--
-- ARGV[1] attempt
-- ARGV[2] entriesMax: most entries, about
-- ARGV[3] keepSeconds: how long the stream is kept after this
-- ARGV[4..] kind, step, at and text of each entry; none: only how long it is kept changes
--
-- Publishes JSON: {after: id of the entry before them ("0-0": none), attempt, entries: [[id, kind, step, at, text]]}: a
-- reader who has that one need not ask for these. "" where there was nothing to take back.
local stream, attempt, entriesMax, keepSeconds = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3]

local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
-- Fields stand in the order in which they are written below.
if last and tonumber(last[2][2]) > attempt then return end

local isThere = last ~= nil
local written = {}
for index = 4, #ARGV, 4 do
  local kind, step, at, text = ARGV[index], ARGV[index + 1], ARGV[index + 2], ARGV[index + 3]
  if kind == 'retract' and isThere then redis.call('XTRIM', stream, 'MAXLEN', 0) end
  if kind ~= 'retract' or isThere then
    local id = redis.call('XADD', stream, 'MAXLEN', '~', entriesMax, '*',
      'attempt', attempt, 'kind', kind, 'step', step, 'at', at, 'text', text)
    written[#written + 1] = { id, kind, step, tonumber(at), text }
    isThere = true
  end
end
if isThere then redis.call('EXPIRE', stream, keepSeconds) end
local after = last and last[1] or '0-0'
local news = #written > 0 and cjson.encode({ after = after, attempt = attempt, entries = written }) or ''
-- The end of the job is told otherwise.
if #ARGV > 3 then redis.call('PUBLISH', stream, news) end
