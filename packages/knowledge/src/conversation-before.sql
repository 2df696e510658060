-- What creators and fans said to each other before jobs; see conversation.sql.
-- $1: [{number, jobId, creatorId, fanId, jobsMax, ids?}].
-- Rows, for each number the latest first: {number, summary, id, createdAt, message, reply}; one with a null id where nothing was said.
SELECT request."number", said.*
FROM jsonb_to_recordset($1::jsonb) AS request("number" int, "jobId" text, "creatorId" text, "fanId" text, "jobsMax" int, "ids" jsonb)
LEFT JOIN LATERAL (
-- include ./conversation.sql
) AS said ON true
ORDER BY request."number", said."createdAt" DESC, said."id" DESC
