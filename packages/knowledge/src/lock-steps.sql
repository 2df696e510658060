-- Waits until whoever is writing steps has committed, and keeps others from it until the transaction ends. No parameter.
LOCK TABLE "Step" IN SHARE ROW EXCLUSIVE MODE
