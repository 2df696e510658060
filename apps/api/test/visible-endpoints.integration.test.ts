import { beforeAll, describe, expect, it } from "@jest/globals";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { adminCaller, type Caller, nobody } from "../src/http/caller.ts";
import { callbackFor } from "../src/webhooks/callback.ts";
import {
  findEndpoint,
  hearsOf,
  seesEndpoint,
  visibleDeliveries,
  visibleEndpoints,
} from "../src/webhooks/visible-endpoints.ts";

const { database } = await openSuiteDatabase(4);

const boundTo = (...creatorIds: string[]): Caller => ({ ...adminCaller, creatorIds: new Set(creatorIds) });

/** Of whom each endpoint hears. */
const endpoints: Record<string, string[]> = {
  of_all: [],
  of_psy: ["psy"],
  of_both: ["psy", "eminem"],
  of_eminem: ["eminem"],
  of_three: ["psy", "eminem", "rihanna"],
};

/** Which of them exist for whom. */
const visible: [Caller, string[]][] = [
  [adminCaller, Object.keys(endpoints)],
  [boundTo("psy"), ["of_psy"]],
  [boundTo("psy", "eminem"), ["of_psy", "of_both", "of_eminem"]],
  [boundTo("rihanna"), []],
  [nobody, []],
];

beforeAll(async () => {
  const common = { events: ["job.completed"], secret: Buffer.from("s"), secretKeyId: "k" };
  const { webhookEndpoint } = database.prisma;
  for (const [id, creatorIds] of Object.entries(endpoints))
    await webhookEndpoint.create({ data: { ...common, id, creatorIds, url: `https://${id}.test/hook` } });
  const deleted = { id: "deleted", creatorIds: ["psy"], deletedAt: new Date() };
  await webhookEndpoint.create({ data: { ...common, ...deleted, url: "https://deleted.test/hook" } });
});

describe("a webhook endpoint exists for a caller", () => {
  it.each(visible)("alone and in lists: %#", async (caller, ids) => {
    const found = await Promise.all(
      [...Object.keys(endpoints), "deleted", "none"].map((id) => findEndpoint(database, caller, id)),
    );
    expect(found.flatMap((row) => row?.id ?? [])).toEqual(ids);
    const where = await visibleEndpoints(database, caller);
    const listed = await database.prisma.webhookEndpoint.findMany({ where });
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const seen = Object.entries(endpoints).filter(([, creatorIds]) => seesEndpoint(caller, { creatorIds }));
    expect(seen.map(([id]) => id)).toEqual(ids);
  });
});

describe("of what was delivered a caller sees", () => {
  it("what its creators did and tests, and nothing that is about nobody", async () => {
    const delivered = { of_psy: "psy", of_eminem: "eminem", of_nobody: null, test: null };
    for (const [id, creatorId] of Object.entries(delivered)) {
      const type = id === "test" ? "webhook.test" : "job.completed";
      await database.prisma.outbox.create({ data: { id, type, creatorId, payload: {} } });
      const data = { id, endpointId: "of_all", eventId: id, type, creatorId };
      await database.prisma.delivery.create({ data });
    }
    const seen = async (caller: Caller) => {
      const rows = await database.prisma.delivery.findMany({ where: visibleDeliveries(caller) });
      return rows.map(({ id }) => id).sort();
    };
    expect(await seen(boundTo("psy"))).toEqual(["of_psy", "test"]);
    expect(await seen(boundTo("psy", "eminem"))).toEqual(["of_eminem", "of_psy", "test"]);
    expect(await seen(boundTo("rihanna"))).toEqual(["test"]);
    expect(await seen(adminCaller)).toEqual(["of_eminem", "of_nobody", "of_psy", "test"]);
  });
});

describe("of whom an endpoint is to hear", () => {
  it("is as it was asked, and for a bound key all of its creators where none is named", () => {
    expect(hearsOf(adminCaller, [])).toEqual([]);
    expect(hearsOf(adminCaller, ["psy", "rihanna"])).toEqual(["psy", "rihanna"]);
    expect(hearsOf(boundTo("psy", "eminem"), ["eminem"])).toEqual(["eminem"]);
    expect(hearsOf(boundTo("psy", "eminem"), [])).toEqual(["psy", "eminem"]);
  });

  it.each([[["rihanna"]], [["psy", "rihanna"]]])("is never another's: %j", (asked) => {
    const unknown = { status: 404, code: "creator_not_found", message: "There is no creator rihanna." };
    expect(() => hearsOf(boundTo("psy"), asked)).toThrow(expect.objectContaining(unknown));
  });
});

describe("a job's callbackUrl", () => {
  const endpointFor = (caller: Caller, creatorId: string, url: string) =>
    callbackFor(database, caller, creatorId, url).then(
      ({ callbackUrl, callbackEndpointId }) => (callbackUrl === url ? callbackEndpointId : callbackUrl),
      (error: { status: number; code: string }) => `${error.status} ${error.code}`,
    );
  const refused = "400 callback_not_allowed";

  it("belongs to an endpoint that hears of its creator and exists for its caller", async () => {
    const of = (caller: Caller, creatorId: string) =>
      Promise.all(
        ["of_all", "of_psy", "of_both", "of_eminem", "deleted"].map(async (id) => {
          const found = await endpointFor(caller, creatorId, `https://${id}.test/hook/1`);
          return found === refused ? "" : found;
        }),
      );
    expect(await of(adminCaller, "psy")).toEqual(["of_all", "of_psy", "of_both", "", ""]);
    expect(await of(adminCaller, "rihanna")).toEqual(["of_all", "", "", "", ""]);
    expect(await of(boundTo("psy"), "psy")).toEqual(["", "of_psy", "", "", ""]);
    expect(await of(boundTo("psy", "eminem"), "eminem")).toEqual(["", "", "of_both", "of_eminem", ""]);
  });

  it.each([
    ["https://of_all.test/hook", "of_all"],
    ["https://of_all.test/hook/", "of_all"],
    ["https://of_all.test/hook?x=1", "of_all"],
    ["https://of_all.test/hook#part", "of_all"],
    ["https://of_all.test/hook&x=1", "of_all"],
    ["https://of_all.test/hooks", refused],
    ["https://of_all.test/", refused],
    ["https://of_all.test.evil/hook/1", refused],
    ["https://of_all.test/hook/../other", refused],
    ["https://of_all.test:8443/hook", refused],
    ["http://of_all.test/hook", refused],
    ["https://user@of_all.test/hook", refused],
    ["https://:password@of_all.test/hook", refused],
  ])("of %s belongs to %s", async (url, endpoint) => {
    expect(await endpointFor(adminCaller, "psy", url)).toBe(endpoint);
  });

  it("belongs to the most exact of several, whichever was registered first", async () => {
    const common = { events: ["job.completed"], creatorIds: [], secret: Buffer.from("s"), secretKeyId: "k" };
    for (const [id, path] of [
      ["shorter", "/a/"],
      ["exact", "/a/b?c="],
      ["short", "/"],
    ] as const) {
      const data = { ...common, id, url: `https://several.test${path}` };
      await database.prisma.webhookEndpoint.create({ data });
    }
    for (const [path, id] of [
      ["/a/b?c=1", "exact"],
      ["/a/c", "shorter"],
      ["/b", "short"],
    ] as const)
      expect(await endpointFor(adminCaller, "psy", `https://several.test${path}`)).toBe(id);
  });

  it("that is refused says where, and what it must begin with", async () => {
    await expect(callbackFor(database, adminCaller, "psy", "https://none.test/")).rejects.toMatchObject({
      message: "No webhook endpoint is registered for that callbackUrl and creator.",
      options: {
        errors: [
          { pointer: "#/options/callbackUrl", detail: "must begin with the URL of a registered endpoint" },
        ],
      },
    });
  });
});
