-- Insights that a step has found before, where they are still there. $1: [{creatorId, fanId?, ids}], one item.
-- Rows, in the order of ids: {id, source, type, confidence, text, data, createdAt}.
SELECT insight."id", "source", "type", "confidence", "text", "data", "createdAt"
FROM jsonb_to_recordset($1::jsonb) AS request("creatorId" text, "fanId" text, "ids" jsonb)
CROSS JOIN jsonb_array_elements_text(request."ids") WITH ORDINALITY AS found("id", "place")
CROSS JOIN LATERAL (SELECT * FROM "Insight" WHERE "id" = found."id" LIMIT 1) AS insight
WHERE (insight."creatorId" IS NULL OR insight."creatorId" = request."creatorId")
  AND (insight."fanId" IS NULL OR insight."fanId" = request."fanId")
ORDER BY found."place"
