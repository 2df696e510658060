import {
  type ApiKeySecret,
  type ApiKeyUpdate,
  apiKey,
  apiKeyRotation,
  apiKeySecret,
  apiKeysQuery,
  apiKeyUpdate,
  newApiKey,
  type Scope,
  unboundScopes,
} from "@understudy/contracts";
import { type Database, newId } from "@understudy/database";
import { z } from "zod";
import { defineRoute, type Route } from "../http/define-route.ts";
import { listOf } from "../http/list-of.ts";
import { ProblemError } from "../http/problem-error.ts";
import type { Callers } from "../keys/callers.ts";
import { type KeyRow, type SpendingKeyRow, statusOf } from "../keys/key-row.ts";
import { hashSecret, type KeyEnvironment, keyBeginning, newKeySecret } from "../keys/key-text.ts";
import { presentKey } from "../keys/present-key.ts";
import { apiKey as apiKeyExample } from "../openapi/examples.ts";
import { behind, newestFirst, pageOf } from "../webhooks/newest-first.ts";

const common = { tag: "API keys", scope: "admin" } as const;
const ofOne = {
  ...common,
  params: { id: z.string().regex(/^key_[0-9A-Za-z]{1,60}$/) },
  absent: { id: noSuchKey },
  example: { params: { id: apiKeyExample.id } },
} as const;

export interface KeyRoutesDependencies {
  database: Database;
  callers: Callers;
  keyEnvironment: KeyEnvironment;
}

/** Keys for programs: made, read, changed, rotated, revoked. */
export function keyRoutes(dependencies: KeyRoutesDependencies): Route[] {
  return [...readRoutes(dependencies), ...lifeRoutes(dependencies), updateRoute(dependencies)];
}

function readRoutes({ database, keyEnvironment }: KeyRoutesDependencies): Route[] {
  const list = defineRoute({
    ...common,
    method: "get",
    path: "/api/ai/admin/keys",
    id: "listApiKeys",
    summary: "List API keys",
    description: "The newest first, those that were revoked as well.",
    query: apiKeysQuery,
    answers: { 200: { description: "A page of keys.", schema: listOf(apiKey) } },
    async handle({ query: { cursor, limit }, reply }) {
      const rows = await database.prisma.apiKey.findMany({
        where: behind(cursor),
        orderBy: newestFirst,
        take: limit + 1,
        include: { account: true },
      });
      return reply(
        200,
        pageOf(rows, limit, (row) => presentKey(row, keyEnvironment, database.clock.now())),
      );
    },
  });

  const read = defineRoute({
    ...ofOne,
    method: "get",
    path: "/api/ai/admin/keys/{id}",
    id: "readApiKey",
    summary: "Read an API key",
    description: "With what it has spent.",
    answers: { 200: { description: "The key, without its secret.", schema: apiKey } },
    problems: { 404: ["api_key_not_found"] },
    handle: async ({ params: { id }, reply }) =>
      reply(200, presentKey(await readKey(database, id), keyEnvironment, database.clock.now())),
  });

  return [list, read];
}

function lifeRoutes({ database, callers, keyEnvironment }: KeyRoutesDependencies): Route[] {
  const { apiKey: keys } = database.prisma;

  /** The only time that it is shown. */
  function shown(row: SpendingKeyRow, secret: string): ApiKeySecret {
    return {
      ...presentKey(row, keyEnvironment, database.clock.now()),
      key: keyBeginning(keyEnvironment, row.id) + secret,
    };
  }

  const create = defineRoute({
    ...common,
    method: "post",
    path: "/api/ai/admin/keys",
    id: "createApiKey",
    summary: "Make an API key",
    description:
      "It is shown this once: only a hash of it is kept. With `creatorIds` no other creators exist for it; with `budgetUsd` its jobs may cost so much in all.",
    body: newApiKey,
    answers: {
      201: { description: "The key.", schema: apiKeySecret, headers: { location: "The key's path." } },
    },
    async handle({ body: { name, scopes, creatorIds = [], budgetUsd, expiresAt }, reply }) {
      const id = newId("key");
      const secret = newKeySecret();
      const bounds = { budgetUsd: budgetUsd ?? null, expiresAt: expiresAt ?? null };
      const row = await keys.create({
        include: { account: true },
        data: { id, name, scopes, creatorIds, ...bounds, secretHash: hashSecret(secret) },
      });
      return reply(201, shown(row, secret), { location: `/api/ai/admin/keys/${id}` });
    },
  });

  const revoke = defineRoute({
    ...ofOne,
    method: "delete",
    path: "/api/ai/admin/keys/{id}",
    id: "revokeApiKey",
    summary: "Revoke an API key",
    description:
      "At once and for ever, with the tokens that it gave out. Jobs that were accepted with it go on, and endpoints that it made are told of events: a `budgetUsd` of 0 ends the jobs.",
    answers: { 200: { description: "The key, revoked.", schema: apiKey } },
    problems: { 404: ["api_key_not_found"] },
    async handle({ params: { id }, reply }) {
      const now = database.clock.now();
      await keys.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: now, updatedAt: now } });
      await callers.changed(id);
      return reply(200, presentKey(await readKey(database, id), keyEnvironment, database.clock.now()));
    },
  });

  const rotate = defineRoute({
    ...ofOne,
    method: "post",
    path: "/api/ai/admin/keys/{id}/rotate",
    id: "rotateApiKey",
    summary: "Rotate an API key",
    description:
      "Gives the key another secret, shown this once. The one before is good as well for `graceSeconds`; the one before that no more. Whatever belongs to the key stays with it.",
    body: apiKeyRotation,
    answers: { 200: { description: "The key, with its new secret.", schema: apiKeySecret } },
    problems: { 404: ["api_key_not_found"], 409: ["api_key_changed", "api_key_ended"] },
    async handle({ params: { id }, body: { graceSeconds }, reply }) {
      const before = await readKey(database, id);
      const now = database.clock.now();
      const status = statusOf(before, now);
      if (status !== "active") throw ended(status);
      const secret = newKeySecret();
      // Of two at once the second finds no such secret: were both written, one that was shown would be good for nothing.
      const { count } = await keys.updateMany({
        where: { id, secretHash: before.secretHash },
        data: {
          secretHash: hashSecret(secret),
          previousSecretHash: before.secretHash,
          previousSecretUntil: new Date(now.getTime() + graceSeconds * 1000),
          updatedAt: now,
        },
      });
      if (count === 0) throw changed();
      await callers.changed(id);
      return reply(200, shown(await readKey(database, id), secret));
    },
  });

  return [create, revoke, rotate];
}

function updateRoute({ database, callers, keyEnvironment }: KeyRoutesDependencies): Route {
  return defineRoute({
    ...ofOne,
    method: "patch",
    path: "/api/ai/admin/keys/{id}",
    id: "updateApiKey",
    summary: "Change an API key",
    description:
      "What is left out stays; null takes a bound away. A budget counts what the key has spent before as well.",
    body: apiKeyUpdate,
    answers: { 200: { description: "The key as it is now.", schema: apiKey } },
    problems: { 404: ["api_key_not_found"], 409: ["api_key_changed"] },
    async handle({ params: { id }, body, reply }) {
      const before = await readKey(database, id);
      refuseBound(before, body);
      const { updatedAt } = before;
      // Of two at once the second would be judged by what the first has changed.
      const { count } = await database.prisma.apiKey.updateMany({
        where: { id, updatedAt },
        data: columns(body, updatedAt, database.clock.now()),
      });
      if (count === 0) throw changed();
      await callers.changed(id);
      return reply(200, presentKey(await readKey(database, id), keyEnvironment, database.clock.now()));
    },
  });
}

async function readKey({ prisma }: Database, id: string): Promise<SpendingKeyRow> {
  const row = await prisma.apiKey.findUnique({ where: { id }, include: { account: true } });
  if (!row) throw noSuchKey();
  return row;
}

/** What is left out stays. */
function columns({ creatorIds, ...fields }: ApiKeyUpdate, before: Date, now: Date) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(creatorIds !== undefined && { creatorIds: creatorIds ?? [] }),
    // Later than before, also within one millisecond.
    updatedAt: new Date(Math.max(now.getTime(), before.getTime() + 1)),
  };
}

/** Who may do everything sees everything, and nobody lifts their own bounds. */
function refuseBound(before: KeyRow, { scopes = before.scopes as Scope[], creatorIds }: ApiKeyUpdate): void {
  const scope = unboundScopes.find((unbound) => scopes.includes(unbound));
  const isBound = creatorIds === undefined ? before.creatorIds.length > 0 : creatorIds !== null;
  if (scope === undefined || !isBound) return;
  const pointer = creatorIds ? "#/creatorIds" : "#/scopes";
  throw new ProblemError(
    400,
    "invalid_request",
    `A key with the scope ${scope} can't be bound to creators.`,
    {
      errors: [{ pointer, detail: `must not bind a key with the scope ${scope} to creators` }],
    },
  );
}

function noSuchKey(): ProblemError {
  return new ProblemError(404, "api_key_not_found", "No API key has that id.");
}

function changed(): ProblemError {
  return new ProblemError(409, "api_key_changed", "Another request changed the key at the same time.");
}

function ended(status: string): ProblemError {
  return new ProblemError(409, "api_key_ended", `The key is ${status}: make another one.`);
}
