-- The registry of models as it stands. $1: [{unavailableHours}], for which a model is not asked for again that a provider does not have.
-- Rows: one, {models: rows of Model by provider and name, roles: rows of RoleModels, the oldest first, unavailable: rows of
-- ModelUnavailable}; times are text.
SELECT
  (SELECT coalesce(jsonb_agg("Model" ORDER BY "provider", "model"), '[]'::jsonb) FROM "Model") AS "models",
  (SELECT coalesce(jsonb_agg("RoleModels" ORDER BY "id"), '[]'::jsonb) FROM "RoleModels") AS "roles",
  (SELECT coalesce(jsonb_agg("ModelUnavailable"), '[]'::jsonb) FROM "ModelUnavailable"
   WHERE "since" > now() - make_interval(hours => "unavailableHours")) AS "unavailable"
FROM jsonb_to_recordset($1::jsonb) AS request("unavailableHours" int)
