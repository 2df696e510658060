-- Notes that a channel has taken alerts. Those that every channel has taken are done.
-- $1: [{id, channel, channels}], the same channels in each item: all that there are. Rows: none.
WITH told AS (
  SELECT alert."id", request."channel", request."channels"
  FROM jsonb_to_recordset($1::jsonb) AS request("id" text, "channel" text, "channels" text[])
  JOIN "Alert" AS alert USING ("id")
  WHERE alert."id" = ANY (ARRAY(SELECT "id" FROM jsonb_to_recordset($1::jsonb) AS r("id" text)))
  -- In the order of raise-alerts.sql, where alerts grow, so that the two can't wait for each other.
  ORDER BY alert."type", alert."key"
  FOR UPDATE OF alert
)
UPDATE "Alert" AS alert SET
  "notifiedVia" = array_append(alert."notifiedVia", told."channel"),
  "notifiedAt" = coalesce(alert."notifiedAt",
    CASE WHEN told."channels" <@ array_append(alert."notifiedVia", told."channel") THEN now() END)
FROM told
WHERE alert."id" = told."id" AND NOT (told."channel" = ANY (alert."notifiedVia"))
