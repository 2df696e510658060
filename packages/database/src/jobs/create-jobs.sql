-- Writes jobs down, all or none.
-- $1: [{id, agent, creatorId, createCreator, fanId?, feature, model, input, metadata?, priority, notBefore?, expiresAt?}]
-- createCreator: whether a creator that is not known yet is created, with the default plan.
-- Rows: {id, createdAt} of those written; a job whose creator is neither known nor created has none.
WITH request AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(
    "id" text, "agent" text, "creatorId" text, "createCreator" boolean, "fanId" text, "feature" text, "model" text,
    "input" jsonb, "metadata" jsonb, "priority" int, "notBefore" timestamptz, "expiresAt" timestamptz)
), created AS (
  -- In one order everywhere, so that two batches can't wait for each other.
  INSERT INTO "Creator" ("id")
  SELECT DISTINCT "creatorId" FROM request WHERE "createCreator" ORDER BY 1
  ON CONFLICT DO NOTHING
)
INSERT INTO "Job" ("id", "agent", "creatorId", "fanId", "feature", "model", "input", "metadata", "priority", "notBefore", "expiresAt")
SELECT "id", "agent", "creatorId", "fanId", "feature", "model", "input", "metadata", "priority", "notBefore", "expiresAt"
FROM request
WHERE "createCreator" OR EXISTS (SELECT FROM "Creator" WHERE "Creator"."id" = request."creatorId")
RETURNING "id", "createdAt"
