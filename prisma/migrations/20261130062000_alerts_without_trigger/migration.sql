-- Who raises an alert writes its event in the same statement: packages/database/src/raise-alerts.sql.
DROP TRIGGER "Alert_tells" ON "Alert";
DROP FUNCTION understudy_tell_alert();

-- As before, with the event.
CREATE OR REPLACE FUNCTION understudy_quota_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  quota numeric;
  plan text;
  used numeric := NEW."spentUsd" + NEW."unknownUsd";
  threshold int;
  alert "Alert";
BEGIN
  SELECT coalesce(creator."quotaUsd", "Plan"."quotaUsd"), "Plan"."name" INTO quota, plan
  FROM "Creator" AS creator JOIN "Plan" ON "Plan"."name" = creator."planName"
  WHERE creator."id" = NEW."creatorId";
  FOREACH threshold IN ARRAY ARRAY[50, 80, 95, 100] LOOP
    CONTINUE WHEN threshold <= NEW."alertedPercent" OR quota IS NULL OR used * 100 < quota * threshold;
    NEW."alertedPercent" := threshold;
    INSERT INTO "Alert" ("id", "type", "creatorId", "key", "payload")
    VALUES (understudy_new_id('alert'), 'quota_threshold', NEW."creatorId",
      NEW."creatorId" || ':' || to_char(NEW."month", 'YYYY-MM') || ':' || threshold,
      jsonb_build_object('percent', threshold, 'month', to_char(NEW."month", 'YYYY-MM'), 'plan', plan,
        'quotaUsd', trim_scale(quota)::text, 'spentUsd', trim_scale(NEW."spentUsd")::text,
        'unknownUsd', trim_scale(NEW."unknownUsd")::text))
    RETURNING * INTO alert;
    INSERT INTO "Outbox" ("id", "type", "creatorId", "payload")
    VALUES (understudy_new_id('evt'), 'quota.threshold', alert."creatorId",
      jsonb_build_object('alertId', alert."id", 'alert', alert."type", 'creatorId', alert."creatorId") || alert."payload");
  END LOOP;
  RETURN NEW;
END $$;
