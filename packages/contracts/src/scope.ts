/** What an API key may do. `admin` contains all others. */
export const scopes = {
  "jobs:write": "Enqueue, cancel and retry jobs, and say what became of their results.",
  "jobs:read": "Read jobs and follow their events.",
  "jobs:content": "Read what was said: inputs, answers, and the provider's own words.",
  "creators:write": "Read creators, change their profiles, and erase what was learned for them.",
  "terms:write":
    "Change plans, buckets and quotas of creators, and hold their jobs back. No key that is bound to creators has it.",
  "costs:read": "Read costs, calls, prices and charges.",
  "webhooks:write": "Read and change webhook endpoints and their deliveries.",
  admin: "Everything, plans, prices, the closing of months and the switch that stops all spending included.",
} as const;

export type Scope = keyof typeof scopes;

/** What a key that is bound to creators can't have: to see everything, or to lift the bounds that it is under itself. */
export const unboundScopes: readonly Scope[] = ["admin", "terms:write"];
