-- Prices of the models that came with Gemini 3.5 to 4, seen on 2026-11-29 (they were read from Google's page by the
-- parties that each row names), and the changes of price that Google has announced. As in the first migration of
-- prices: USD for a million tokens, one explicit row for each model, tier and date.
--   batch, flex: half of input and output. Nobody has read the cached rate of these tiers but for 3.7 and 3.8: elsewhere
--   it is the standard one, which is the dearer guess and still below the tier's input.
--   priority: 1.8 times all.
-- From 2026-12-01 Google answers gemini-2.5-flash and -pro with another model, at its price: without long context.
-- gemini-3.5-flash, which gemini-3.6-flash has answered since 2026-10-08, keeps its dearer list price: nobody has said
-- what such a call costs. Of an embedding what is cached costs as input; there are no columns for the prices of images
-- (0.45) and video (12.00), and none is sent.
WITH base ("model", "validFrom", "input", "audioInput", "output", "cached", "audioCached", "discountCached", "source") AS (VALUES
  ('gemini-4-neon',         '2026-11-18Z'::timestamptz, 3.00, 3.00, 15.00, 0.15, 0.15, 1.0,
   'iyulab/TokenMeter v0.17.0, feronovak/llm-preflight 2.25.9 (2026-11-19), cursor.com/docs/models/gemini-4-neon'),
  ('gemini-4-hydrogen',     '2026-11-12Z', 1.50, 1.50, 7.50, 0.075, 0.075, 1.0,
   'iyulab/TokenMeter v0.17.0, TrazumAPP/Trazum v2.7.9 (2026-11-16), BerriAI/litellm discussion 51436'),
  ('gemini-4-carbon',       '2026-11-10Z', 2.00, 2.00, 10.00, 0.10, 0.10, 1.0,
   'TrazumAPP/Trazum v2.7.9 (2026-11-16), BerriAI/litellm discussion 50970; until 2026-11-30'),
  ('gemini-4-carbon',       '2026-12-01Z', 4.00, 4.00, 20.00, 0.20, 0.20, 1.0,
   'TrazumAPP/Trazum v2.7.9 (2026-11-16), BerriAI/litellm discussion 50970; from 2026-12-01'),
  ('gemini-4-argon',        '2026-10-13Z', 2.00, 2.00, 10.00, 0.10, 0.10, 1.0,
   'https://ai.google.dev/gemini-api/docs/generate-content/latest-model (copy of 2026-10), iyulab/TokenMeter v0.13.1; until 2026-11-30'),
  ('gemini-4-argon',        '2026-12-01Z', 4.00, 4.00, 20.00, 0.20, 0.20, 1.0,
   'https://ai.google.dev/gemini-api/docs/generate-content/latest-model (copy of 2026-10), iyulab/TokenMeter v0.13.1; from 2026-12-01'),
  ('gemini-3.7-flash',      '2026-08-13Z', 0.75, 0.75, 3.75, 0.075, 0.075, 0.5,
   'api-evangelist/deepmind (2026-10-07), @pydantic/genai-prices 0.1.8, Portkey-AI/models#917; until 2026-12-31'),
  ('gemini-3.7-flash',      '2027-01-01Z', 1.50, 1.50, 7.50, 0.15, 0.15, 0.5,
   'api-evangelist/deepmind (2026-10-07), @pydantic/genai-prices 0.1.8; from 2027-01-01'),
  ('gemini-3.6-flash',      '2026-07-21Z', 0.75, 0.75, 3.75, 0.075, 0.075, 1.0,
   '@pydantic/genai-prices 0.1.8, theopenco/llmgateway#3593; until 2026-12-31'),
  ('gemini-3.6-flash',      '2027-01-01Z', 1.50, 1.50, 7.50, 0.15, 0.15, 1.0,
   '@pydantic/genai-prices 0.1.8, theopenco/llmgateway#3593; from 2027-01-01'),
  ('gemini-3.5-flash-lite', '2026-07-21Z', 0.30, 0.30, 2.50, 0.03, 0.03, 1.0,
   'api-evangelist/deepmind (2026-10-07), @pydantic/genai-prices 0.1.8, TrazumAPP/Trazum v2.7.9 (2026-11-16)'),
  ('gemini-2.5-flash',      '2026-12-01Z', 0.30, 0.30, 2.50, 0.03, 0.03, 1.0,
   'answered by gemini-3.5-flash-lite from 2026-12-01, at its price: dev.to/aideprecations (2026-11-10)'),
  ('gemini-2.5-pro',        '2026-12-01Z', 0.75, 0.75, 3.75, 0.075, 0.075, 0.5,
   'answered by gemini-3.8-flash from 2026-12-01, at its price: dev.to/aideprecations (2026-11-10); until 2026-12-31'),
  ('gemini-2.5-pro',        '2027-01-01Z', 1.50, 1.50, 7.50, 0.15, 0.15, 0.5,
   'answered by gemini-3.8-flash from 2026-12-01, at its price: dev.to/aideprecations (2026-11-10); from 2027-01-01'),
  ('gemini-embedding-2',    '2026-04-22Z', 0.20, 6.50, 0, 0.20, 6.50, 1.0,
   'api-evangelist/deepmind (2026-10-07), @pydantic/genai-prices 0.1.8')
), tier ("serviceTier", "factor", "discounted") AS (VALUES
  ('standard'::"ServiceTier", 1.0, false),
  ('batch', 0.5, true),
  ('flex', 0.5, true),
  ('priority', 1.8, false)
), priced AS (
  SELECT base.*, tier.*, CASE WHEN "discounted" THEN "discountCached" ELSE "factor" END AS "cachedFactor",
    CASE
      WHEN tier."serviceTier" = 'standard' THEN ''
      WHEN NOT "discounted" THEN '; 1.8 times the standard rates'
      WHEN "discountCached" = 1.0 THEN '; half of the standard rates, but for the cached one, which was not read'
      ELSE '; half of the standard rates'
    END AS "note"
  FROM base CROSS JOIN tier
  WHERE base."model" <> 'gemini-embedding-2' OR tier."serviceTier" = 'standard'
)
INSERT INTO "Price" ("model", "serviceTier", "validFrom", "inputUsd", "audioInputUsd", "outputUsd", "cachedUsd",
                     "audioCachedUsd", "source")
SELECT "model", "serviceTier", "validFrom", "input" * "factor", "audioInput" * "factor", "output" * "factor",
       "cached" * "cachedFactor", "audioCached" * "cachedFactor", "source" || "note" || '; seen 2026-11-29'
FROM priced
ORDER BY "model", "validFrom", "serviceTier"
-- An operator may have added one of them in the meantime: theirs stands.
ON CONFLICT ("model", "serviceTier", "validFrom") DO NOTHING;
