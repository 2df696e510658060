-- Jobs that ran in two crashes and wait to run alone, the longest waiting first; not those that wait for room. $1: [{limit}].
-- Rows: {id, generation, agent}.
SELECT "id", "generation", "agent" FROM "LiveJob"
WHERE "status" = 'queued' AND "crashes" >= 2 AND "runAt" <= now()
  AND ("waitingFor" IS NULL OR "waitingFor" NOT IN ('quota', 'paused'))
ORDER BY "runAt", "id"
LIMIT (SELECT "limit" FROM jsonb_to_recordset($1::jsonb) AS r("limit" int))
