import { z } from "zod";
import { timeWithOffset } from "./time.ts";

/** One request that meant to change something other than to create jobs. */
export const auditEntry = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  /** `admin` for the admin key, `person` for who has signed in with it, else the id of a key. */
  actor: z.string(),
  /** The route's operationId in the OpenAPI document, such as `updateApiKey`. */
  operation: z.string(),
  /** Whose change it is about: the path's parameters, or the id of what was created. */
  target: z.string().nullable(),
  requestId: z.string(),
  /** `ok`, or the code of the problem that it ended with (of Bull Board `http_405`); null while it is under way, or where its process died. */
  outcome: z.string().nullable(),
  /** The fields that came: their values, or null for what is not for every eye. */
  changes: z.record(z.string(), z.unknown()),
});

export type AuditEntry = z.infer<typeof auditEntry>;

/** Query of `GET /api/ai/admin/audit`: the newest first; `from` is included, `to` is not. */
export const auditQuery = z.strictObject({
  from: timeWithOffset.optional(),
  to: timeWithOffset.optional(),
  actor: z.string().min(1).max(64).optional(),
  operation: z.string().min(1).max(64).optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
