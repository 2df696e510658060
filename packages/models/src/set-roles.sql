-- Sets which models answer for roles, or takes a plan's or a creator's own away. Safe beside others that do the same.
-- $1: [{role, planName?, creatorId?, models?}], each once; without models it is taken away. No rows.
WITH item AS (
  SELECT "role", "planName", "creatorId",
    (SELECT array_agg(name ORDER BY at) FROM jsonb_array_elements_text("models") WITH ORDINALITY AS m(name, at)) AS "models"
  FROM jsonb_to_recordset($1::jsonb) AS r("role" text, "planName" text, "creatorId" text, "models" jsonb)
), gone AS (
  DELETE FROM "RoleModels" AS own USING item
  WHERE item."models" IS NULL AND own."role" = item."role"
    AND own."planName" IS NOT DISTINCT FROM item."planName" AND own."creatorId" IS NOT DISTINCT FROM item."creatorId"
)
INSERT INTO "RoleModels" ("role", "planName", "creatorId", "models")
SELECT * FROM item WHERE "models" IS NOT NULL
-- Locked in one order, so that two changes can't wait for each other.
ORDER BY "role"
ON CONFLICT ("role", "planName", "creatorId") DO UPDATE SET "models" = excluded."models"
