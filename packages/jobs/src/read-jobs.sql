-- Jobs as apps are told of them; what was asked of their agents may be large, and is told to nobody. $1: [{id}], each id once.
-- Rows, of those that exist: {id, agent, creatorId, model, feature, status, waitingFor, result, errorCode, errorMessage,
-- errorRetryable, errorResetsAt, metadata, notBefore, generation, attempt, fences, retries, createdAt, startedAt, finishedAt,
-- erasedAt, terms (of its lane; null where it does not wait for a token), calls, earlierEnds}.
-- calls: [{agentId, provider, inputTokens, cachedTokens, outputTokens, thoughtTokens, costUsd}], in the order of their start.
-- earlierEnds: how it had ended before it was retried, by the ids of those ends' events; null where it never was.
SELECT job."id", job."agent", job."creatorId", job."model", job."feature", job."status", job."waitingFor", job."result",
  job."errorCode", job."errorMessage", job."errorRetryable", job."errorResetsAt", job."metadata", job."notBefore",
  job."generation", job."attempt", job."fences", job."retries", job."createdAt", job."startedAt",
  job."finishedAt", job."erasedAt", call."calls",
  CASE WHEN job."status" = 'queued' AND NOT job."hasToken" THEN (
    SELECT understudy_lane_terms(creator, plan) FROM "Creator" AS creator JOIN "Plan" AS plan ON plan."name" = creator."planName"
    WHERE creator."id" = job."creatorId"
  ) END AS "terms",
  CASE WHEN job."retries" > 0 THEN (
    SELECT jsonb_object_agg("id", "jobEnd") FROM "Outbox" WHERE "jobId" = job."id" AND "jobEnd" IS NOT NULL
  ) END AS "earlierEnds"
FROM jsonb_to_recordset($1::jsonb) AS asked("id" text)
CROSS JOIN LATERAL (SELECT * FROM "Job" WHERE "id" = asked."id" LIMIT 1) AS job
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(jsonb_build_object('agentId', "agentId", 'provider', "provider", 'inputTokens', "inputTokens",
    'cachedTokens', "cachedTokens", 'outputTokens', "outputTokens", 'thoughtTokens', "thoughtTokens",
    'costUsd', "costUsd"::text) ORDER BY "startedAt", "id"), '[]'::jsonb) AS "calls"
  FROM "UsageLog" WHERE "jobId" = job."id"
) AS call
