import { webhookEvent } from "@understudy/contracts";
import * as examples from "./examples.ts";
import * as moneyExamples from "./money-examples.ts";
import type { SchemaBook } from "./schema-book.ts";

const timestamp = examples.job.finishedAt;

const { data: alertData } = examples.alert;

/** The data of an event of each type. */
const data: Record<string, unknown> = {
  "job.completed": examples.job,
  "job.failed": ended("failed", {
    code: "provider_unavailable",
    message: "Gemini did not answer in 5 attempts.",
    retryable: true,
  }),
  "job.blocked": ended("blocked", {
    code: "safety",
    message: "Gemini refused the prompt.",
    retryable: false,
  }),
  "job.cancelled": ended("cancelled"),
  "quota.threshold": {
    alertId: examples.alert.id,
    alert: "quota_threshold",
    creatorId: "psy",
    ...alertData,
  },
  "charge.closed": moneyExamples.charge,
  "alert.raised": {
    alertId: examples.alert.id,
    alert: "spend_spike",
    creatorId: "psy",
    hour: "2026-11-22T18",
    spentUsd: "6.2",
    meanHourUsd: "0.9",
  },
  "webhook.test": { endpointId: examples.webhookEndpoint.id },
};

function ended(status: "failed" | "blocked" | "cancelled", error?: object): unknown {
  const { result: _result, ...job } = examples.job;
  return { ...job, status, ...(error && { error }) };
}

const signatureHeaders = {
  "webhook-id": "The event's id: the same in every try and replay, so that a repeat can be told.",
  "webhook-timestamp": "When this try was made, in seconds since 1970.",
  "webhook-signature":
    "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body; after a rotation two of them.",
};

/** The requests that endpoints get, by event type. */
export function webhookOperations(book: SchemaBook): Record<string, object> {
  const operations = webhookEvent.options.map((event) => {
    const type = event.shape.type.value;
    return [
      type,
      {
        post: {
          operationId: `on ${type}`.replaceAll(/[ ._](.)/g, (_all, letter: string) => letter.toUpperCase()),
          tags: ["Webhooks"],
          summary: `${type}`,
          description: "Signed by Standard Webhooks: verify the raw body before you parse it.",
          security: [],
          parameters: Object.entries(signatureHeaders).map(([name, description]) => ({
            name,
            in: "header",
            required: true,
            description,
            schema: { type: "string" },
          })),
          requestBody: {
            required: true,
            content: {
              "application/json": {
                schema: book.add("output", event),
                example: { type, timestamp, data: data[type] },
              },
            },
          },
          responses: {
            "2XX": { description: "Delivered." },
            "410": { description: "The endpoint is gone: it is disabled." },
            default: { description: "A failed try: it is made again, ten times over about three days." },
          },
        },
      },
    ];
  });
  return Object.fromEntries(operations);
}
