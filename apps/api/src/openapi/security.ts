import type { Route } from "../http/define-route.ts";
import { sessionCookie } from "../session/sessions.ts";

/** How a request shows whose it is. */
export const securitySchemes = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description:
      "An API key: `Authorization: Bearer us_…`. Each operation names the scope that the key must have.",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: sessionCookie,
    description:
      "A person's session (`POST /api/ai/session`); what it changes needs `x-csrf-token` as well. Over TLS the name begins with `__Host-`.",
  },
  jobToken: {
    type: "http",
    scheme: "bearer",
    description:
      "A job's token (`POST /api/ai/jobs/{id}/token`), for a browser: it reads that job and its events.",
  },
};

const jobTokenRoutes = new Set(["readJob", "followJob"]);

/** What a request to a route must show. */
export function securityOf({ id, scope }: Route): Record<string, string[]>[] {
  if (scope === "public") return [];
  return [{ apiKey: [scope] }, { session: [] }, ...(jobTokenRoutes.has(id) ? [{ jobToken: [] }] : [])];
}
