-- What the inputs of a creator's queued jobs take, in bytes of JSON. $1: [{creatorId}], one item. Rows: {bytes}, one.
SELECT coalesce(sum("inputBytes"), 0)::float8 AS "bytes"
FROM "LiveJob" WHERE "status" = 'queued' AND "creatorId" = ($1::jsonb -> 0 ->> 'creatorId')
