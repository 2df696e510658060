-- Takes back what was released longer than `seconds` ago and has not ended: its worker or its place in Redis may be lost.
-- Released again under the same id, it changes nothing where it still stands there. $1: [{seconds}]. Rows: {id}.
UPDATE "Delivery" SET "dispatchedAt" = NULL
WHERE "id" = ANY (ARRAY(
  SELECT "id" FROM "Delivery"
  WHERE "status" = 'pending' AND "dispatchedAt" < now() - make_interval(secs => ($1::jsonb -> 0 ->> 'seconds')::float8)
  FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING "id"
