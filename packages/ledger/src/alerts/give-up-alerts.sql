-- Alerts that some channel could not be told for too long are told no more. $1: [{id, hoursMax}].
-- Rows: {id, notifiedVia} of those given up now: channels that did take them.
UPDATE "Alert" SET "notifiedAt" = now()
FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "hoursMax" int)
WHERE "Alert"."id" = request."id" AND "notifiedAt" IS NULL
  AND "createdAt" < now() - make_interval(hours => request."hoursMax")
RETURNING "Alert"."id", "notifiedVia"
