-- Whose price it is, and for which endpoints: Vertex AI asks more on those of a region than on its global one.
ALTER TABLE "Price"
  ADD COLUMN "provider" TEXT NOT NULL DEFAULT 'gemini',
  ADD COLUMN "regionClass" TEXT NOT NULL DEFAULT 'global'
    CONSTRAINT "Price_regionClass_known" CHECK ("regionClass" IN ('global', 'regional'));
DROP INDEX "Price_model_serviceTier_validFrom_key";
CREATE UNIQUE INDEX "Price_whose_key" ON "Price" ("provider", "model", "serviceTier", "regionClass", "validFrom");
