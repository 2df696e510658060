-- Gives back what was claimed for tries that are not made: it is due at once, and has used up none. $1: [{id, generation, tries}].
-- Rows: {id}.
UPDATE "Delivery" SET "claimedAt" = NULL, "nextTryAt" = now()
WHERE "claimedAt" IS NOT NULL AND "id" = ANY (ARRAY(
  SELECT request."id"
  FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "generation" int, "tries" int)
  CROSS JOIN LATERAL (
    -- Whoever changes it has taken it over.
    SELECT "generation", "tries" FROM "Delivery" WHERE "id" = request."id" AND "status" = 'pending' LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS delivery
  WHERE delivery."generation" = request."generation" AND delivery."tries" = request."tries"
))
RETURNING "id"
