-- The database's clock. $1: []. One row: {ms} since 1970.
SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS "ms" FROM (SELECT $1::jsonb) AS nothing
