-- What a creator and a fan said to each other before a job, in jobs that have ended.
-- $1: [{jobId, creatorId, fanId, jobsMax}], one item; after what the summary tells of. Or [{…, ids}]: those jobs.
-- Rows, the latest first: {id, createdAt, message, reply}. reply is what was really sent, as far as is known: what the app says,
-- else the draft, unless it was rejected; null where nothing was.
SELECT job."id", job."createdAt", job."input" ->> 'message' AS "message",
  CASE WHEN feedback."outcome" IS DISTINCT FROM 'rejected'
    THEN coalesce(feedback."text", job."result" ->> 'response') END AS "reply"
FROM jsonb_to_recordset($1::jsonb) AS request("jobId" text, "creatorId" text, "fanId" text, "jobsMax" int, "ids" jsonb)
JOIN "Job" AS own ON own."id" = request."jobId"
LEFT JOIN "FanMemory" AS memory ON memory."creatorId" = request."creatorId" AND memory."fanId" = request."fanId"
JOIN "Job" AS job ON job."creatorId" = request."creatorId" AND job."fanId" = request."fanId"
LEFT JOIN "Feedback" AS feedback ON feedback."jobId" = job."id"
WHERE job."agent" IN ('chat', 'messaging') AND job."status" = 'completed' AND job."erasedAt" IS NULL
  AND (job."createdAt", job."id") < (own."createdAt", own."id")
  AND (CASE WHEN request."ids" IS NULL
    THEN memory."through" IS NULL OR job."createdAt" > memory."through"
    ELSE request."ids" ? job."id" END)
ORDER BY job."createdAt" DESC, job."id" DESC
LIMIT (SELECT ($1::jsonb -> 0 ->> 'jobsMax')::int)
