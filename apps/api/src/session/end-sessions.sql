-- Ends sessions: those of the ids, or all. $1: [{ids}], one item; ids null: all. Rows: {id} of each.
DELETE FROM "Session" USING jsonb_to_recordset($1::jsonb) AS request("ids" text[])
WHERE request."ids" IS NULL OR "Session"."id" = ANY (request."ids")
RETURNING "Session"."id"
