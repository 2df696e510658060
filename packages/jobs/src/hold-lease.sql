-- Takes or renews a lease, by the clock of Postgres. $1: [{name, holder, seconds}], one item.
-- Rows: {heldSeconds} since it is held without a gap; none where another has it.
INSERT INTO "Lease" AS lease ("name", "holder", "since", "until")
SELECT "name", "holder", now(), now() + make_interval(secs => "seconds")
FROM jsonb_to_recordset($1::jsonb) AS r("name" text, "holder" text, "seconds" float8)
ON CONFLICT ("name") DO UPDATE SET "holder" = excluded."holder", "until" = excluded."until",
  "since" = CASE WHEN lease."holder" = excluded."holder" AND lease."until" > now() THEN lease."since" ELSE now() END
WHERE lease."holder" = excluded."holder" OR lease."until" <= now()
RETURNING extract(epoch FROM now() - "since")::float8 AS "heldSeconds"
