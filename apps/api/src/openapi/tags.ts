/** Sections of the API, in the order in which the reference shows them, and what each is about. */
export const tags = {
  Jobs: "A job is one request to one agent. It is accepted at once, and its result comes by webhook, stream, or poll.",
  Creators: "The tenants whose limits apply and who are charged: plan, bucket, quota, profile.",
  Knowledge: "What agents learn, and how it is erased.",
  Webhooks: "Endpoints that hear of events, signed by Standard Webhooks, and what was delivered to them.",
  Plans: "What creators have: price, quota, bucket, weight.",
  Costs: "What calls cost, summed, and the switch that stops all spending.",
  Calls: "Calls one by one: each is one HTTP request to Gemini.",
  Charges: "What creators owe for a month, and the closing of a month.",
  Prices: "Dated prices by model and tier, and what a usage costs by them.",
  Models: "What models can do, how long they live, and which of them answer for a role.",
  Alerts: "What operators must know.",
  "API keys": "What programs show: scopes, creators, a budget, an end.",
  Session: "How people sign in with a browser.",
  Audit: "Who changed what, and when.",
  Operations: "Whether it runs, and what it can do.",
} as const;

export type Tag = keyof typeof tags;
