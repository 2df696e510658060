import {
  deliveriesQuery,
  newWebhookEndpoint,
  replayAnswer,
  replayQuery,
  testEventAnswer,
  type WebhookEndpointUpdate,
  webhookDelivery,
  webhookEndpoint as webhookEndpointSchema,
  webhookEndpointSecret,
  webhookEndpointUpdate,
  webhooksQuery,
} from "@understudy/contracts";
import { type Database, newId, type Prisma } from "@understudy/database";
import type { SecretBox } from "@understudy/service";
import { pendingDeliveries, replayDelivery, replaySince, sendTestEvent } from "@understudy/webhooks";
import { z } from "zod";
import type { Caller } from "../http/caller.ts";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError } from "../http/problem-error.ts";
import * as examples from "../openapi/examples.ts";
import { newSecret } from "../webhooks/new-secret.ts";
import { behind, newestFirst, pageOf } from "../webhooks/newest-first.ts";
import { type EndpointRow, presentDelivery, presentEndpoint } from "../webhooks/present-webhook.ts";
import {
  findEndpoint,
  hearsOf,
  seesEndpoint,
  visibleDeliveries,
  visibleEndpoints,
} from "../webhooks/visible-endpoints.ts";

/** How long the secret before a rotation signs as well. */
const bothSecretsMs = 24 * 3_600_000;

/** Deliveries that one request replays. */
const replayMax = 5_000;

const params = { id: z.string().regex(/^\w{1,64}$/) };

const example = { params: { id: examples.webhookEndpoint.id } };

/** Endpoints that hear of events, and what was delivered to them. */
export function webhookRoutes(database: Database, secrets: SecretBox): Route[] {
  return [...endpointRoutes(database, secrets), ...deliveryRoutes(database)];
}

function endpointRoutes(database: Database, secrets: SecretBox): Route[] {
  const { webhookEndpoint } = database.prisma;
  const common = { tag: "Webhooks", scope: "webhooks:write" } as const;
  const ofOne = { params, absent: { id: noSuchEndpoint }, example };

  const create = defineRoute({
    ...common,
    method: "post",
    path: "/api/ai/webhooks",
    id: "createWebhook",
    summary: "Add a webhook endpoint",
    description: "The secret that its events are signed with is shown this once.",
    body: newWebhookEndpoint,
    answers: {
      201: {
        description: "The endpoint, with its secret.",
        schema: webhookEndpointSecret,
        headers: { location: "The endpoint's path." },
      },
    },
    problems: { 404: ["creator_not_found"] },
    async handle({ body: { url, events, description, creatorIds = [] }, caller, reply }) {
      const id = newId("end");
      const secret = newSecret();
      const { sealed, keyId } = secrets.seal(secret, id);
      const row = await webhookEndpoint.create({
        data: {
          id,
          url,
          events,
          creatorIds: hearsOf(caller, creatorIds),
          description: description ?? null,
          secret: sealed,
          secretKeyId: keyId,
        },
      });
      return reply(
        201,
        { ...presentEndpoint(row, database.clock.now()), secret },
        { location: `/api/ai/webhooks/${id}` },
      );
    },
  });

  const list = defineRoute({
    ...common,
    method: "get",
    path: "/api/ai/webhooks",
    id: "listWebhooks",
    summary: "List webhook endpoints",
    description: "The newest first.",
    query: webhooksQuery,
    answers: { 200: { description: "A page of endpoints.", schema: listOf(webhookEndpointSchema) } },
    async handle({ query: { cursor, limit }, caller, reply }) {
      const rows = await webhookEndpoint.findMany({
        where: { ...(await visibleEndpoints(database, caller)), ...behind(cursor) },
        orderBy: newestFirst,
        take: limit + 1,
      });
      const pending = await pendingDeliveries(
        database,
        rows.map(({ id }) => id),
      );
      const now = database.clock.now();
      return reply(
        200,
        pageOf(rows, limit, (row) => presentEndpoint(row, now, pending.get(row.id))),
      );
    },
  });

  const read = defineRoute({
    ...common,
    ...ofOne,
    method: "get",
    path: "/api/ai/webhooks/{id}",
    id: "readWebhook",
    summary: "Read a webhook endpoint",
    answers: { 200: { description: "The endpoint.", schema: webhookEndpointSchema } },
    problems: { 404: ["endpoint_not_found"] },
    async handle({ params: { id }, caller, reply }) {
      const row = await readEndpoint(database, caller, id);
      const pending = await pendingDeliveries(database, [id]);
      return reply(200, presentEndpoint(row, database.clock.now(), pending.get(id)));
    },
  });

  const updates = (["put", "patch"] as const).map((method) =>
    defineRoute({
      ...common,
      ...ofOne,
      method,
      path: "/api/ai/webhooks/{id}",
      id: method === "put" ? "putWebhook" : "updateWebhook",
      summary: "Change a webhook endpoint",
      description: "What is left out stays.",
      body: webhookEndpointUpdate,
      answers: { 200: { description: "The endpoint as it is now.", schema: webhookEndpointSchema } },
      problems: { 404: ["endpoint_not_found", "creator_not_found"] },
      async handle({ params: { id }, body, caller, reply }) {
        const before = await readEndpoint(database, caller, id);
        const now = database.clock.now();
        const data = { ...columns(caller, body), ...switched(before, body.enabled, now), updatedAt: now };
        const endpoint = await webhookEndpoint.update({ where: { id }, data });
        if (body.creatorIds !== undefined) await giveUpOthers(database, endpoint);
        return reply(200, presentEndpoint(endpoint, now));
      },
    }),
  );

  const remove = defineRoute({
    ...common,
    ...ofOne,
    method: "delete",
    path: "/api/ai/webhooks/{id}",
    id: "deleteWebhook",
    summary: "Delete a webhook endpoint",
    answers: { 204: { description: "Nothing is sent to it any more." } },
    problems: { 404: ["endpoint_not_found"] },
    async handle({ params: { id }, caller, reply }) {
      await readEndpoint(database, caller, id);
      await webhookEndpoint.update({ where: { id }, data: { deletedAt: database.clock.now() } });
      return reply(204);
    },
  });

  const rotateSecret = defineRoute({
    ...common,
    ...ofOne,
    method: "post",
    path: "/api/ai/webhooks/{id}/rotate-secret",
    id: "rotateWebhookSecret",
    summary: "Rotate a webhook endpoint's secret",
    description:
      "The secret before signs as well for 24 hours; the one before that no more. The new one is shown this once.",
    answers: { 200: { description: "The endpoint, with its new secret.", schema: webhookEndpointSecret } },
    problems: { 404: ["endpoint_not_found"], 409: ["endpoint_changed"] },
    async handle({ params: { id }, caller, reply }) {
      const before = await readEndpoint(database, caller, id);
      const secret = newSecret();
      const { sealed, keyId } = secrets.seal(secret, id);
      const now = database.clock.now();
      // Of two at once the second finds no such secret: were both written, one that was shown would sign nothing.
      const { count } = await webhookEndpoint.updateMany({
        where: { id, secret: before.secret },
        data: {
          secret: sealed,
          secretKeyId: keyId,
          previousSecret: before.secret,
          previousSecretKeyId: before.secretKeyId,
          previousSecretUntil: new Date(now.getTime() + bothSecretsMs),
          updatedAt: now,
        },
      });
      if (count === 0) throw changed();
      return reply(200, {
        ...presentEndpoint(await readEndpoint(database, caller, id), database.clock.now()),
        secret,
      });
    },
  });

  return [create, list, read, ...updates, remove, rotateSecret];
}

/** What waits for an endpoint of creators of whom it is to hear no more is not sent. */
async function giveUpOthers({ prisma }: Database, { id, creatorIds }: EndpointRow): Promise<void> {
  if (creatorIds.length === 0) return;
  await prisma.delivery.updateMany({
    where: {
      endpointId: id,
      status: "pending",
      creatorId: { notIn: creatorIds },
      type: { not: "webhook.test" },
    },
    data: { status: "failed", nextTryAt: null, claimedAt: null },
  });
}

function deliveryRoutes(database: Database): Route[] {
  const { delivery } = database.prisma;
  const common = { tag: "Webhooks", scope: "webhooks:write", params } as const;
  const ofEndpoint = { ...common, absent: { id: noSuchEndpoint }, example };

  const test = defineRoute({
    ...ofEndpoint,
    method: "post",
    path: "/api/ai/webhooks/{id}/test",
    id: "testWebhook",
    summary: "Send a test event to a webhook endpoint",
    description: "It is of the type `webhook.test`, and signed as all others.",
    answers: { 202: { description: "It is under way.", schema: testEventAnswer } },
    problems: { 404: ["endpoint_not_found"], 409: ["endpoint_disabled"] },
    async handle({ params, caller, reply }) {
      const { id } = await readEndpoint(database, caller, params.id);
      const event = await sendTestEvent(database, id);
      if (!event) throw disabled();
      return reply(202, event);
    },
  });

  const list = defineRoute({
    ...ofEndpoint,
    method: "get",
    path: "/api/ai/webhooks/{id}/deliveries",
    id: "listDeliveries",
    summary: "List what was delivered to a webhook endpoint",
    description: "With every try and the first bytes of its answer; the newest first.",
    query: deliveriesQuery,
    answers: { 200: { description: "A page of deliveries.", schema: listOf(webhookDelivery) } },
    problems: { 404: ["endpoint_not_found"] },
    async handle({ params, caller, query: { cursor, limit, status }, reply }) {
      const { id: endpointId } = await readEndpoint(database, caller, params.id);
      const rows = await delivery.findMany({
        where: {
          AND: [{ endpointId, ...(status && { status }) }, visibleDeliveries(caller), behind(cursor)],
        },
        include: { event: true, attempts: { orderBy: [{ generation: "asc" }, { number: "asc" }] } },
        orderBy: newestFirst,
        take: limit + 1,
      });
      return reply(200, pageOf(rows, limit, presentDelivery));
    },
  });

  const replayOne = defineRoute({
    ...common,
    absent: { id: noSuchDelivery },
    example: { params: { id: examples.webhookDelivery.id } },
    method: "post",
    path: "/api/ai/webhooks/deliveries/{id}/replay",
    id: "replayDelivery",
    summary: "Deliver one event again",
    answers: { 202: { description: "It is under way.", schema: replayAnswer } },
    problems: { 404: ["delivery_not_found"], 409: ["endpoint_disabled"] },
    async handle({ params, caller, reply }) {
      const found = await delivery.findFirst({
        where: { ...params, ...visibleDeliveries(caller) },
        select: { endpoint: true },
      });
      if (!found || !seesEndpoint(caller, found.endpoint)) throw noSuchDelivery();
      const isReplayed = await replayDelivery(database, params.id);
      if (isReplayed === undefined) throw noSuchDelivery();
      if (!isReplayed) throw disabled();
      return reply(202, { deliveries: 1 });
    },
  });

  const replay = defineRoute({
    ...ofEndpoint,
    method: "post",
    path: "/api/ai/webhooks/{id}/replay",
    id: "replayWebhook",
    summary: "Deliver all events since a time again",
    description: `At most ${replayMax.toLocaleString("en")} a request: where there are more, the answer has a \`nextSince\` to go on with.`,
    query: replayQuery,
    example: { ...example, query: { since: "2026-11-22T00:00:00Z" } },
    answers: { 202: { description: "They are under way.", schema: replayAnswer } },
    problems: { 404: ["endpoint_not_found"], 409: ["endpoint_disabled"] },
    async handle({ params, caller, query: { since }, reply }) {
      const { id, disabledAt } = await readEndpoint(database, caller, params.id);
      if (disabledAt) throw disabled();
      const { deliveries, nextSince } = await replaySince(database, id, new Date(since), replayMax);
      return reply(202, { deliveries, ...(nextSince && { nextSince: nextSince.toISOString() }) });
    },
  });

  return [test, list, replayOne, replay];
}

async function readEndpoint(database: Database, caller: Caller, id: string): Promise<EndpointRow> {
  const row = await findEndpoint(database, caller, id);
  if (!row) throw noSuchEndpoint();
  return row;
}

function noSuchEndpoint(): ProblemError {
  return new ProblemError(404, "endpoint_not_found", "No webhook endpoint has that id.");
}

function noSuchDelivery(): ProblemError {
  return new ProblemError(404, "delivery_not_found", "No delivery has that id.");
}

function changed(): ProblemError {
  return new ProblemError(
    409,
    "endpoint_changed",
    "The secret was rotated by another request at the same time.",
  );
}

/** What is left out stays. */
function columns(caller: Caller, { url, events, description, creatorIds }: WebhookEndpointUpdate) {
  return {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events }),
    ...(description !== undefined && { description }),
    ...(creatorIds !== undefined && { creatorIds: hearsOf(caller, creatorIds) }),
  };
}

/** Enabled again, an endpoint is judged anew. */
function switched(
  { disabledAt }: EndpointRow,
  enabled: boolean | undefined,
  now: Date,
): Prisma.WebhookEndpointUpdateInput {
  if (enabled === undefined || enabled === (disabledAt === null)) return {};
  return enabled
    ? { disabledAt: null, disabledReason: null, failingSince: null }
    : { disabledAt: now, disabledReason: "by_request" };
}

function disabled(): ProblemError {
  return new ProblemError(409, "endpoint_disabled", "The endpoint is disabled: enable it first.");
}
