-- The posting: the one place where amounts of accounts change. To be included in the WITH list of each statement that moves
-- money, after `move`, a row for each call or job by whose new state the sums of its accounts change:
--   (id, creatorId, apiKeyId, month, wasStatus, wasCostUsd, status, costUsd, holdUsd, reserveUsd, needsRoom).
--   A call counts by its state: started its hold is held, unknown its hold is unknown, ended its cost is spent; without a
--   state it counts for nothing. reserveUsd: how much more its job holds beside, for calls to come.
--   needsRoom: it is made if all its accounts are there, are open, and have room for it; else it is always made.
-- Takes of $1's first item: posting: {thresholds: [percent], platformQuotaUsd?}.
-- Gives `refused`: (id) of moves that were not made, and `account`: as accounts were when they were locked, with their boundUsd
-- (null: none), and `crossing_alert`: alerts of thresholds that what is used has reached, to be raised by whoever spends (a hold
-- reaches none). Moves on one account fit together or not at all: what does not fit in company is to be tried alone.
line AS (
  SELECT move."id", move."needsRoom", payer."id" AS "accountId", payer."kind",
    coalesce(move."costUsd", 0) - coalesce(move."wasCostUsd", 0) AS "spentUsd",
    move."holdUsd" * (CASE move."status" WHEN 'started' THEN 1 ELSE 0 END - CASE move."wasStatus" WHEN 'started' THEN 1 ELSE 0 END)
      + move."reserveUsd" AS "heldUsd",
    move."holdUsd" * (CASE move."status" WHEN 'unknown' THEN 1 ELSE 0 END - CASE move."wasStatus" WHEN 'unknown' THEN 1 ELSE 0 END)
      AS "unknownUsd"
  FROM move CROSS JOIN LATERAL understudy_payers(move."creatorId", move."apiKeyId", move."month") AS payer
), locked AS (
  -- In one order everywhere, so that two postings can't wait for each other; the platform's, which all share, comes last.
  SELECT * FROM "Account" WHERE "id" = ANY (ARRAY(SELECT "accountId" FROM line))
  ORDER BY "id"
  FOR UPDATE
), account AS (
  SELECT locked.*, "Plan"."name" AS "plan",
    CASE locked."kind"
      WHEN 'creator_month' THEN coalesce(creator."quotaUsd", "Plan"."quotaUsd")
      WHEN 'key' THEN key."budgetUsd"
      ELSE ($1::jsonb -> 0 -> 'posting' ->> 'platformQuotaUsd')::numeric END AS "boundUsd"
  FROM locked
  LEFT JOIN LATERAL (SELECT * FROM "Creator" WHERE "id" = locked."creatorId" LIMIT 1) AS creator ON true
  LEFT JOIN "Plan" ON "Plan"."name" = creator."planName"
  LEFT JOIN LATERAL (SELECT * FROM "ApiKey" WHERE "id" = locked."apiKeyId" LIMIT 1) AS key ON true
), full_account AS (
  SELECT "accountId" FROM line LEFT JOIN account ON account."id" = "accountId"
  GROUP BY "accountId"
  HAVING bool_or(account."id" IS NULL OR account."closedAt" IS NOT NULL)
    OR min(account."usedUsd" + account."heldUsd") + sum(line."spentUsd" + line."heldUsd" + line."unknownUsd") > min(account."boundUsd")
), refused AS (
  SELECT DISTINCT line."id" FROM line JOIN full_account USING ("accountId") WHERE line."needsRoom"
), balance AS (
  -- Worked out from the account as it is when its lock is had: an UPDATE alone tries the CHECK constraints on the row as this
  -- statement first saw it.
  SELECT account.*, account."spentUsd" + change."spentUsd" AS "spentAfterUsd", account."heldUsd" + change."heldUsd" AS "heldAfterUsd",
    account."unknownUsd" + change."unknownUsd" AS "unknownAfterUsd"
  FROM account JOIN (
    SELECT "accountId", sum("spentUsd") AS "spentUsd", sum("heldUsd") AS "heldUsd", sum("unknownUsd") AS "unknownUsd"
    FROM line WHERE NOT EXISTS (SELECT FROM refused WHERE refused."id" = line."id")
    GROUP BY "accountId"
  ) AS change ON change."accountId" = account."id"
), crossed AS (
  -- What is used has grown past a threshold of the quota: told once a month.
  SELECT balance.*, threshold."percent"
  FROM balance
  CROSS JOIN LATERAL (
    SELECT "percent"::int FROM jsonb_array_elements_text($1::jsonb -> 0 -> 'posting' -> 'thresholds') AS told("percent")
  ) AS threshold
  WHERE balance."kind" = 'creator_month'
    AND balance."spentAfterUsd" + balance."unknownAfterUsd" > balance."usedUsd"
    AND (balance."spentAfterUsd" + balance."unknownAfterUsd") * 100 >= balance."boundUsd" * threshold."percent"
    AND threshold."percent" > balance."alertedPercent"
), posted AS (
  UPDATE "Account" SET
    "spentUsd" = "spentAfterUsd",
    "heldUsd" = "heldAfterUsd",
    "unknownUsd" = "unknownAfterUsd",
    "alertedPercent" = coalesce((SELECT max("percent") FROM crossed WHERE crossed."id" = balance."id"), balance."alertedPercent")
  FROM balance
  WHERE "Account"."id" = balance."id" AND "Account"."id" = ANY (ARRAY(
    -- A call that draws on what its job holds changes nothing.
    SELECT "id" FROM balance
    WHERE "spentAfterUsd" <> "spentUsd" OR "heldAfterUsd" <> "heldUsd" OR "unknownAfterUsd" <> "unknownUsd"
  ))
),
-- include ./crossing-alert.sql
