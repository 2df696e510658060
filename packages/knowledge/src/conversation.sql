-- What a creator and a fan said to each other before a job, in jobs that have ended, and the summary of what was before that: of a
-- `request` {jobId, creatorId, fanId, jobsMax, ids}. ids: those jobs, of whatever time; null: after what the summary tells of.
-- Rows: {summary, id, createdAt, message, reply}, or one with a null id where nothing was said. reply is what was really sent, as far
-- as is known: what the app says, else the draft, unless it was rejected; null where nothing was.
SELECT memory."summary", told.*
FROM (SELECT) AS one
-- Each is looked for by its key, and once: joined, the job itself would be looked up for each that was before it.
LEFT JOIN LATERAL (
  SELECT "summary", "through" FROM "FanMemory"
  WHERE "creatorId" = request."creatorId" AND "fanId" = request."fanId" LIMIT 1
) AS memory ON true
LEFT JOIN LATERAL (
  SELECT "id", "createdAt" FROM "JobRecord" WHERE "id" = request."jobId" LIMIT 1
) AS own ON true
LEFT JOIN LATERAL (
  SELECT job."id", job."createdAt", job."input" ->> 'message' AS "message",
    CASE WHEN feedback."outcome" IS DISTINCT FROM 'rejected'
      THEN coalesce(feedback."text", job."result" ->> 'response') END AS "reply"
  FROM "JobRecord" AS job
  LEFT JOIN "Feedback" AS feedback ON feedback."jobId" = job."id"
  WHERE job."creatorId" = request."creatorId" AND job."fanId" = request."fanId" AND job."createdAt" <= own."createdAt"
    AND job."agent" IN ('chat', 'messaging') AND job."status" = 'completed' AND job."erasedAt" IS NULL
    AND (job."createdAt", job."id") < (own."createdAt", own."id")
    AND (CASE WHEN request."ids" IS NULL
      THEN memory."through" IS NULL OR job."createdAt" > memory."through"
      ELSE request."ids" ? job."id" END)
  ORDER BY job."createdAt" DESC, job."id" DESC
  LIMIT request."jobsMax"
) AS told ON true
