-- Lets tests write jobs through the view Job, in any state, as if they had come there by themselves; and calls that have ended
-- already, with their day. In tests' databases alone. No parameters, no rows.
CREATE TRIGGER "UsageLog_roll_up_inserted" AFTER INSERT ON "UsageLog" REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION understudy_roll_up('1');

ALTER TABLE "Job" ALTER COLUMN "createdAt" SET DEFAULT CURRENT_TIMESTAMP, ALTER COLUMN "status" SET DEFAULT 'queued',
  ALTER COLUMN "priority" SET DEFAULT 100, ALTER COLUMN "inputBytes" SET DEFAULT 0, ALTER COLUMN "heldUsd" SET DEFAULT 0,
  ALTER COLUMN "generation" SET DEFAULT 1, ALTER COLUMN "attempt" SET DEFAULT 0, ALTER COLUMN "fences" SET DEFAULT 0,
  ALTER COLUMN "crashes" SET DEFAULT 0, ALTER COLUMN "tries" SET DEFAULT 0, ALTER COLUMN "retries" SET DEFAULT 0,
  ALTER COLUMN "isPutOff" SET DEFAULT false, ALTER COLUMN "hasToken" SET DEFAULT false;

CREATE FUNCTION plant_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  "isLive" boolean := NEW."status" IN ('queued', 'running');
  record "JobRecord";
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM "Step" WHERE "jobId" = OLD."id";
    DELETE FROM "Outbox" WHERE "jobId" = OLD."id";
    DELETE FROM "LiveJob" WHERE "id" = OLD."id";
    DELETE FROM "JobRecord" WHERE "id" = OLD."id";
    RETURN OLD;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT * INTO record FROM "JobRecord" WHERE "id" = NEW."id";
  END IF;
  record := jsonb_populate_record(record, to_jsonb(NEW));
  record."inLane" := NOT "isLive" AND NEW."status" IN ('cancelled', 'failed') AND NEW."startedAt" IS NULL AND NEW."dispatchedAt" IS NOT NULL;
  IF "isLive" THEN
    record."status" := NULL;
    record."startedAt" := NULL;
    record."heldUsd" := 0;
    record."heldMonth" := NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO "JobRecord" ("id", "agent", "creatorId", "apiKeyId", "fanId", "feature", "model", "input", "inputBytes", "metadata",
      "callbackUrl", "callbackEndpointId", "priority", "notBefore", "expiresAt", "traceparent", "createdAt", "retries", "status", "result",
      "errorCode", "errorMessage", "errorRetryable", "errorResetsAt", "errorStep", "startedAt", "finishedAt", "generation", "attempt",
      "fences", "crashes", "tries", "inLane", "heldUsd", "heldMonth", "erasedAt")
    SELECT record."id", record."agent", record."creatorId", record."apiKeyId", record."fanId", record."feature", record."model",
      record."input", record."inputBytes", record."metadata", record."callbackUrl", record."callbackEndpointId", record."priority",
      record."notBefore", record."expiresAt", record."traceparent", record."createdAt", record."retries", record."status",
      record."result", record."errorCode", record."errorMessage", record."errorRetryable", record."errorResetsAt", record."errorStep",
      record."startedAt", record."finishedAt", record."generation", record."attempt", record."fences", record."crashes", record."tries",
      record."inLane", record."heldUsd", record."heldMonth", record."erasedAt";
  ELSE
    UPDATE "JobRecord" SET "agent" = record."agent", "creatorId" = record."creatorId", "apiKeyId" = record."apiKeyId",
      "fanId" = record."fanId", "feature" = record."feature", "model" = record."model", "input" = record."input",
      "inputBytes" = record."inputBytes", "metadata" = record."metadata", "callbackUrl" = record."callbackUrl",
      "callbackEndpointId" = record."callbackEndpointId", "priority" = record."priority", "notBefore" = record."notBefore",
      "expiresAt" = record."expiresAt", "traceparent" = record."traceparent", "createdAt" = record."createdAt",
      "retries" = record."retries", "status" = record."status", "result" = record."result", "errorCode" = record."errorCode",
      "errorMessage" = record."errorMessage", "errorRetryable" = record."errorRetryable", "errorResetsAt" = record."errorResetsAt",
      "errorStep" = record."errorStep", "startedAt" = record."startedAt", "finishedAt" = record."finishedAt",
      "generation" = record."generation", "attempt" = record."attempt", "fences" = record."fences", "crashes" = record."crashes",
      "tries" = record."tries", "inLane" = record."inLane", "heldUsd" = record."heldUsd", "heldMonth" = record."heldMonth",
      "erasedAt" = record."erasedAt"
    WHERE "id" = OLD."id";
    DELETE FROM "LiveJob" WHERE "id" = NEW."id";
  END IF;
  IF "isLive" THEN
    INSERT INTO "LiveJob" ("id", "agent", "creatorId", "apiKeyId", "priority", "inputBytes", "notBefore", "expiresAt", "createdAt", "status",
      "waitingFor", "neededUsd", "runAt", "dispatchedAt", "generation", "attempt", "fences", "isPutOff", "crashes", "tries", "hasToken",
      "claimId", "workerId", "attemptDeadlineAt", "startedAt", "heldUsd", "heldMonth")
    VALUES (NEW."id", NEW."agent", NEW."creatorId", NEW."apiKeyId", NEW."priority", NEW."inputBytes", NEW."notBefore", NEW."expiresAt",
      NEW."createdAt", NEW."status", NEW."waitingFor", NEW."neededUsd", NEW."runAt", NEW."dispatchedAt", NEW."generation", NEW."attempt",
      NEW."fences", NEW."isPutOff", NEW."crashes", NEW."tries", NEW."hasToken", NEW."claimId", NEW."workerId", NEW."attemptDeadlineAt",
      NEW."startedAt", NEW."heldUsd", NEW."heldMonth");
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER plant_job INSTEAD OF INSERT OR UPDATE OR DELETE ON "Job" FOR EACH ROW EXECUTE FUNCTION plant_job();
