-- Notes each change by which an account passes its bound: a creator's quota, a key's budget, or what "PlatformBound" says.
-- No parameters, no rows.
CREATE TABLE "BoundPassed" ("account" jsonb, "boundUsd" numeric);
CREATE TABLE "PlatformBound" ("usd" numeric);
CREATE FUNCTION note_bound_passed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bound numeric;
BEGIN
  bound := CASE NEW."kind"
    WHEN 'creator_month' THEN (SELECT "quotaUsd" FROM "Creator" WHERE "id" = NEW."creatorId")
    WHEN 'key' THEN (SELECT "budgetUsd" FROM "ApiKey" WHERE "id" = NEW."apiKeyId")
    ELSE (SELECT max("usd") FROM "PlatformBound") END;
  IF NEW."spentUsd" + NEW."heldUsd" + NEW."unknownUsd" > bound THEN
    INSERT INTO "BoundPassed" VALUES (to_jsonb(NEW), bound);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_bound_passed AFTER INSERT OR UPDATE ON "Account" FOR EACH ROW EXECUTE FUNCTION note_bound_passed();
