import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { newPrice } from "@understudy/contracts";
import { PriceBook } from "@understudy/ledger";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { addModelPrice } from "../src/add-price.ts";
import { changeModel, changeRoles } from "../src/change-models.ts";
import { ModelRegistry } from "../src/model-registry.ts";

/** A price of nothing ends a model's calls: a role must have another model then. */

const { database } = await openSuiteDatabase();
const { prisma } = database;

const seeded = {
  prices: await prisma.price.findMany({ select: { id: true } }),
  roles: await prisma.roleModels.findMany(),
};

let registry: ModelRegistry;

beforeEach(() => {
  registry = new ModelRegistry(database, new PriceBook(database));
});

afterEach(async () => {
  await prisma.$transaction([
    // A price can't be deleted by other means.
    prisma.$executeRaw`SET LOCAL session_replication_role = replica`,
    prisma.price.deleteMany({ where: { id: { notIn: seeded.prices.map(({ id }) => id) } } }),
    prisma.roleModels.deleteMany(),
  ]);
  await prisma.roleModels.createMany({ data: seeded.roles.map(({ id: _, ...row }) => row) });
});

/** Those of each text role, in order. */
const [first, second] = ["gemini-3.5-flash-lite", "gemini-3.1-flash-lite"] as const;

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

async function add(model: string, price: object = {}, of = registry) {
  const nothing = { inputUsd: "0", outputUsd: "0", cachedUsd: "0", source: "a test" };
  return (await addModelPrice(database, of, newPrice.parse({ model, ...nothing, ...price }))).kind;
}

const text = ["draft", "check", "offer", "caption", "explain", "summary"];

it("ends a model that has another beside it in its roles, and not that one as well", async () => {
  expect(await add(first, { validFrom: inDays(2) })).toBe("added");
  const last = newPrice.parse({
    ...{ model: `models/${second}-001`, validFrom: inDays(3) },
    ...{ inputUsd: "0", outputUsd: "1", cachedUsd: "0", source: "a test" },
  });
  const refused = await addModelPrice(database, registry, last);
  expect(refused).toEqual({ kind: "leaves_empty", roles: expect.arrayContaining(text) });
  expect(refused).toMatchObject({ roles: { length: text.length } });
  expect(await prisma.price.count({ where: { model: second, outputUsd: 1 } })).toBe(0);
});

it("is judged by all times from then on", async () => {
  expect(await add(first, { validFrom: inDays(5) })).toBe("added");
  // Both would cost nothing in three days, though the other one is priced yet when this one ends.
  expect(await add(second, { validFrom: inDays(2) })).toBe("leaves_empty");
  // Before the first one ends this one has a price again.
  const again = { inputUsd: "1", outputUsd: "2", validFrom: inDays(4) };
  expect(await add(second, again)).toBe("added");
  expect(await add(second, { validFrom: inDays(2) })).toBe("added");
});

it("counts lists of a plan and of a creator, and GEMINI_MODEL", async () => {
  expect(await add("gemini-3.6-flash", { validFrom: inDays(1) })).toBe("added");
  await changeRoles(database, registry, { planName: "pro" }, { offer: ["gemini-3.8-flash"] });
  expect(await add("gemini-3.8-flash", { validFrom: inDays(1) })).toBe("leaves_empty");
  const preferring = new ModelRegistry(database, new PriceBook(database), {
    preferred: "gemini-3.1-pro-preview",
  });
  expect(await add("gemini-3.1-pro-preview", { validFrom: inDays(1) }, preferring)).toBe("leaves_empty");
  expect(await add("gemini-3.1-pro-preview", { validFrom: inDays(1) })).toBe("added");
});

it("leaves alone what no role is called by: other tiers, providers and regions, and models in none", async () => {
  const validFrom = inDays(1);
  expect(await add(first, { validFrom })).toBe("added");
  expect(await add(second, { validFrom, serviceTier: "flex" })).toBe("added");
  expect(await add(second, { validFrom, provider: "vertex" })).toBe("added");
  expect(await add(second, { validFrom, regionClass: "regional" })).toBe("added");
  expect(await add("gemini-9-nobody")).toBe("added");
});

it("of input ends what embeds, which has no output that costs", async () => {
  const price = { inputUsd: "0.2", validFrom: inDays(1) };
  expect(await add("gemini-embedding-2", price)).toBe("added");
  expect(await add("gemini-embedding-2", { validFrom: inDays(2) })).toBe("leaves_empty");
});

it("that is to come counts where models and roles are changed before", async () => {
  expect(await add(first, { validFrom: inDays(2) })).toBe("added");
  expect(await changeRoles(database, registry, {}, { draft: [first] })).toMatchObject({
    kind: "leaves_empty",
  });
  expect(await changeRoles(database, registry, {}, { draft: [first, "gemini-3.8-flash"] })).toMatchObject({
    kind: "changed",
  });
  const at = { provider: "gemini", model: second };
  const retired = await changeModel(database, registry, at, { status: "retired" });
  expect(retired).toMatchObject({ kind: "leaves_empty", roles: expect.arrayContaining(["check"]) });
});
