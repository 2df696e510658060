import type { Route } from "../http/define-route.ts";

/** How a request shows whose it is. */
export const securitySchemes = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description:
      "An API key: `Authorization: Bearer us_…`. Each operation names the scope that the key must have.",
  },
};

/** What a request to a route must show. */
export function securityOf({ scope }: Route): Record<string, string[]>[] {
  return scope === "public" ? [] : [{ apiKey: [scope] }];
}
