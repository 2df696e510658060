import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Job } from "@understudy/contracts";
import { applyMigrations } from "@understudy/database";
import {
  assertInvariants,
  eventually,
  type ServiceProcess,
  type Stack,
  spawnService,
  startStack,
  testSecretsKeys,
} from "@understudy/testkit";

let stack: Stack;
let api: ServiceProcess | undefined;
/** Roles are of the whole server, which other tests use as well. */
const role = { name: `app_${randomBytes(6).toString("hex")}`, password: "of the tests alone" };

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await api?.stop();
  for (const worker of stack.workers) await worker.stop();
  await stack.database.prisma.$executeRawUnsafe(`DROP OWNED BY ${role.name}`);
  await stack.database.prisma.$executeRawUnsafe(`DROP ROLE ${role.name}`);
  await stack.stop();
});

it("API and worker do all that they do as a role that owns nothing", async () => {
  await applyMigrations(stack.databaseUrl, undefined, role);
  const url = new URL(stack.databaseUrl);
  Object.assign(url, { username: role.name, password: encodeURIComponent(role.password) });
  const DATABASE_URL = url.href;
  await stack.workers[0]?.stop();
  const worker = await stack.addWorker({ DATABASE_URL });
  api = await spawnService("api", {
    ...{ DATABASE_URL, REDIS_URL: stack.redis.url, GEMINI_BASE_URL: stack.emulatorUrl, PORT: "0" },
    ...{ UNDERSTUDY_ADMIN_KEY: stack.adminKey, UNDERSTUDY_SECRETS_KEYS: testSecretsKeys },
  });
  const ask = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${api?.details.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${stack.adminKey}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect({ path, status: response.status }).toMatchObject({ path, status: expect.any(Number) });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
  };
  await ask("PUT", "/api/ai/creators/psy", { plan: "business" });
  await ask("POST", "/api/ai/admin/keys", { name: "app", scopes: ["jobs:write"] });
  await ask("POST", "/api/ai/session", { key: stack.adminKey });
  const { id } = await ask<Job>("POST", "/api/ai/chat", {
    creatorId: "psy",
    fanId: "f",
    message: "Hi, how are you?",
  });
  await eventually(async () =>
    expect(await ask<Job>("GET", `/api/ai/jobs/${id}`)).toMatchObject({ status: "completed" }),
  );
  await ask("DELETE", "/api/ai/creators/psy/fans/f");
  await ask("GET", "/api/ai/admin/audit");
  await ask("GET", "/readyz");
  expect(worker.output()).not.toMatch(/permission denied/);
  expect(api.output()).not.toMatch(/permission denied/);
  await assertInvariants(stack, [id]);
});
