-- Tells operators of something, once for each key. $1: [{type, creatorId?, key, payload}], each key once. No rows.
WITH alert AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("type" "AlertType", "creatorId" text, "key" text, "payload" jsonb)
),
-- include ../../../database/src/raise-alerts.sql
SELECT WHERE false
