import { z } from "zod";
import { quotaThreshold, raisedAlert } from "./alert.ts";
import { charge } from "./charge.ts";
import { creatorId } from "./ids.ts";
import { job } from "./job.ts";
import { timeWithOffset } from "./time.ts";

/** What an endpoint can be told of. */
export const webhookEventTypes = [
  "job.completed",
  "job.failed",
  "job.blocked",
  "job.cancelled",
  "quota.threshold",
  "charge.closed",
  "alert.raised",
] as const;
export type WebhookEventType = (typeof webhookEventTypes)[number];

/** Asked for by `POST /api/ai/webhooks/{id}/test`; endpoints need not list it. */
export const testEventType = "webhook.test";

const isoTime = z.iso.datetime();

const eventOf = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({
    type: z.literal(type),
    timestamp: isoTime.describe("When it happened: the same in every try."),
    data,
  });

/** The body of a webhook. Its stable id is the header `webhook-id`. */
export const webhookEvent = z.discriminatedUnion("type", [
  eventOf("job.completed", job),
  eventOf("job.failed", job),
  eventOf("job.blocked", job),
  eventOf("job.cancelled", job),
  eventOf("quota.threshold", quotaThreshold),
  eventOf("charge.closed", charge),
  eventOf("alert.raised", raisedAlert),
  eventOf(testEventType, z.object({ endpointId: z.string() })),
]);

export type WebhookEvent = z.infer<typeof webhookEvent>;

const endpointUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine((text) => !hasCredentials(text), "must not contain a user name or a password");

function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}

const eventTypes = z.array(z.enum(webhookEventTypes)).min(1).transform(unique);
const description = z.string().max(200);

function unique<Item>(items: Item[]): Item[] {
  return [...new Set(items)];
}

/** Body of `POST /api/ai/webhooks`. */
export const newWebhookEndpoint = z.strictObject({
  url: endpointUrl.describe("Addresses are checked when it is called, at each connection."),
  events: eventTypes,
  description: description.optional(),
  creatorIds: z
    .array(creatorId)
    .min(1)
    .max(1000)
    .transform(unique)
    .optional()
    .describe("Hears of these creators only; of all where it is left out."),
});

/** Body of `PATCH` and `PUT /api/ai/webhooks/{id}`: what is left out stays. */
export const webhookEndpointUpdate = z.strictObject({
  url: endpointUrl.optional(),
  events: eventTypes.optional(),
  description: description.nullable().optional(),
  creatorIds: z.array(creatorId).max(1000).transform(unique).optional(),
  enabled: z
    .boolean()
    .optional()
    .describe(
      "false: nothing is sent, and what waits is given up. true: it hears of what happens from now on.",
    ),
});

export type WebhookEndpointUpdate = z.infer<typeof webhookEndpointUpdate>;

/** Why an endpoint hears of nothing. gone: it answered 410. failing: for days. by_request: by its owner. */
export const disabledReasons = ["gone", "failing", "by_request"] as const;

/** An endpoint as `GET /api/ai/webhooks/{id}` gives it; its secret is never shown again. */
export const webhookEndpoint = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string().optional(),
  events: z.array(z.string()),
  creatorIds: z.array(creatorId).describe("Empty: of all creators."),
  enabled: z.boolean(),
  disabledAt: isoTime.optional(),
  disabledReason: z.enum(disabledReasons).optional(),
  failingSince: isoTime.optional().describe("Since when every try has failed."),
  pending: z
    .object({
      waiting: z.int().describe("For a later time."),
      due: z.int().describe("Their time has come."),
      underWay: z.int(),
      nextTryAt: isoTime.optional().describe("Of the first of those that wait."),
    })
    .optional()
    .describe("Where it is read: deliveries still to be made; 1,000 is that many or more."),
  previousSecretUntil: isoTime
    .optional()
    .describe("Until when the secret before the last rotation signs as well."),
  createdAt: isoTime,
  updatedAt: isoTime,
});

export type WebhookEndpoint = z.infer<typeof webhookEndpoint>;

/** Answer of `POST /api/ai/webhooks` and of `…/rotate-secret`: the only time that the secret is shown. */
export const webhookEndpointSecret = webhookEndpoint.extend({ secret: z.string().startsWith("whsec_") });

export type WebhookEndpointSecret = z.infer<typeof webhookEndpointSecret>;

export const deliveryStatuses = ["pending", "delivered", "failed"] as const;

/** One HTTP request of a delivery. */
const deliveryTry = z.object({
  at: isoTime,
  ms: z.int().describe("From connecting to the end of the answer."),
  status: z.int().optional(),
  error: z
    .string()
    .optional()
    .describe("What went wrong where there was no answer, or where its status tells too little."),
  body: z.string().optional().describe("First bytes of the answer, 1,024 at most."),
});

/** One event to one endpoint: an item of `GET /api/ai/webhooks/{id}/deliveries`. */
export const webhookDelivery = z.object({
  id: z.string(),
  eventId: z.string().describe("`webhook-id`, the same in every try and replay."),
  type: z.string(),
  jobId: z.string().optional(),
  status: z.enum(deliveryStatuses),
  nextTryAt: isoTime.optional(),
  deliveredAt: isoTime.optional(),
  createdAt: isoTime,
  tries: z.array(deliveryTry).describe("The first one first; those of before a replay too."),
});

export type WebhookDelivery = z.infer<typeof webhookDelivery>;

const page = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
};

/** Query of `GET /api/ai/webhooks`: the newest first. */
export const webhooksQuery = z.strictObject(page);

/** Query of `GET /api/ai/webhooks/{id}/deliveries`: the newest first. */
export const deliveriesQuery = z.strictObject({ ...page, status: z.enum(deliveryStatuses).optional() });

/** Answer of `POST /api/ai/webhooks/{id}/test`. */
export const testEventAnswer = z.object({ deliveryId: z.string(), eventId: z.string() });

/** Query of `POST /api/ai/webhooks/{id}/replay`. */
export const replayQuery = z.strictObject({ since: timeWithOffset });

/** Its answer. */
export const replayAnswer = z.object({
  deliveries: z.int().describe("Deliveries that are under way again, or for the first time."),
  nextSince: isoTime
    .optional()
    .describe("There are more than one request takes: ask again with this as `since`."),
});

export type ReplayAnswer = z.infer<typeof replayAnswer>;
