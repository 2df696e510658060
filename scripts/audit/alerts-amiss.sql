-- Alerts that no event tells, and accounts that were alerted of a threshold without an alert.
-- $1: [{month?, creatorId?, retentionDays, limit}], one item: of that time, of that creator. retentionDays: events before that may
-- be deleted.
-- Rows: {what, whose, is, shouldBe}, `limit` at most.
SELECT "what", "whose", "is", "shouldBe"
FROM (
  SELECT 'alert_untold' AS "what", alert."id" AS "whose", alert."type" || ' ' || alert."key" || ', and no event tells it' AS "is",
    'one event' AS "shouldBe", alert."creatorId", alert."createdAt" AS "at"
  FROM "Alert" AS alert
  WHERE alert."createdAt" >= now() - make_interval(days => ($1::jsonb -> 0 ->> 'retentionDays')::int, hours => -1)
    AND NOT EXISTS (SELECT FROM "Outbox" AS event WHERE event."jobId" IS NULL AND event."payload" ->> 'alertId' = alert."id")
  UNION ALL
  SELECT 'threshold_untold', account."id", account."alertedPercent" || ' % alerted, without an alert', 'an alert', account."creatorId",
    account."month"::timestamp AT TIME ZONE 'UTC'
  FROM "Account" AS account
  WHERE account."alertedPercent" > 0 AND NOT EXISTS (
    SELECT FROM "Alert" AS alert
    WHERE alert."type" = 'quota_threshold'
      AND alert."key" = account."creatorId" || ':' || to_char(account."month", 'YYYY-MM') || ':' || account."alertedPercent")
) AS amiss
-- include ./narrowed.sql
ORDER BY "what", "whose"
LIMIT ($1::jsonb -> 0 ->> 'limit')::int
