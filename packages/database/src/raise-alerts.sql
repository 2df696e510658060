-- Raises alerts, each once for its type and key, with the event that tells apps of it. To be included in a WITH list, after
-- `alert` {type, creatorId, key, payload}, each key once. Gives `raised` {type, creatorId, key, ...}: raised now, or grown.
new_alert AS MATERIALIZED (
  SELECT understudy_new_id('alert') AS "id", alert.* FROM alert
), raised AS (
  INSERT INTO "Alert" AS known ("id", "type", "creatorId", "key", "payload")
  SELECT "id", "type", "creatorId", "key", "payload" FROM new_alert
  -- In the order of note-told.sql, so that no two can wait for each other.
  ORDER BY "type", "key"
  ON CONFLICT ("type", "key") DO UPDATE SET "payload" = CASE known."type"
      -- Each statement tells of the calls that it has given up itself.
      WHEN 'unknown_calls' THEN known."payload" || jsonb_build_object(
        'calls', (known."payload" ->> 'calls')::int + (excluded."payload" ->> 'calls')::int,
        'upToUsd', trim_scale((known."payload" ->> 'upToUsd')::numeric + (excluded."payload" ->> 'upToUsd')::numeric)::text)
      ELSE excluded."payload" END
    WHERE known."type" = 'unknown_calls'
      OR known."type" = 'provider_refuses' AND (known."payload" ->> 'calls')::int < (excluded."payload" ->> 'calls')::int
  RETURNING "id", "type", "creatorId", "key", "payload"
), alert_event AS (
  INSERT INTO "Outbox" ("id", "type", "creatorId", "payload")
  SELECT understudy_new_id('evt'), CASE "type" WHEN 'quota_threshold' THEN 'quota.threshold' ELSE 'alert.raised' END, "creatorId",
    jsonb_build_object('alertId', "id", 'alert', "type", 'creatorId', "creatorId") || "payload"
  FROM raised
  -- One that has grown has the id under which it was told.
  WHERE "id" IN (SELECT "id" FROM new_alert)
)
