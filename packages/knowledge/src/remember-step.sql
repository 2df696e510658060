-- Remembers what steps of attempts found, and shares the insights that they learned: for each both or neither, and once.
-- $1: [{jobId, attempt, key, agentId, result, insight?: {id, scope, fanId?, type, confidence, text, data, expiresAt?}}],
-- each jobId and key once.
-- Rows: {jobId, key, result}, the result that was remembered first; null where that was committed after this statement
-- began. None where the attempt is no longer the job's own.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobId" text, "attempt" int, "key" text, "agentId" text, "result" jsonb,
    "insight" jsonb)
  -- Locked in one order everywhere, so that two batches can't wait for each other.
  ORDER BY "jobId"
), owned AS (
  -- Locked, so that whoever ends, erases or claims the job meanwhile waits or is seen.
  SELECT request.*, job."creatorId" FROM request CROSS JOIN LATERAL (
    SELECT "creatorId", "attempt", "status" FROM "Job" WHERE "id" = request."jobId" LIMIT 1 FOR NO KEY UPDATE
  ) AS job
  WHERE job."attempt" = request."attempt" AND job."status" = 'running'
), remembered AS (
  INSERT INTO "Step" ("jobId", "key", "agentId", "result")
  SELECT "jobId", "key", "agentId", "result" FROM owned
  ON CONFLICT DO NOTHING
  RETURNING "jobId", "key", "result"
), shared AS (
  INSERT INTO "Insight" ("id", "creatorId", "fanId", "jobId", "stepKey", "source", "type", "confidence", "text", "data", "expiresAt")
  SELECT insight."id", CASE insight."scope" WHEN 'creator' THEN owned."creatorId" END, insight."fanId", owned."jobId",
    owned."key", owned."agentId", insight."type", insight."confidence", insight."text", insight."data", insight."expiresAt"
  FROM owned
  CROSS JOIN jsonb_to_record(owned."insight") AS insight("id" text, "scope" text, "fanId" text, "type" text,
    "confidence" float8, "text" text, "data" jsonb, "expiresAt" timestamptz)
  -- Looked up in what was remembered, which is hashed; joined, Postgres would compare each with each.
  WHERE owned."insight" IS NOT NULL AND ((owned."jobId", owned."key") IN (SELECT "jobId", "key" FROM remembered)) IS TRUE
  ON CONFLICT DO NOTHING
)
SELECT "jobId", "key", "result" FROM remembered
UNION ALL
-- An earlier attempt may have written it after this one had read its steps.
SELECT "jobId", "key",
  (SELECT "result" FROM "Step" WHERE "Step"."jobId" = owned."jobId" AND "Step"."key" = owned."key" LIMIT 1) AS "result"
FROM owned WHERE (("jobId", "key") IN (SELECT "jobId", "key" FROM remembered)) IS NOT TRUE
