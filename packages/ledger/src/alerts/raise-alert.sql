-- Tells operators of something, once for each key. $1: [{type, creatorId?, key, payload}]. No rows.
INSERT INTO "Alert" ("id", "type", "creatorId", "key", "payload")
SELECT understudy_new_id('alert'), "type", "creatorId", "key", "payload"
FROM jsonb_to_recordset($1::jsonb) AS r("type" "AlertType", "creatorId" text, "key" text, "payload" jsonb)
ON CONFLICT DO NOTHING
