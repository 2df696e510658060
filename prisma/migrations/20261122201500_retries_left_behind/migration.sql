-- Jobs that wait in their queues to be attempted again, by when it was last seen to that they do.
CREATE INDEX "Job_to_attempt_again" ON "Job" ("attemptDeadlineAt") WHERE "status" = 'queued' AND "attempt" > 0;
