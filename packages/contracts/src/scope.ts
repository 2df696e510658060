/** What an API key may do. `admin` contains all others. */
export const scopes = {
  "jobs:write": "Enqueue, cancel and retry jobs, and say what became of their results.",
  "jobs:read": "Read jobs and follow their events.",
  "creators:write": "Read and change creators, their limits, and what was learned for them.",
  "costs:read": "Read costs, calls, prices and charges.",
  "webhooks:write": "Read and change webhook endpoints and their deliveries.",
  admin: "Everything, plans, prices, the closing of months and the switch that stops all spending included.",
} as const;

export type Scope = keyof typeof scopes;
