-- Jobs of a fan that are not erased yet. $1: [{creatorId, fanId, limit}], one item.
-- Rows: {id, attempt, wasRunning}. wasRunning: an attempt was fenced off, and may still be at it.
SELECT job."id", job."attempt", job."status" IS NOT DISTINCT FROM 'cancelled' AND job."attempt" > 0 AS "wasRunning"
FROM jsonb_to_recordset($1::jsonb) AS request("creatorId" text, "fanId" text)
JOIN "JobRecord" AS job USING ("creatorId", "fanId")
ORDER BY job."id"
LIMIT (SELECT ($1::jsonb -> 0 ->> 'limit')::int)
