import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AuditEntry, Creator, RegisteredModel, Roles } from "@understudy/contracts";
import { type Stack, startStack } from "@understudy/testkit";
import { problemOf } from "./problem-of.ts";

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ workers: 0 });
});

afterAll(() => stack.stop());

const rolesPath = "/api/ai/admin/roles";
const pathOf = (model: string) => `/api/ai/admin/models/gemini/${model}`;
const read = async <Body>(path: string) => (await (await stack.request("GET", path)).json()) as Body;
const models = async () => (await read<{ items: RegisteredModel[] }>("/api/ai/admin/models")).items;
const capabilities = {
  ...{ purpose: "generate", thinking: { by: "level", levels: ["LOW"] }, outputTokensMax: 8_192 },
  ...{ cacheTokensMin: null, input: ["text"], output: ["text"], structuredOutput: "responseJsonSchema" },
  ...{ ignored: [], refused: [] },
};

describe("models", () => {
  it("are listed with what they can do, where that was read, and what they answer for", async () => {
    const items = await models();
    expect(items.length).toBeGreaterThanOrEqual(18);
    expect(items.find(({ model }) => model === "gemini-2.5-flash")).toMatchObject({
      ...{ provider: "gemini", status: "deprecated", retiresAt: "2026-12-01T00:00:00.000Z" },
      ...{ routedTo: "gemini-3.5-flash-lite", roles: [] },
    });
    expect(items.find(({ model }) => model === "gemini-embedding-2")?.roles).toEqual(["embed"]);
  });

  it("are added and changed, on record", async () => {
    const added = await stack.request("PUT", pathOf("models%2Fgemini-7-flash"), {
      capabilities,
      source: "a test",
    });
    expect(added.status).toBe(200);
    const changed = await stack.request("PUT", pathOf("gemini-7-flash"), {
      ...{ status: "deprecated", retiresAt: "2027-01-01T00:00:00Z", routedTo: "gemini-3.8-flash" },
    });
    expect(await changed.json()).toMatchObject({
      ...{
        model: "gemini-7-flash",
        status: "deprecated",
        routedTo: "gemini-3.8-flash",
        source: "a test",
        capabilities,
      },
    });
    const { items } = await read<{ items: AuditEntry[] }>("/api/ai/admin/audit?operation=putModel&limit=1");
    expect(items).toMatchObject([
      {
        outcome: "ok",
        changes: { status: "deprecated", routedTo: "gemini-3.8-flash", retiresAt: expect.anything() },
      },
    ]);
  });

  it.each([
    ["gemini-7-new", {}, 400, "invalid_request", ["#/capabilities", "#/source"]],
    [
      "gemini-7-new",
      { capabilities: { ...capabilities, thinking: { by: "level", levels: ["HIGH", "LOW"] } }, source: "s" },
      400,
      "invalid_request",
      ["#/capabilities/thinking/levels"],
    ],
    ["gemini-7-new", { capabilities, source: "s", surprise: 1 }, 400, "invalid_request", ["#/surprise"]],
    ["gemini-3.8-flash", { routedTo: "gpt-9" }, 400, "invalid_request", ["#/routedTo"]],
    ["gemini-3.8-flash", { status: "unavailable" }, 400, "invalid_request", ["#/status"]],
    ["gemini-embedding-2", { status: "retired" }, 409, "role_left_empty", undefined],
  ] as const)("refuse of %s %j", async (model, body, status, code, pointers) => {
    const problem = await problemOf(await stack.request("PUT", pathOf(model), body));
    expect(problem).toMatchObject({ status, code });
    expect((problem.errors as { pointer: string }[] | undefined)?.map(({ pointer }) => pointer)).toEqual(
      pointers,
    );
  });
});

describe("roles", () => {
  it("are of all, or of a plan where they differ", async () => {
    const before = await read<Roles>(rolesPath);
    expect(before.roles.check).toEqual(["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]);
    const set = await stack.request("PUT", `${rolesPath}?plan=business`, {
      roles: { draft: ["gemini-3.8-flash"] },
    });
    expect(await set.json()).toEqual({ roles: { draft: ["gemini-3.8-flash"] } });
    expect(await read<Roles>(rolesPath)).toEqual(before);
    await stack.request("PUT", `${rolesPath}?plan=business`, { roles: { draft: null } });
    expect(await read<Roles>(`${rolesPath}?plan=business`)).toEqual({ roles: {} });
    expect(await problemOf(await stack.request("GET", `${rolesPath}?plan=none`))).toMatchObject({
      code: "plan_not_found",
    });
  });

  it.each([
    [{ roles: { draft: ["gpt-9"] } }, 409, "role_left_empty"],
    [{ roles: { draft: ["gemini-2.0-flash-exp"] } }, 409, "role_left_empty"],
    [{ roles: { draft: [] } }, 400, "invalid_request"],
    [{ roles: { draft: null } }, 400, "invalid_request"],
    [{ roles: { dance: ["gemini-3.8-flash"] } }, 400, "invalid_request"],
  ])("refuse %j", async (body, status, code) => {
    expect(await problemOf(await stack.request("PUT", rolesPath, body))).toMatchObject({ status, code });
  });

  it("may be a creator's own, for who may set terms alone", async () => {
    const path = "/api/ai/creators/ann";
    const set = await stack.request("PUT", path, { roles: { draft: ["gemini-3.8-flash"] } });
    expect(((await set.json()) as Creator).roles).toEqual({ draft: ["gemini-3.8-flash"] });
    const accepted = await stack.request("POST", "/api/ai/chat", {
      creatorId: "ann",
      fanId: "f",
      message: "hi",
    });
    const { id } = (await accepted.json()) as { id: string };
    expect((await stack.job(id)).model).toBe("gemini-3.8-flash");
    expect(
      await problemOf(await stack.request("PUT", path, { roles: { draft: ["gpt-9"] }, plan: "pro" })),
    ).toMatchObject({
      code: "role_left_empty",
    });
    expect(await read<Creator>(path)).toMatchObject({
      plan: "starter",
      roles: { draft: ["gemini-3.8-flash"] },
    });
    const cleared = (await (await stack.request("PUT", path, { roles: null })).json()) as Creator;
    expect(cleared.roles).toBeUndefined();
    const key = await stack.request("POST", "/api/ai/admin/keys", {
      name: "profiles",
      scopes: ["creators:write"],
    });
    const { key: secret } = (await key.json()) as { key: string };
    const headers = { authorization: `Bearer ${secret}` };
    const refused = await stack.request("PUT", path, { roles: { draft: ["gemini-3.8-flash"] } }, headers);
    expect(await problemOf(refused)).toMatchObject({ status: 403, scope: "terms:write" });
  });
});
