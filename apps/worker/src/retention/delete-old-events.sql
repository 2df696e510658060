-- Deletes events that happened more than `days` days ago, with their deliveries and tries; never what is still to be told to
-- someone, nor what was replayed since. The oldest first. $1: [{days, limit}]. Rows: {id}.
DELETE FROM "Outbox" WHERE "id" = ANY (ARRAY(
  SELECT event."id" FROM "Outbox" AS event, LATERAL (
    SELECT now() - make_interval(days => ($1::jsonb -> 0 ->> 'days')::int) AS "until") AS kept
  WHERE event."createdAt" < kept."until" AND event."publishedAt" IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM "Delivery" AS delivery
      WHERE delivery."eventId" = event."id" AND (delivery."status" = 'pending' OR delivery."deliveredAt" >= kept."until"))
  ORDER BY event."createdAt"
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
  FOR UPDATE OF event SKIP LOCKED
))
RETURNING "id"
