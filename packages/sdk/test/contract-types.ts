import type * as contracts from "@understudy/contracts";
import type { z } from "zod";
import type * as sdk from "../src/index.ts";

/**
 * The SDK's own interfaces are what the contracts say, or this file does not compile: the SDK takes no dependency along,
 * and its users read plain types.
 */
type Same<One, Other> =
  (<T>() => T extends Plain<One> ? 1 : 2) extends <T>() => T extends Plain<Other> ? 1 : 2 ? true : false;

/** Without what makes no difference: intersections, readonly, and `undefined` where a field is optional anyway. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Plain<Exclude<T[Key], undefined>> }
    : T;

function same<One, Other>(_proof: Same<One, Other>): void {}

same<sdk.Job, contracts.Job>(true);
same<sdk.AcceptedJob, contracts.AcceptedJob>(true);
same<sdk.JobOptions, contracts.JobOptions>(true);
same<sdk.JobUsage, z.infer<typeof contracts.jobUsage>>(true);
same<sdk.JobStatus, contracts.JobStatus>(true);
same<sdk.TerminalStatus, contracts.TerminalStatus>(true);
same<sdk.JobFeedback, contracts.JobFeedback>(true);
same<sdk.TokenData, z.infer<typeof contracts.jobEvents.token>>(true);
same<Extract<sdk.JobEvent, { event: "status" }>["data"], z.infer<typeof contracts.jobEvents.status>>(true);
same<sdk.JobEvent["event"], contracts.JobEvent["event"]>(true);

same<sdk.Creator, contracts.Creator>(true);
same<sdk.CreatorUpdate, contracts.CreatorUpdate>(true);
same<sdk.CreatorLimits, contracts.CreatorLimits>(true);
same<sdk.PastCreatorTerms, contracts.PastCreatorTerms>(true);
same<sdk.Quota, contracts.Quota>(true);
same<sdk.Insight, contracts.Insight>(true);
same<sdk.ErasedFan, contracts.ErasedFan>(true);
same<sdk.InsightsQuery, Omit<z.input<typeof contracts.insightsQuery>, "cursor" | "limit"> & Limit>(true);

same<sdk.Costs, contracts.Costs>(true);
same<sdk.CostsQuery, z.input<typeof contracts.costsQuery>>(true);
same<sdk.Charge, contracts.Charge>(true);

same<sdk.WebhookEvent["type"], contracts.WebhookEvent["type"]>(true);
same<OtherData<sdk.WebhookEvent>, OtherData<contracts.WebhookEvent>>(true);
same<Omit<sdk.JobOfAgent, "agent" | "result">, Omit<contracts.Job, "agent" | "result">>(true);
same<sdk.WebhookEventType, contracts.WebhookEventType>(true);
same<sdk.NewWebhookEndpoint, z.input<typeof contracts.newWebhookEndpoint>>(true);
same<sdk.WebhookEndpointUpdate, z.input<typeof contracts.webhookEndpointUpdate>>(true);
same<sdk.WebhookEndpoint, contracts.WebhookEndpoint>(true);
same<sdk.WebhookEndpointSecret, contracts.WebhookEndpointSecret>(true);
same<sdk.WebhookDelivery, contracts.WebhookDelivery>(true);
same<sdk.ReplayAnswer, contracts.ReplayAnswer>(true);

same<KnownKeys<sdk.Problem>, KnownKeys<contracts.Problem>>(true);
// @ts-expect-error a field that is missing is noticed
same<sdk.Quota, Omit<contracts.Quota, "heldUsd">>(true);
// @ts-expect-error as is one whose type differs
same<sdk.Quota, Omit<contracts.Quota, "heldUsd"> & { heldUsd: number }>(true);

/** `z.coerce` takes anything; the SDK takes numbers. */
interface Limit {
  limit?: number;
}

/** By event but `job.completed`, whose results have their agents' types, what stands in `data`. */
type OtherData<Event extends { type: string; data: unknown }> = {
  [Type in Exclude<Event["type"], "job.completed">]: KnownData<Extract<Event, { type: Type }>["data"]>;
};

type KnownData<Data> = string extends keyof Data ? KnownKeys<Data> : Data;

/** Without an index signature. */
type KnownKeys<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };
