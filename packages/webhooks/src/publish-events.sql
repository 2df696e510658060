-- Takes the oldest events out of the outbox and writes a delivery for each endpoint that wants them. A job's callbackUrl
-- takes the place of its endpoint's own URL, whatever that endpoint listens to, as long as it hears of that creator. Several workers at once share the work.
-- $1: [{limit}]. Rows: one, {events}: how many were taken.
WITH due AS (
  SELECT "id", "type", "creatorId", "jobId" FROM "Outbox"
  WHERE "publishedAt" IS NULL
  ORDER BY "createdAt"
  LIMIT ($1::jsonb -> 0 ->> 'limit')::int
  FOR NO KEY UPDATE SKIP LOCKED
), published AS (
  UPDATE "Outbox" SET "publishedAt" = now() WHERE "id" = ANY (ARRAY(SELECT "id" FROM due))
), event AS MATERIALIZED (
  -- One look by key for each: joined, Postgres may read all jobs.
  SELECT due.*, (SELECT "callbackEndpointId" FROM "Job" WHERE "Job"."id" = due."jobId") AS "callbackEndpointId" FROM due
), written AS (
  INSERT INTO "Delivery" ("id", "endpointId", "eventId", "type", "creatorId", "url")
  SELECT understudy_new_id('dlv'), endpoint."id", event."id", event."type", event."creatorId",
    CASE WHEN endpoint."id" = event."callbackEndpointId" THEN
      (SELECT "callbackUrl" FROM "Job" WHERE "Job"."id" = event."jobId") END
  FROM event JOIN "WebhookEndpoint" AS endpoint
    ON endpoint."id" = event."callbackEndpointId"
        AND understudy_endpoint_hears_of(endpoint, event."creatorId")
      OR understudy_endpoint_wants(endpoint, event."type", event."creatorId")
  WHERE endpoint."disabledAt" IS NULL AND endpoint."deletedAt" IS NULL
  ON CONFLICT DO NOTHING
)
SELECT count(*)::int AS "events" FROM due
