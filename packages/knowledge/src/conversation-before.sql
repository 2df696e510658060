-- What creators and fans said to each other before jobs, in jobs that have ended, and the summary of what was before that.
-- $1: [{number, jobId, creatorId, fanId, jobsMax}]: after what the summary tells of. Or {…, ids}: those jobs, of whatever
-- time.
-- Rows, for each number the latest first: {number, summary, id, createdAt, message, reply}. One with a null id where nothing
-- was said. reply is what was really sent, as far as is known: what the app says, else the draft, unless it was rejected;
-- null where nothing was.
SELECT request."number", memory."summary", told.*
FROM jsonb_to_recordset($1::jsonb) AS request("number" int, "jobId" text, "creatorId" text, "fanId" text, "jobsMax" int, "ids" jsonb)
-- Each is looked for by its key: joined, Postgres may read whole tables.
LEFT JOIN LATERAL (
  SELECT "summary", "through" FROM "FanMemory"
  WHERE "creatorId" = request."creatorId" AND "fanId" = request."fanId" LIMIT 1
) AS memory ON true
LEFT JOIN LATERAL (
  SELECT job."id", job."createdAt", job."input" ->> 'message' AS "message",
    CASE WHEN feedback."outcome" IS DISTINCT FROM 'rejected'
      THEN coalesce(feedback."text", job."result" ->> 'response') END AS "reply"
  FROM "Job" AS own
  JOIN "Job" AS job ON job."creatorId" = request."creatorId" AND job."fanId" = request."fanId"
  LEFT JOIN "Feedback" AS feedback ON feedback."jobId" = job."id"
  WHERE own."id" = request."jobId"
    AND job."agent" IN ('chat', 'messaging') AND job."status" = 'completed' AND job."erasedAt" IS NULL
    AND (job."createdAt", job."id") < (own."createdAt", own."id")
    AND (CASE WHEN request."ids" IS NULL
      THEN memory."through" IS NULL OR job."createdAt" > memory."through"
      ELSE request."ids" ? job."id" END)
  ORDER BY job."createdAt" DESC, job."id" DESC
  LIMIT request."jobsMax"
) AS told ON true
ORDER BY request."number", told."createdAt" DESC, told."id" DESC
