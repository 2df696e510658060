-- Rows of the creator and the month that are asked for. To be included after a FROM that gives "creatorId" and "at".
WHERE ($1::jsonb -> 0 ->> 'creatorId' IS NULL OR "creatorId" = $1::jsonb -> 0 ->> 'creatorId')
  AND ($1::jsonb -> 0 ->> 'month' IS NULL
    OR "at" >= (($1::jsonb -> 0 ->> 'month') || '-01')::timestamp AT TIME ZONE 'UTC'
      AND "at" < ((($1::jsonb -> 0 ->> 'month') || '-01')::timestamp + interval '1 month') AT TIME ZONE 'UTC')
