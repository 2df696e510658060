-- Alerts of thresholds of the quota. To be included in a WITH list, after `crossed` {creatorId, month, percent, plan, boundUsd,
-- spentAfterUsd, unknownAfterUsd}. Gives `crossing_alert`, to be raised by whoever includes it.
crossing_alert AS (
  SELECT 'quota_threshold'::"AlertType" AS "type", "creatorId",
    "creatorId" || ':' || to_char("month", 'YYYY-MM') || ':' || "percent" AS "key",
    jsonb_build_object('percent', "percent", 'month', to_char("month", 'YYYY-MM'), 'plan', "plan",
      'quotaUsd', trim_scale("boundUsd")::text, 'spentUsd', trim_scale("spentAfterUsd")::text,
      'unknownUsd', trim_scale("unknownAfterUsd")::text) AS "payload"
  FROM crossed
)
