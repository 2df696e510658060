-- Endpoints that hear of some of these creators and of no other. $1: [{creatorIds}]. Rows: {id}.
SELECT "id" FROM "WebhookEndpoint"
WHERE "creatorIds" <> '{}' AND "deletedAt" IS NULL
  AND "creatorIds" <@ ARRAY(SELECT jsonb_array_elements_text($1::jsonb -> 0 -> 'creatorIds'))
