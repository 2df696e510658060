-- The plans as installed: a quota a month in USD, 100 jobs an hour, bursts of 20.
INSERT INTO "Plan" ("name", "quotaUsd") VALUES ('starter', 10), ('pro', 50), ('business', NULL);

-- Prices in USD for a million tokens, one explicit row for each model, tier and date: what the factors
-- below work out is stored, and a call's cost is never multiplied again.
--   batch, flex: half of input and output; the cached rate is halved too, but not for the 2.5 models.
--   priority: 1.8 times all.
-- gemini-2.0-flash-exp was Google's free experimental model. An embedding has no output and no cache: its
-- cached rate is the input rate, so that nothing can be free by mistake.
WITH base ("model", "validFrom", "input", "audioInput", "output", "cached", "audioCached",
           "longAbove", "longInput", "longOutput", "longCached", "discountCached", "source") AS (VALUES
  ('gemini-2.0-flash-exp',   '2024-12-11Z'::timestamptz, 0, 0, 0, 0, 0, NULL::int, NULL::numeric, NULL::numeric, NULL::numeric, 1.0,
   'free experimental model, since shut down'),
  ('gemini-2.5-flash',       '2025-01-01Z', 0.30, 1.00,  2.50, 0.03,  0.10,  NULL, NULL, NULL, NULL, 1.0,
   'https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)'),
  ('gemini-2.5-flash-lite',  '2025-01-01Z', 0.10, 0.30,  0.40, 0.01,  0.03,  NULL, NULL, NULL, NULL, 1.0,
   'https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)'),
  ('gemini-2.5-pro',         '2025-01-01Z', 1.25, 1.25, 10.00, 0.125, 0.125, 200000, 2.50, 15.00, 0.25, 1.0,
   'https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)'),
  ('gemini-3-flash-preview', '2025-01-01Z', 0.50, 1.00,  3.00, 0.05,  0.10,  NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy)'),
  ('gemini-3.1-flash-lite',  '2025-01-01Z', 0.25, 0.50,  1.50, 0.025, 0.05,  NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy)'),
  ('gemini-3.1-pro-preview', '2025-01-01Z', 2.00, 2.00, 12.00, 0.20,  0.20,  200000, 4.00, 18.00, 0.40, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy)'),
  ('gemini-3.5-flash',       '2025-01-01Z', 1.50, 1.50,  9.00, 0.15,  0.15,  NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy)'),
  ('gemini-3.8-flash',       '2025-01-01Z', 0.75, 0.75,  3.75, 0.075, 0.075, NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy; until 2026-12-31)'),
  ('gemini-3.8-flash',       '2027-01-01Z', 1.50, 1.50,  7.50, 0.15,  0.15,  NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (undated copy; from 2027-01-01)'),
  ('gemini-embedding-001',   '2025-01-01Z', 0.15, 0.15,  0,    0.15,  0.15,  NULL, NULL, NULL, NULL, 0.5,
   'https://ai.google.dev/gemini-api/docs/pricing (copy of 2026-09)')
), tier ("serviceTier", "factor", "discounted") AS (VALUES
  ('standard'::"ServiceTier", 1.0, false),
  ('batch', 0.5, true),
  ('flex', 0.5, true),
  ('priority', 1.8, false)
), priced AS (
  SELECT base.*, tier.*, CASE WHEN "discounted" THEN "discountCached" ELSE "factor" END AS "cachedFactor"
  FROM base CROSS JOIN tier
  WHERE base."model" <> 'gemini-embedding-001' OR tier."serviceTier" IN ('standard', 'batch')
)
INSERT INTO "Price" ("model", "serviceTier", "validFrom", "inputUsd", "audioInputUsd", "outputUsd", "cachedUsd",
                     "audioCachedUsd", "longContextAbove", "longInputUsd", "longOutputUsd", "longCachedUsd", "source")
SELECT "model", "serviceTier", "validFrom", "input" * "factor", "audioInput" * "factor", "output" * "factor",
       "cached" * "cachedFactor", "audioCached" * "cachedFactor", "longAbove", "longInput" * "factor",
       "longOutput" * "factor", "longCached" * "cachedFactor", "source"
FROM priced
ORDER BY "model", "validFrom", "serviceTier";
