import { z } from "zod";
import { creatorId } from "./ids.ts";
import { usd } from "./money.ts";
import { quotaThresholds } from "./quota.ts";
import { timeWithOffset } from "./time.ts";

const thresholds = `${quotaThresholds.slice(0, -1).join(", ")} or ${quotaThresholds.at(-1)}`;

/** A UTC hour, such as `2026-11-22T18`. */
const hour = z.string();

/** The figures of an alert, by its type. */
const alertData = {
  quota_threshold: z
    .object({
      percent: z.int(),
      /** `2026-11` */
      month: z.string(),
      plan: z.string(),
      quotaUsd: usd,
      spentUsd: usd,
      unknownUsd: usd,
    })
    .describe(`A creator reached ${thresholds} % of their quota: told once a month each.`),
  spend_spike: z
    .object({ hour, spentUsd: usd, meanHourUsd: usd })
    .describe(
      "A creator's calls that ended in an hour cost above $1, and above five times the mean hour of the week before.",
    ),
  unknown_calls: z
    .object({ hour, calls: z.int(), upToUsd: usd })
    .describe("Answers of a creator were lost in an hour; the figures grow while it lasts."),
  cost_above_hold: z
    .object({ callId: z.string(), costUsd: usd, holdUsd: usd })
    .describe("A call cost more than was held for it."),
  endpoint_disabled: z
    .object({
      endpointId: z.string(),
      reason: z.enum(["gone", "failing"]),
      failingSince: z.iso.datetime({ offset: true }),
    })
    .describe("A webhook endpoint answered 410, or has failed for days: nothing is sent to it any more."),
  not_storable: z
    .object({ jobId: z.string(), sqlState: z.string() })
    .describe("Postgres refused something that a job has to keep; the job has failed for that."),
  redis_evicts: z
    .object({ policy: z.string() })
    .describe(
      "Redis may throw away what it was given when it is full: its maxmemory-policy is not noeviction.",
    ),
  model_unavailable: z
    .object({
      model: z.string(),
      apiVersion: z.string(),
      next: z.string().nullable(),
      priceRatio: z.string().nullable(),
    })
    .describe(
      "A provider has told that it does not have a model (any more): the next of its role answers, at so many times the price for output.",
    ),
  model_rerouted: z
    .object({ model: z.string(), modelVersion: z.string(), callId: z.string(), costUsd: usd })
    .describe(
      "Another model has answered than the one that was asked, and the registry does not say so. Without a price it is billed as the dearest that it may be.",
    ),
  model_retiring: z
    .object({
      model: z.string(),
      retiresAt: z.iso.datetime({ offset: true }),
      days: z.int(),
      roles: z.array(z.string()),
    })
    .describe("A model that stands in a role retires: told 60, 14 and 2 days before."),
  provider_key_refused: z
    .object({ provider: z.string(), reason: z.string(), callId: z.string() })
    .describe("A provider refuses our key."),
  provider_account_depleted: z
    .object({ model: z.string(), sinceSeconds: z.int() })
    .describe(
      "A provider has answered 429 to every call of a model for so long: its account may be used up.",
    ),
  provider_refuses: z
    .object({ model: z.string(), httpStatus: z.int(), errorCode: z.string(), hour, calls: z.int() })
    .describe(
      "A provider has refused requests in the same way ten times in an hour; the figure grows while it lasts.",
    ),
};

export const alertTypes = [
  "quota_threshold",
  "spend_spike",
  "unknown_calls",
  "cost_above_hold",
  "endpoint_disabled",
  "not_storable",
  "redis_evicts",
  "model_unavailable",
  "model_rerouted",
  "model_retiring",
  "provider_key_refused",
  "provider_account_depleted",
  "provider_refuses",
] as const;
export type AlertType = (typeof alertTypes)[number];

type AlertData<Type extends AlertType> = z.infer<(typeof alertData)[Type]>;

/** What is about no creator. */
type OfNoCreator =
  | "endpoint_disabled"
  | "redis_evicts"
  | "model_unavailable"
  | "model_rerouted"
  | "model_retiring"
  | "provider_key_refused"
  | "provider_account_depleted"
  | "provider_refuses";

/** What an alert tells of. */
export type AlertFacts = {
  [Type in AlertType]: {
    type: Type;
    creatorId: Type extends OfNoCreator ? null : string;
    data: AlertData<Type>;
  };
}[AlertType];

const alertCommon = z.object({
  id: z.string(),
  creatorId,
  message: z.string().describe("One plain sentence."),
  createdAt: z.iso.datetime(),
  notifiedAt: z.iso
    .datetime()
    .nullable()
    .describe("When it had been told through every channel, or was given up after a day; null before."),
});

const alertOf = <Type extends AlertType>(type: Type) =>
  alertCommon.extend({ type: z.literal(type), data: alertData[type] });

/** An item of `GET /api/ai/admin/alerts`. */
export const alert = z.discriminatedUnion("type", [
  alertOf("quota_threshold"),
  alertOf("spend_spike"),
  alertOf("unknown_calls"),
  alertOf("cost_above_hold"),
  alertOf("endpoint_disabled").extend({ creatorId: z.null() }),
  alertOf("not_storable"),
  alertOf("redis_evicts").extend({ creatorId: z.null() }),
  alertOf("model_unavailable").extend({ creatorId: z.null() }),
  alertOf("model_rerouted").extend({ creatorId: z.null() }),
  alertOf("model_retiring").extend({ creatorId: z.null() }),
  alertOf("provider_key_refused").extend({ creatorId: z.null() }),
  alertOf("provider_account_depleted").extend({ creatorId: z.null() }),
  alertOf("provider_refuses").extend({ creatorId: z.null() }),
]);

export type Alert = z.infer<typeof alert>;

const raised = <Type extends AlertType, Figures extends z.core.$ZodShape>(
  type: Type,
  { shape, description = "" }: z.ZodObject<Figures>,
) => z.object({ alertId: z.string(), alert: z.literal(type), creatorId, ...shape }).describe(description);

const raisedOfNone = <Type extends OfNoCreator, Figures extends z.core.$ZodShape>(
  type: Type,
  figures: z.ZodObject<Figures>,
) => raised(type, figures).extend({ creatorId: z.null() });

/** What an app is told of an alert of the quota. */
export const quotaThreshold = raised("quota_threshold", alertData.quota_threshold);

/** What an app is told of any other alert: its figures as they were when it was raised. */
export const raisedAlert = z.discriminatedUnion("alert", [
  raised("spend_spike", alertData.spend_spike),
  raised("unknown_calls", alertData.unknown_calls),
  raised("cost_above_hold", alertData.cost_above_hold),
  raisedOfNone("endpoint_disabled", alertData.endpoint_disabled),
  raised("not_storable", alertData.not_storable),
  raisedOfNone("redis_evicts", alertData.redis_evicts),
  raisedOfNone("model_unavailable", alertData.model_unavailable),
  raisedOfNone("model_rerouted", alertData.model_rerouted),
  raisedOfNone("model_retiring", alertData.model_retiring),
  raisedOfNone("provider_key_refused", alertData.provider_key_refused),
  raisedOfNone("provider_account_depleted", alertData.provider_account_depleted),
  raisedOfNone("provider_refuses", alertData.provider_refuses),
]);

/** Query of `GET /api/ai/admin/alerts`: the newest first; `from` is included, `to` is not. */
export const alertsQuery = z.strictObject({
  creatorId: creatorId.optional(),
  type: z.enum(alertTypes).optional(),
  from: timeWithOffset.optional(),
  to: timeWithOffset.optional(),
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export type AlertsQuery = z.infer<typeof alertsQuery>;

/** An alert as one plain sentence, the same in the console, the log, Slack and e-mail. */
export function alertMessage({ type, creatorId, data }: AlertFacts): string {
  switch (type) {
    case "quota_threshold": {
      const unknown =
        data.unknownUsd === "0" ? "" : `, and up to $${data.unknownUsd} for calls whose answer was lost`;
      return (
        `Creator ${creatorId} has used ${data.percent} % of the $${data.quotaUsd} quota of ${data.month} ` +
        `(plan ${data.plan}): $${data.spentUsd} spent${unknown}.`
      );
    }
    case "spend_spike":
      return (
        `Creator ${creatorId} has spent $${data.spentUsd} in the UTC hour ${data.hour}, more than five times ` +
        `the $${data.meanHourUsd} of their mean hour in the week before.`
      );
    case "unknown_calls":
      return (
        `Creator ${creatorId} lost the answer of ${data.calls === 1 ? "a call" : `${data.calls} calls`} in the ` +
        `UTC hour ${data.hour}: up to $${data.upToUsd} that nobody pays until an operator settles it.`
      );
    case "cost_above_hold":
      return `Call ${data.callId} of creator ${creatorId} cost $${data.costUsd}, more than the $${data.holdUsd} held for it.`;
    case "endpoint_disabled":
      return (
        `Webhook endpoint ${data.endpointId} was disabled: ` +
        (data.reason === "gone"
          ? "it answered 410 Gone."
          : `every try since ${data.failingSince} has failed.`)
      );
    case "not_storable":
      return `Postgres refused (SQLSTATE ${data.sqlState}) what job ${data.jobId} of creator ${creatorId} has to keep: it has failed.`;
    case "redis_evicts":
      return `Redis throws keys away when it is full (maxmemory-policy ${data.policy}): set it to noeviction, or jobs are delayed.`;
    case "model_unavailable":
      return (
        `${data.model} can't be had any more (API ${data.apiVersion}): ` +
        (data.next === null
          ? "no other model of its role can be called. Set the role's models."
          : `${data.next} answers now${data.priceRatio === null ? "" : `, at ${data.priceRatio} times its price`}.`)
      );
    case "model_rerouted":
      return `${data.modelVersion} has answered for ${data.model} (call ${data.callId}, $${data.costUsd}): note where it is routed to. Without a price it is billed as the dearest that it may be, until its price is added and the call settled.`;
    case "model_retiring":
      return `${data.model}, which answers for ${data.roles.join(", ")}, retires at ${data.retiresAt}, in ${data.days} ${data.days === 1 ? "day" : "days"}: set another.`;
    case "provider_key_refused":
      return `${data.provider} refuses our key (${data.reason}): see call ${data.callId}.`;
    case "provider_account_depleted":
      return `${data.model} has been answered 429 for ${data.sinceSeconds} s without end: is the account used up?`;
    case "provider_refuses":
      return `${data.model} has refused ${data.calls} requests in the UTC hour ${data.hour} in the same way (${data.httpStatus} ${data.errorCode}).`;
  }
}
