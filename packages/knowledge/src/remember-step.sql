-- Remembers what steps of attempts found, and shares the insights that they learned: for each both or neither, and once.
-- $1: [{jobId, attempt, key, agentId, result, insight?: {id, scope, fanId?, type, confidence, text, data, expiresAt?}}],
-- each jobId and key once.
-- Rows: {jobId, key, result}, the result that was remembered first; null where that was committed after this statement
-- began. None where the attempt is no longer the job's own.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("jobId" text, "attempt" int, "key" text, "agentId" text, "result" jsonb,
    "insight" jsonb)
), owned AS (
  -- Locked, so that whoever ends, erases or claims the job meanwhile waits or is seen.
  SELECT request.*, "Job"."creatorId" FROM "Job" JOIN request ON "Job"."id" = request."jobId"
  -- As text, so that Postgres looks by id: not through the index of all that run, and of all that did since a vacuum.
  WHERE "Job"."attempt" = request."attempt" AND "Job"."status"::text = 'running'
    -- Says nothing new: without it Postgres, which takes any batch for a hundred items, reads the whole table.
    AND "Job"."id" = ANY (ARRAY(SELECT "jobId" FROM request))
  -- In one order everywhere, so that two batches can't wait for each other.
  ORDER BY "Job"."id"
  FOR NO KEY UPDATE OF "Job"
), remembered AS (
  INSERT INTO "Step" ("jobId", "key", "agentId", "result")
  SELECT "jobId", "key", "agentId", "result" FROM owned
  ON CONFLICT DO NOTHING
  RETURNING "jobId", "key", "result"
), shared AS (
  INSERT INTO "Insight" ("id", "creatorId", "fanId", "jobId", "stepKey", "source", "type", "confidence", "text", "data", "expiresAt")
  SELECT insight."id", CASE insight."scope" WHEN 'creator' THEN owned."creatorId" END, insight."fanId", owned."jobId",
    owned."key", owned."agentId", insight."type", insight."confidence", insight."text", insight."data", insight."expiresAt"
  FROM remembered JOIN owned USING ("jobId", "key")
  CROSS JOIN jsonb_to_record(owned."insight") AS insight("id" text, "scope" text, "fanId" text, "type" text,
    "confidence" float8, "text" text, "data" jsonb, "expiresAt" timestamptz)
  WHERE owned."insight" IS NOT NULL
  ON CONFLICT DO NOTHING
)
-- An earlier attempt may have written it after this one had read its steps.
SELECT owned."jobId", owned."key", coalesce(remembered."result",
  (SELECT "result" FROM "Step" WHERE "Step"."jobId" = owned."jobId" AND "Step"."key" = owned."key")) AS "result"
FROM owned LEFT JOIN remembered USING ("jobId", "key")
