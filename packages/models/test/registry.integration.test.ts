import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { modelRoles, modelUpdate } from "@understudy/contracts";
import { outputLimits, PriceBook } from "@understudy/ledger";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { changeModel, changeRoles, rolesFor } from "../src/change-models.ts";
import { listModels } from "../src/list-models.ts";
import { ModelRegistry } from "../src/model-registry.ts";
import { worstCasesOf } from "../src/necessary-room.ts";
import { requireModels } from "../src/require-models.ts";

const { database } = await openSuiteDatabase();
const project = { provider: "gemini", project: "ours", apiVersion: "v1beta" };

let registry: ModelRegistry;

beforeEach(() => {
  registry = open();
});

/** As it was sown. */
const seeded = {
  models: await database.prisma.model.findMany(),
  roles: await database.prisma.roleModels.findMany(),
};
afterEach(async () => {
  const { prisma } = database;
  await prisma.$transaction([
    prisma.modelUnavailable.deleteMany(),
    prisma.roleModels.deleteMany(),
    prisma.model.deleteMany(),
    prisma.model.createMany({
      data: seeded.models.map((row) => ({ ...row, capabilities: row.capabilities as object })),
    }),
    prisma.roleModels.createMany({ data: seeded.roles.map(({ id: _, ...row }) => row) }),
  ]);
});

function open(options: ConstructorParameters<typeof ModelRegistry>[2] = { project }): ModelRegistry {
  return new ModelRegistry(database, new PriceBook(database), options);
}

const everybody = { creatorId: "psy", plan: "starter" };

async function namesOf(wish: object = {}, tier: "standard" | "flex" = "standard", of = registry) {
  const found = await of.candidates({ role: "draft", ...everybody, ...wish }, tier);
  return found.kind === "callable" ? found.candidates.map(({ model }) => model) : found;
}

const text = { output: ["text"], input: ["text"], purpose: "generate", ignored: [], refused: [] };
const capabilities = {
  ...text,
  thinking: { by: "level", levels: ["LOW", "HIGH"] },
  outputTokensMax: 65_536,
  cacheTokensMin: null,
  structuredOutput: "responseJsonSchema",
};

const change = (model: string, body: object) =>
  changeModel(database, registry, { provider: "gemini", model }, modelUpdate.parse(body));

async function price(model: string, inputUsd = "1", outputUsd = "2", validFrom = new Date(0)) {
  const rates = { inputUsd, outputUsd, cachedUsd: "0", audioInputUsd: "0", audioCachedUsd: "0" };
  await database.prisma.price.create({
    data: { model, serviceTier: "standard", validFrom, ...rates, source: "a test" },
  });
}

describe("as it is sown", () => {
  it("has a model that can be called for each role, and nothing starts without", async () => {
    expect(await registry.faults()).toEqual([]);
    await expect(requireModels(registry)).resolves.toBeUndefined();
    for (const role of modelRoles.filter((role) => role !== "embed"))
      expect(await namesOf({ role })).toEqual(["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]);
  });

  it.each([
    ["gemini-4-neon", { thinkingLevel: "LOW" }, 65_536],
    ["gemini-4-argon", { thinkingLevel: "LOW" }, 32_768],
    ["gemini-3.8-flash", { thinkingLevel: "LOW" }, 65_536],
    ["gemini-3.6-flash", { thinkingLevel: "MINIMAL" }, 65_536],
    ["gemini-3.5-flash-lite", { thinkingLevel: "MINIMAL" }, 65_536],
    ["gemini-3.1-pro-preview", { thinkingLevel: "LOW" }, 65_536],
    ["gemini-2.5-flash-lite", { thinkingBudget: 0 }, 30_000 + 24_576],
  ])("asks %s for %j, and for at most %i tokens", async (model, thinking, outputMax) => {
    const found = await registry.candidates({ role: "draft", ...everybody, model }, "standard");
    if (found.kind !== "callable") throw new Error("It can't be called.");
    const [{ capabilities }] = found.candidates;
    const limits = outputLimits(capabilities, { maxOutputTokens: 30_000, thinkingBudget: 40_000 });
    expect(limits.maxOutputTokens).toBe(outputMax);
    expect(outputLimits(capabilities, { maxOutputTokens: 9 }).thinking).toEqual(thinking);
  });

  it("never calls what is retired, though it has a price", async () => {
    expect(await namesOf({ model: "gemini-2.0-flash-exp" })).toMatchObject({
      kind: "unknown_model",
      model: "gemini-2.0-flash-exp",
    });
    expect(await registry.callable()).not.toContain("gemini-2.0-flash-exp");
    expect(await registry.callable()).not.toContain("gemini-embedding-2");
    expect((await listModels(registry)).find(({ model }) => model === "gemini-2.0-flash-exp")?.status).toBe(
      "retired",
    );
  });

  it("holds for who may answer in a model's place, one after the other", async () => {
    const found = await registry.candidates(
      { role: "draft", ...everybody, model: "models/gemini-3.7-flash-001" },
      "standard",
    );
    if (found.kind !== "callable") throw new Error("It can't be called.");
    const [{ routedTo, prices, model }] = found.candidates;
    expect(model).toBe("models/gemini-3.7-flash-001");
    expect(routedTo).toEqual(["gemini-3.8-flash"]);
    expect([...new Set(prices.map((price) => price.model))]).toEqual([
      "gemini-3.7-flash",
      "gemini-3.8-flash",
    ]);
  });
});

describe("the models of a role", () => {
  it("are GEMINI_MODEL first where it is set, for texts alone", async () => {
    const preferring = open({ preferred: "gemini-3.8-flash" });
    expect(await namesOf({}, "standard", preferring)).toEqual([
      "gemini-3.8-flash",
      "gemini-3.5-flash-lite",
      "gemini-3.1-flash-lite",
    ]);
    expect(await namesOf({ role: "check" }, "standard", preferring)).toEqual(
      await namesOf({ role: "check" }),
    );
    expect(await open({ preferred: "gpt-9" }).faults()).toEqual([
      expect.stringContaining("GEMINI_MODEL: gpt-9 has no price"),
    ]);
    await expect(requireModels(open({ preferred: "gpt-9" }))).rejects.toThrow("GEMINI_MODEL: gpt-9");
  });

  it("are the creator's, else the plan's, else those of all", async () => {
    await database.prisma.creator.create({ data: { id: "ann" } });
    await changeRoles(database, registry, { planName: "business" }, { draft: ["gemini-3.8-flash"] });
    await changeRoles(database, registry, { creatorId: "ann" }, { draft: ["gemini-3.6-flash"] });
    expect(await namesOf({ plan: "business" })).toEqual(["gemini-3.8-flash"]);
    expect(await namesOf({ plan: "business", creatorId: "ann" })).toEqual(["gemini-3.6-flash"]);
    expect(await namesOf()).toEqual(["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]);
    expect([await registry.isByPlan(), await open().isByPlan()]).toEqual([true, true]);
    expect(await rolesFor(registry, { planName: "business" })).toEqual({ draft: ["gemini-3.8-flash"] });
    await changeRoles(database, registry, { planName: "business" }, { draft: null });
    expect(await rolesFor(registry, { planName: "business" })).toEqual({});
    await database.prisma.creator.delete({ where: { id: "ann" } });
    registry.refresh();
    expect(await rolesFor(registry, { creatorId: "ann" })).toEqual({});
  });

  it("are whole whoever else sets them at the same time", async () => {
    const lists = [["gemini-3.8-flash"], ["gemini-3.6-flash", "gemini-3.8-flash"], ["gemini-3.5-flash-lite"]];
    const all = Array.from({ length: 30 }, (_, index) => lists[index % lists.length] ?? []);
    const changes = await Promise.all(
      all.map((models, index) =>
        changeRoles(
          database,
          open(),
          { planName: "pro" },
          index % 4 === 3 ? { offer: null } : { offer: models, draft: models },
        ),
      ),
    );
    expect(changes.every(({ kind }) => kind === "changed")).toBe(true);
    registry.refresh();
    expect(lists).toContainEqual((await rolesFor(registry, { planName: "pro" })).draft);
  });

  it("can't be such that none can be called, and are changed all or not at all", async () => {
    const before = await rolesFor(registry, {});
    const roles = { check: ["gemini-3.8-flash"], draft: ["gpt-9", "gemini-2.0-flash-exp"] };
    expect(await changeRoles(database, registry, {}, roles)).toEqual({ kind: "leaves_empty", role: "draft" });
    expect(await changeRoles(database, registry, {}, { offer: null })).toEqual({
      kind: "is_needed",
      role: "offer",
    });
    const embedding = { draft: ["gemini-embedding-2"] };
    expect(await changeRoles(database, registry, {}, embedding)).toMatchObject({ kind: "leaves_empty" });
    expect(await rolesFor(registry, {})).toEqual(before);
    expect(await changeRoles(database, registry, {}, { draft: ["gpt-9", "gemini-3.8-flash"] })).toEqual({
      kind: "changed",
    });
    expect(await namesOf()).toEqual(["gemini-3.8-flash"]);
    expect(await namesOf({ role: "check" })).toEqual(["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]);
  });
});

describe("a change of a model", () => {
  it("adds one with what it can do and where that was read; it is called once it has a price", async () => {
    expect(await change("gemini-5-flash", {})).toEqual({
      kind: "incomplete",
      missing: ["capabilities", "source"],
    });
    const added = await change("models/gemini-5-flash-001", {
      capabilities,
      source: "a test",
      status: "active",
    });
    expect(added).toMatchObject({
      kind: "changed",
      model: { model: "gemini-5-flash", status: "active", roles: [] },
    });
    expect(await namesOf({ model: "gemini-5-flash" })).toMatchObject({ kind: "unknown_model" });
    await price("gemini-5-flash");
    registry = open();
    expect(await namesOf({ model: "gemini-5-flash" })).toEqual(["gemini-5-flash"]);
    expect(await namesOf({ model: "gemini-5-flash" }, "flex")).toMatchObject({ kind: "unknown_model" });
  });

  it("leaves what is not said, and can't leave a role empty or name a successor that nobody knows", async () => {
    const kept = await change("gemini-3.8-flash", { retiresAt: "2027-09-02T00:00:00Z" });
    expect(kept).toMatchObject({ model: { retiresAt: "2027-09-02T00:00:00.000Z", status: "active" } });
    expect(await change("gemini-3.8-flash", { routedTo: "gpt-9" })).toEqual({ kind: "unknown_successor" });
    expect(await change("gemini-3.1-flash-lite", { status: "retired" })).toMatchObject({ kind: "changed" });
    const last = await change("gemini-3.5-flash-lite", { status: "retired" });
    expect(last).toMatchObject({ kind: "leaves_empty", roles: expect.arrayContaining(["draft", "check"]) });
    const drawn = { ...capabilities, output: ["text", "image"] };
    const embedding = { ...capabilities, purpose: "embed", output: [] };
    const wordless = { ...capabilities, structuredOutput: null };
    for (const can of [embedding, wordless])
      expect(await change("gemini-3.5-flash-lite", { capabilities: can })).toMatchObject({
        kind: "leaves_empty",
      });
    expect(await change("gemini-embedding-2", { capabilities })).toEqual({
      kind: "leaves_empty",
      roles: ["embed"],
    });
    expect(await change("gemini-3.5-flash-lite", { capabilities: drawn })).toMatchObject({
      kind: "leaves_empty",
    });
  });

  it("can't take away what a role names otherwise, or what GEMINI_MODEL names", async () => {
    await changeRoles(database, registry, {}, { offer: ["models/gemini-3.8-flash-001"] });
    expect((await rolesFor(registry, {})).offer).toEqual(["gemini-3.8-flash"]);
    expect(await change("gemini-3.8-flash", { status: "retired" })).toEqual({
      kind: "leaves_empty",
      roles: ["offer"],
    });
    const preferring = open({ preferred: "gemini-3.6-flash" });
    const at = { provider: "gemini", model: "gemini-3.6-flash" };
    const retired = modelUpdate.parse({ status: "retired" });
    expect(await changeModel(database, preferring, at, retired)).toMatchObject({ kind: "leaves_empty" });
    expect(await change("gemini-3.6-flash", { status: "retired" })).toMatchObject({ kind: "changed" });
  });

  it("of another provider is kept, and changes nothing for ours", async () => {
    const at = { provider: "vertex", model: "gemini-3.5-flash-lite" };
    const bare = await changeModel(database, registry, at, modelUpdate.parse({ source: "a test" }));
    expect(bare).toEqual({ kind: "incomplete", missing: ["capabilities"] });
    const whole = modelUpdate.parse({ capabilities, source: "a test", status: "retired" });
    expect(await changeModel(database, registry, at, whole)).toMatchObject({
      kind: "changed",
      model: { provider: "vertex", status: "retired", roles: [] },
    });
    expect(await namesOf()).toEqual(["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"]);
    const listed = (await listModels(registry)).filter(({ model }) => model === at.model);
    expect(listed.map(({ provider, status }) => [provider, status])).toEqual([
      ["gemini", "active"],
      ["vertex", "retired"],
    ]);
  });

  it("that can't be read stops that model alone, and can be set right", async () => {
    const where = { provider_model: { provider: "gemini", model: "gemini-3.5-flash-lite" } };
    await database.prisma.model.update({ where, data: { capabilities: { surprise: 1 } } });
    registry = open();
    expect(await namesOf()).toEqual(["gemini-3.1-flash-lite"]);
    await change("gemini-3.5-flash-lite", { capabilities, source: "a test" });
    expect(await namesOf()).toHaveLength(2);
  });

  it("is seen by another process that asks for a model which it does not know", async () => {
    const other = open();
    expect(await namesOf({ model: "gemini-5-nano" }, "standard", other)).toMatchObject({
      kind: "unknown_model",
    });
    await change("gemini-5-nano", { capabilities, source: "a test" });
    await price("gemini-5-nano");
    // It asks Postgres again after a second.
    const deadline = Date.now() + 10_000;
    let found: unknown;
    do found = await namesOf({ model: "gemini-5-nano" }, "standard", other);
    while (!Array.isArray(found) && Date.now() < deadline);
    expect(found).toEqual(["gemini-5-nano"]);
  });

  it.each([
    ["output of other kinds", "gemini-5-image", { ...capabilities, output: ["image"] }, "1", "2"],
    ["a price of nothing", "gemini-5-free", capabilities, "0", "0"],
  ])("makes none callable with %s", async (_what, model, can, inputUsd, outputUsd) => {
    await change(model, { capabilities: can, source: "a test" });
    await price(model, inputUsd, outputUsd);
    registry = open();
    expect(await namesOf({ model })).toMatchObject({ kind: "unknown_model" });
  });
});

describe("a model that the provider does not have", () => {
  it("comes last, of this project alone, until an operator says otherwise", async () => {
    expect(await registry.markUnavailable("gemini-3.5-flash-lite")).toBe(true);
    expect(await registry.markUnavailable("gemini-3.5-flash-lite")).toBe(false);
    expect(await namesOf()).toEqual(["gemini-3.1-flash-lite"]);
    expect(await namesOf({}, "standard", open({ project: { ...project, apiVersion: "v1" } }))).toHaveLength(
      2,
    );
    const [told] = (await listModels(registry)).filter(({ model }) => model === "gemini-3.5-flash-lite");
    expect(told).toMatchObject({ status: "unavailable", roles: expect.arrayContaining(["check"]) });
    await change("gemini-3.5-flash-lite", { status: "active" });
    expect(await namesOf()).toHaveLength(2);
  });

  it("is there again once it has answered, for that project and version alone", async () => {
    const other = open({ project: { ...project, apiVersion: "v1" } });
    for (const one of [registry, other]) await one.markUnavailable("gemini-3.5-flash-lite");
    await registry.markUnavailable("gemini-3.1-flash-lite");
    await registry.markAvailable("gemini-3.5-flash-lite");
    expect(await namesOf()).toEqual(["gemini-3.5-flash-lite"]);
    expect(await namesOf({}, "standard", other)).toEqual(["gemini-3.1-flash-lite"]);
  });

  it("is asked again where there is no other, and after a day", async () => {
    for (const model of ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"])
      await registry.markUnavailable(model);
    expect(await namesOf()).toHaveLength(2);
    const since = new Date(Date.now() - 25 * 3_600_000);
    await database.prisma.modelUnavailable.updateMany({ data: { since } });
    expect((await listModels(open())).some(({ status }) => status === "unavailable")).toBe(false);
  });
});

describe("what a job must have room for", () => {
  const step = {
    role: "draft",
    system: "",
    partsBytesMax: 1_000,
    maxOutputTokens: 100,
  } as const;
  const worst = async (whose: object = everybody, more: object = {}) => {
    const found = await worstCasesOf(registry, new Map([["draft", { ...step, ...more }]]), {
      creatorId: "psy",
      ...whose,
    });
    return found.byStep.get("draft")?.toNumber() ?? found.unknownModel;
  };

  it("is the dearest of the models that may answer, and of who may answer in their place", async () => {
    const lite = await worst();
    expect(await worst(everybody, { model: "gemini-3.5-flash-lite" })).toBe(lite);
    await changeRoles(database, registry, {}, { draft: ["gemini-3.5-flash-lite", "gemini-4-neon"] });
    expect(await worst()).toBeGreaterThan(Number(lite) * 5);
    await change("gemini-3.5-flash-lite", { routedTo: "gemini-4-neon" });
    expect(await worst(everybody, { model: "gemini-3.5-flash-lite" })).toBeGreaterThan(Number(lite) * 5);
    expect(await worst(everybody, { model: "gpt-9" })).toBe("gpt-9");
  });

  it("is that of the standard tier where another may be served as such, and is dearer", async () => {
    const held = async (serviceTier: "standard" | "flex" | "priority") =>
      Number(await worst(everybody, { serviceTier }));
    expect(await held("flex")).toBe(await held("standard"));
    expect(await held("priority")).toBeGreaterThan(await held("standard"));
  });

  it("is of no model that can't answer in a form, where it has to", async () => {
    await change("gemini-3.5-flash-lite", { capabilities: { ...capabilities, structuredOutput: null } });
    expect(await namesOf({ isStructured: true })).toEqual(["gemini-3.1-flash-lite"]);
    expect(await namesOf({})).toHaveLength(2);
  });

  it("covers a price that begins before the call can", async () => {
    await change("gemini-5-soon", { capabilities, source: "a test" });
    await price("gemini-5-soon");
    await price("gemini-5-soon", "100", "200", new Date(Date.now() + 30_000));
    await price("gemini-5-soon", "10000", "20000", new Date(Date.now() + 3_600_000));
    registry = open();
    const found = await registry.candidates(
      { role: "draft", ...everybody, model: "gemini-5-soon" },
      "standard",
    );
    if (found.kind !== "callable") throw new Error("It can't be called.");
    expect(found.candidates[0].prices.map(({ inputUsd }) => inputUsd.toFixed())).toEqual(["1", "100"]);
  });
});
