/** Fields of requests that hold terms and figures, and nothing that is secret, personal, or that anybody wrote to a fan. */
const shownFields = new Set([
  "agent",
  "audioCachedUsd",
  "audioInputUsd",
  "bucket",
  "budgetUsd",
  "burst",
  "capabilities",
  "cachedUsd",
  "code",
  "costUsd",
  "creatorId",
  "creatorIds",
  "enabled",
  "events",
  "expiresAt",
  "graceSeconds",
  "inputUsd",
  "longContext",
  "model",
  "name",
  "outcome",
  "outputUsd",
  "plan",
  "priceUsd",
  "quotaUsd",
  "ratePerHour",
  "retiresAt",
  "roles",
  "routedTo",
  "scopes",
  "serviceTier",
  "seenAt",
  "since",
  "source",
  "status",
  "stopped",
  "usage",
  "validFrom",
  "weight",
  "writeOff",
]);

/** What a request would change: each of its fields, with its value where everybody who may read the log may see it. */
export function auditedChanges(...parts: unknown[]): Record<string, unknown> {
  const fields = parts.flatMap((part) =>
    typeof part === "object" && part !== null ? Object.entries(part) : [],
  );
  return Object.fromEntries(
    fields
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, shownFields.has(name) ? value : null]),
  );
}
