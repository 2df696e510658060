-- Jobs that ended before they started, and of which it is not noted that they have left Redis. $1: [{limit}].
-- Rows: {id, generation, agent, creatorId, priority}.
SELECT "id", "generation", "agent", "creatorId", "priority" FROM "JobRecord"
WHERE "inLane"
ORDER BY "id"
LIMIT (SELECT "limit" FROM jsonb_to_recordset($1::jsonb) AS r("limit" int))
