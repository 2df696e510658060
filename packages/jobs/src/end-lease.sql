-- Gives a lease up that is held, and forgets those of the long dead. $1: [{name, holder}], one item. No rows.
DELETE FROM "Lease" USING jsonb_to_recordset($1::jsonb) AS own("name" text, "holder" text)
WHERE "Lease"."name" = own."name" AND "Lease"."holder" = own."holder" OR "Lease"."until" < now() - interval '1 day'
