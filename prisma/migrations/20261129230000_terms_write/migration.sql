-- Plans, buckets, quotas and pauses need a scope of their own. Keys that saw all creators go on changing them; those that are
-- bound to some can't lift their own bounds any more.
UPDATE "ApiKey" SET "scopes" = array_append("scopes", 'terms:write')
WHERE 'creators:write' = ANY ("scopes") AND cardinality("creatorIds") = 0 AND NOT 'terms:write' = ANY ("scopes");
