-- Models are rows: what each can do, how long it lives, and which of them answers for what. Prices stay where they are.
ALTER TYPE "AlertType" ADD VALUE 'model_unavailable';
ALTER TYPE "AlertType" ADD VALUE 'model_rerouted';
ALTER TYPE "AlertType" ADD VALUE 'model_retiring';
ALTER TYPE "AlertType" ADD VALUE 'provider_key_refused';
ALTER TYPE "AlertType" ADD VALUE 'provider_account_depleted';
ALTER TYPE "AlertType" ADD VALUE 'provider_refuses';

CREATE TYPE "ModelStatus" AS ENUM ('active', 'deprecated', 'retired');

CREATE TABLE "Model" (
  "provider" TEXT NOT NULL,
  "model" TEXT NOT NULL,
  "status" "ModelStatus" NOT NULL DEFAULT 'active',
  "retiresAt" TIMESTAMPTZ(3),
  "routedTo" TEXT,
  "capabilities" JSONB NOT NULL,
  "source" TEXT NOT NULL,
  "seenAt" TIMESTAMPTZ(3) NOT NULL,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("provider", "model")
);

-- A project that a provider has told that it does not have a model (any more): others may have it still.
CREATE TABLE "ModelUnavailable" (
  "provider" TEXT NOT NULL,
  "project" TEXT NOT NULL,
  "apiVersion" TEXT NOT NULL,
  "model" TEXT NOT NULL,
  "since" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("provider", "project", "apiVersion", "model")
);

CREATE TABLE "RoleModels" (
  "id" SERIAL PRIMARY KEY,
  "role" TEXT NOT NULL,
  "planName" TEXT REFERENCES "Plan" ("name") ON DELETE CASCADE ON UPDATE CASCADE,
  "creatorId" TEXT REFERENCES "Creator" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "models" TEXT[] NOT NULL,
  CONSTRAINT "RoleModels_not_empty" CHECK (cardinality("models") > 0),
  CONSTRAINT "RoleModels_of_one" CHECK ("planName" IS NULL OR "creatorId" IS NULL)
);
CREATE UNIQUE INDEX "RoleModels_whose_key" ON "RoleModels" ("role", "planName", "creatorId") NULLS NOT DISTINCT;

ALTER TABLE "UsageLog" ADD COLUMN "modelVersion" TEXT, ADD COLUMN "providerMessage" TEXT, ADD COLUMN "providerWords" JSONB;

-- What was estimated may be set right once, by an operator: such as where a model has answered that had no price.
DROP TRIGGER "UsageLog_keeps_cost" ON "UsageLog";
CREATE TRIGGER "UsageLog_keeps_cost" BEFORE UPDATE ON "UsageLog" FOR EACH ROW
  WHEN (OLD."status" = 'settled' AND (NEW."status" <> 'settled' OR NEW."costUsd" <> OLD."costUsd")
        AND NOT (NEW."status" = 'settled' AND OLD."estimated" AND NOT OLD."byOperator" AND NEW."byOperator"))
  EXECUTE FUNCTION understudy_refuse('a settled call keeps its cost');

-- Source of all rows: ai.google.dev/gemini-api/docs, pages models, thinking, caching, deprecations and changelog (copies of
-- 2026-10 and -11) and the parties that prices name. Tokens; where the page on caching names no minimum, null.
WITH thinking ("kind", "value") AS (VALUES
  ('none', 'null'::jsonb),
  ('minimal', '{"by": "level", "levels": ["MINIMAL", "LOW", "MEDIUM", "HIGH"]}'),
  ('low', '{"by": "level", "levels": ["LOW", "MEDIUM", "HIGH"]}'),
  ('xhigh', '{"by": "level", "levels": ["LOW", "MEDIUM", "HIGH", "XHIGH"]}'),
  ('2.5-flash', '{"by": "budget", "min": 1, "max": 24576, "canBeOff": true}'),
  ('2.5-flash-lite', '{"by": "budget", "min": 512, "max": 24576, "canBeOff": true}'),
  ('2.5-pro', '{"by": "budget", "min": 128, "max": 32768, "canBeOff": false}')
), sampling ("kind", "ignored", "refused") AS (VALUES
  -- Since 3.5-flash-lite and 3.6: ai.google.dev, "What's new in Gemini 3.6".
  (true, '["temperature", "topP", "topK"]'::jsonb, '["presencePenalty", "frequencyPenalty", "candidateCount"]'::jsonb),
  (false, '[]', '[]')
), seed ("model", "status", "retiresAt", "routedTo", "thinking", "outputMax", "unaryMax", "cacheMin", "fixedSampling", "note") AS (VALUES
  ('gemini-4-neon', 'active', NULL::timestamptz, NULL, 'xhigh', 65536, NULL::int, 4096, true, 'GA 2026-11-18, paid only'),
  ('gemini-4-hydrogen', 'active', NULL, NULL, 'xhigh', 65536, NULL, 4096, true, 'GA 2026-11-12'),
  ('gemini-4-carbon', 'active', NULL, NULL, 'low', 65536, 32768, 4096, true, 'GA 2026-11-10, paid only'),
  ('gemini-4-argon', 'active', NULL, NULL, 'low', 65536, 32768, 4096, true, 'GA 2026-10-13, paid only'),
  ('gemini-3.8-flash', 'active', NULL, NULL, 'low', 65536, NULL, 4096, true, 'GA 2026-09-02'),
  ('gemini-3.7-flash', 'deprecated', NULL, 'gemini-3.8-flash', 'low', 65536, NULL, 4096, true, 'routed since 2026-10-08'),
  ('gemini-3.6-flash', 'active', NULL, NULL, 'minimal', 65536, NULL, 4096, true, 'GA 2026-07-21, previous generation'),
  ('gemini-3.5-flash', 'deprecated', NULL, 'gemini-3.6-flash', 'minimal', 65536, NULL, 4096, false, 'routed since 2026-10-08'),
  ('gemini-3.5-flash-lite', 'active', NULL, NULL, 'minimal', 65536, NULL, NULL, true, 'GA 2026-07-21'),
  ('gemini-3.1-flash-lite', 'active', '2027-05-07Z', NULL, 'minimal', 65536, NULL, NULL, false, 'GA 2026-05-07, retires in favour of gemini-3.5-flash-lite'),
  ('gemini-3.1-pro-preview', 'active', NULL, NULL, 'low', 65536, NULL, 4096, false, 'preview'),
  ('gemini-3-flash-preview', 'active', NULL, NULL, 'minimal', 65536, NULL, NULL, false, 'preview'),
  ('gemini-2.5-flash-lite', 'active', NULL, NULL, '2.5-flash-lite', 65536, NULL, NULL, false, 'until further notice, for projects that have used it'),
  ('gemini-2.5-flash', 'deprecated', '2026-12-01Z', 'gemini-3.5-flash-lite', '2.5-flash', 65536, NULL, 2048, false, 'routed from 2026-12-01: dev.to/aideprecations (2026-11-10)'),
  ('gemini-2.5-pro', 'deprecated', '2026-12-01Z', 'gemini-3.8-flash', '2.5-pro', 65536, NULL, 2048, false, 'routed from 2026-12-01: dev.to/aideprecations (2026-11-10)'),
  ('gemini-2.0-flash-exp', 'retired', '2026-06-01Z', NULL, 'none', 8192, NULL, NULL, false, 'shut down')
), rows AS (
  SELECT seed.*, jsonb_build_object('purpose', 'generate', 'thinking', thinking."value", 'outputTokensMax', seed."outputMax",
    'cacheTokensMin', seed."cacheMin", 'input', '["text", "image", "audio", "video", "pdf"]'::jsonb, 'output', '["text"]'::jsonb,
    'structuredOutput', 'responseJsonSchema', 'ignored', sampling."ignored", 'refused', sampling."refused")
    || CASE WHEN seed."unaryMax" IS NULL THEN '{}' ELSE jsonb_build_object('unaryOutputTokensMax', seed."unaryMax") END AS "capabilities"
  FROM seed JOIN thinking ON thinking."kind" = seed."thinking" JOIN sampling ON sampling."kind" = seed."fixedSampling"
)
INSERT INTO "Model" ("provider", "model", "status", "retiresAt", "routedTo", "capabilities", "source", "seenAt")
SELECT 'gemini', "model", "status"::"ModelStatus", "retiresAt", "routedTo", "capabilities",
  'https://ai.google.dev/gemini-api/docs/models and /deprecations: ' || "note", '2026-11-29Z'::timestamptz
FROM rows
UNION ALL
SELECT 'gemini', "model", 'active'::"ModelStatus", NULL, NULL, jsonb_build_object('purpose', 'embed', 'thinking', null, 'outputTokensMax', 0,
  'cacheTokensMin', null, 'input', "input"::jsonb, 'output', '[]'::jsonb, 'structuredOutput', null,
  'ignored', '[]'::jsonb, 'refused', '[]'::jsonb), 'https://ai.google.dev/gemini-api/docs/embeddings', '2026-11-29Z'
FROM (VALUES ('gemini-embedding-2', '["text", "image", "audio", "video", "pdf"]'), ('gemini-embedding-001', '["text"]')) AS e("model", "input");

-- What operators have priced before there was a registry goes on, with what each model since Gemini 3 is able to do.
INSERT INTO "Model" ("provider", "model", "capabilities", "source", "seenAt")
SELECT DISTINCT ON ("model") 'gemini', "model", '{"purpose": "generate", "thinking": {"by": "level", "levels": ["LOW", "MEDIUM", "HIGH"]},
  "outputTokensMax": 65536, "cacheTokensMin": null, "input": ["text"], "output": ["text"], "structuredOutput": "responseJsonSchema",
  "ignored": [], "refused": []}'::jsonb, 'priced before the registry: ' || "source", now()
FROM "Price" WHERE "model" NOT IN (SELECT "model" FROM "Model") ORDER BY "model", "validFrom" DESC;

INSERT INTO "RoleModels" ("role", "models")
SELECT "role", ARRAY['gemini-3.5-flash-lite', 'gemini-3.1-flash-lite']
FROM unnest(ARRAY['draft', 'check', 'offer', 'caption', 'explain', 'summary']) AS "role"
UNION ALL
SELECT 'embed', ARRAY['gemini-embedding-2'];
