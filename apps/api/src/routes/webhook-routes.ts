import {
  deliveriesQuery,
  newWebhookEndpoint,
  type ReplayAnswer,
  replayQuery,
  type WebhookEndpointSecret,
  type WebhookEndpointUpdate,
  webhookEndpointUpdate,
  webhooksQuery,
} from "@understudy/contracts";
import {
  type Database,
  newId,
  type Prisma,
  replayDelivery,
  replaySince,
  sendTestEvent,
} from "@understudy/database";
import type { SecretBox } from "@understudy/service";
import { Router } from "express";
import { parseBody, parseQuery } from "../http/parse.ts";
import { ProblemError } from "../http/problem-error.ts";
import { newSecret } from "../webhooks/new-secret.ts";
import { behind, newestFirst, pageOf } from "../webhooks/newest-first.ts";
import { type EndpointRow, presentDelivery, presentEndpoint } from "../webhooks/present-webhook.ts";

/** How long the secret before a rotation signs as well. */
const bothSecretsMs = 24 * 3_600_000;

/** Deliveries that one request replays. */
const replayMax = 5_000;

/** Endpoints that hear of events, and what was delivered to them. */
export function webhookRoutes(database: Database, secrets: SecretBox): Router {
  const router = Router();
  const { webhookEndpoint, delivery } = database.prisma;

  router.post("/webhooks", async (request, response) => {
    const { url, events, description, creatorIds = [] } = parseBody(newWebhookEndpoint, request);
    const id = newId("end");
    const secret = newSecret();
    const { sealed, keyId } = secrets.seal(secret, id);
    const row = await webhookEndpoint.create({
      data: {
        id,
        url,
        events,
        creatorIds,
        description: description ?? null,
        secret: sealed,
        secretKeyId: keyId,
      },
    });
    const answer: WebhookEndpointSecret = { ...presentEndpoint(row), secret };
    response.status(201).location(`/api/ai/webhooks/${id}`).json(answer);
  });

  router.get("/webhooks", async (request, response) => {
    const { cursor, limit } = parseQuery(webhooksQuery, request);
    const rows = await webhookEndpoint.findMany({
      where: { deletedAt: null, ...behind(cursor) },
      orderBy: newestFirst,
      take: limit + 1,
    });
    response.json(pageOf(rows, limit, presentEndpoint));
  });

  router.get("/webhooks/:id", async (request, response) => {
    response.json(presentEndpoint(await read(request.params.id)));
  });

  for (const method of ["put", "patch"] as const) {
    router[method]("/webhooks/:id", async (request, response) => {
      const update = parseBody(webhookEndpointUpdate, request);
      const before = await read(request.params.id);
      const data = { ...columns(update), ...switched(before, update.enabled) };
      response.json(presentEndpoint(await webhookEndpoint.update({ where: { id: before.id }, data })));
    });
  }

  router.delete("/webhooks/:id", async (request, response) => {
    const { id } = await read(request.params.id);
    await webhookEndpoint.update({ where: { id }, data: { deletedAt: new Date() } });
    response.status(204).end();
  });

  router.post("/webhooks/:id/rotate-secret", async (request, response) => {
    const before = await read(request.params.id);
    const { id } = before;
    const secret = newSecret();
    const { sealed, keyId } = secrets.seal(secret, id);
    // Of two at once the second finds no such secret: were both written, one that was shown would sign nothing.
    const { count } = await webhookEndpoint.updateMany({
      where: { id, secret: before.secret },
      data: {
        secret: sealed,
        secretKeyId: keyId,
        previousSecret: before.secret,
        previousSecretKeyId: before.secretKeyId,
        previousSecretUntil: new Date(Date.now() + bothSecretsMs),
      },
    });
    if (count === 0) {
      throw new ProblemError(
        409,
        "endpoint_changed",
        "The secret was rotated by another request at the same time.",
      );
    }
    const answer: WebhookEndpointSecret = { ...presentEndpoint(await read(id)), secret };
    response.json(answer);
  });

  router.post("/webhooks/:id/test", async (request, response) => {
    const { id } = await read(request.params.id);
    const sent = await sendTestEvent(database, id);
    if (!sent) throw disabled();
    response.status(202).json(sent);
  });

  router.get("/webhooks/:id/deliveries", async (request, response) => {
    const { cursor, limit, status } = parseQuery(deliveriesQuery, request);
    const { id: endpointId } = await read(request.params.id);
    const rows = await delivery.findMany({
      where: { endpointId, ...(status && { status }), ...behind(cursor) },
      include: { event: true, attempts: { orderBy: [{ generation: "asc" }, { number: "asc" }] } },
      orderBy: newestFirst,
      take: limit + 1,
    });
    response.json(pageOf(rows, limit, presentDelivery));
  });

  router.post("/webhooks/deliveries/:id/replay", async (request, response) => {
    const isReplayed = await replayDelivery(database, readId(request.params.id));
    if (isReplayed === undefined) {
      throw new ProblemError(404, "delivery_not_found", "No delivery has that id.");
    }
    if (!isReplayed) throw disabled();
    response.status(202).json({ deliveries: 1 } satisfies ReplayAnswer);
  });

  router.post("/webhooks/:id/replay", async (request, response) => {
    const { since } = parseQuery(replayQuery, request);
    const { id, disabledAt } = await read(request.params.id);
    if (disabledAt) throw disabled();
    const { deliveries, nextSince } = await replaySince(database, id, new Date(since), replayMax);
    const answer: ReplayAnswer = { deliveries, ...(nextSince && { nextSince: nextSince.toISOString() }) };
    response.status(202).json(answer);
  });

  async function read(id: string): Promise<EndpointRow> {
    const row = await webhookEndpoint.findUnique({ where: { id: readId(id), deletedAt: null } });
    if (!row) throw new ProblemError(404, "endpoint_not_found", "No webhook endpoint has that id.");
    return row;
  }

  return router;
}

/** Of an id in a path only what can be one is asked for: it may hold anything, even what Postgres can't store. */
function readId(text: string): string {
  return /^\w{1,64}$/.test(text) ? text : "none";
}

/** What is left out stays. */
function columns({ url, events, description, creatorIds }: WebhookEndpointUpdate) {
  return {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events }),
    ...(description !== undefined && { description }),
    ...(creatorIds !== undefined && { creatorIds }),
    updatedAt: new Date(),
  };
}

/** Enabled again, an endpoint is judged anew. */
function switched(
  { disabledAt }: EndpointRow,
  enabled: boolean | undefined,
): Prisma.WebhookEndpointUpdateInput {
  if (enabled === undefined || enabled === (disabledAt === null)) return {};
  return enabled
    ? { disabledAt: null, disabledReason: null, failingSince: null }
    : { disabledAt: new Date(), disabledReason: "by_request" };
}

function disabled(): ProblemError {
  return new ProblemError(409, "endpoint_disabled", "The endpoint is disabled: enable it first.");
}
