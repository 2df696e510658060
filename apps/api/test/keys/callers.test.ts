import { EventEmitter } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { scopes } from "@understudy/contracts";
import type { Caller } from "../../src/http/caller.ts";
import { Callers, type CallersDependencies } from "../../src/keys/callers.ts";
import type { KeyRow } from "../../src/keys/key-row.ts";
import { newKeySecret } from "../../src/keys/key-text.ts";
import { aMinuteAgo, inAMinute, keyRow } from "./key-rows.ts";

const adminKey = "us_live_admin_0123456789abcdefghijklmnop";

/** Knows the keys of some rows, which may be changed. */
function knowing(...rows: KeyRow[]) {
  const told: string[] = [];
  const used: string[] = [];
  let reads = 0;
  const findMany = async ({ where }: { where: { id: { in: string[] } } }) => {
    reads++;
    return rows.filter(({ id }) => where.id.in.includes(id));
  };
  const changes = Object.assign(new EventEmitter(), { subscribe: async () => {} });
  const callers = new Callers({
    database: { prisma: { apiKey: { findMany } }, clock: { now: () => new Date() } },
    redis: { publish: async (_channel: string, id: string) => told.push(id) },
    changes,
    lastUses: { note: (id: string) => used.push(id) },
    adminKey,
    keyEnvironment: "live",
  } as unknown as CallersDependencies);
  return { callers, changes, told, used, reads: () => reads };
}

const refused = (detail: string | RegExp) =>
  expect.objectContaining({
    status: 401,
    code: "invalid_api_key",
    message: typeof detail === "string" ? detail : expect.stringMatching(detail),
    options: expect.objectContaining({ headers: { "www-authenticate": 'Bearer realm="understudy"' } }),
  });

const thrownBy = (asked: Promise<Caller>) =>
  asked.then(
    () => "taken",
    (error: unknown) => error,
  );

describe("whose request it is", () => {
  it("is told by a key's secret, and what that may do for whom", async () => {
    const bound = keyRow({ creatorIds: ["psy", "eminem"] });
    const free = keyRow({ scopes: ["admin"] });
    const { callers, used } = knowing(bound.row, free.row);
    expect(await callers.withKey(bound.key)).toEqual({
      keyId: bound.row.id,
      ownerId: bound.row.id,
      secretMark: expect.stringMatching(/^[\w-]{12}$/),
      scopes: new Set(["jobs:write", "jobs:read"]),
      creatorIds: new Set(["psy", "eminem"]),
    });
    expect(await callers.withKey(free.key)).toMatchObject({
      keyId: free.row.id,
      scopes: new Set(Object.keys(scopes)),
      creatorIds: null,
    });
    expect(used).toEqual([bound.row.id, free.row.id]);
  });

  it("is told by the admin key, which is no row", async () => {
    const { callers, used, reads } = knowing();
    expect(await callers.withKey(adminKey)).toMatchObject({
      keyId: null,
      ownerId: "admin",
      creatorIds: null,
      scopes: new Set(Object.keys(scopes)),
    });
    expect({ used, reads: reads() }).toEqual({ used: [], reads: 0 });
  });

  it("is not told by what is no key, or another's, or of another environment", async () => {
    const { row, key } = keyRow();
    const other = keyRow();
    const { callers, used } = knowing(row);
    const secretOf = (text: string) => text.slice(-43);
    for (const text of ["", `${adminKey}x`, other.key, key.replace(secretOf(key), secretOf(other.key))])
      expect(await thrownBy(callers.withKey(text))).toEqual(refused("The API key is not known."));
    expect(await thrownBy(callers.withKey(key.replace("us_live", "us_test")))).toEqual(
      refused("This takes live keys (us_live_…); that is a test key."),
    );
    expect(used).toEqual([]);
  });

  it("is asked of Postgres for many at once, and never for what can't be a key", async () => {
    const { callers, reads } = knowing();
    const madeUp = Array.from({ length: 1_000 }, () => keyRow().key.replace(/^(us_live_.{26}).{7}/, "$1"));
    await Promise.all(madeUp.map((text) => thrownBy(callers.withKey(text))));
    expect(reads()).toBeLessThan(10);
    const before = reads();
    const mistyped = madeUp.map((text) => text.replace(/^(us_live_.{26})/, "$1AAAAAAA"));
    for (const text of mistyped) {
      expect(await thrownBy(callers.withKey(text))).toEqual(refused("The API key is not known."));
    }
    expect(reads()).toBe(before);
  });

  it("says of a refused key which one it is, for our own records", async () => {
    const { row, key } = keyRow({ revokedAt: aMinuteAgo() });
    const { callers } = knowing(row);
    for (const text of [key, key.slice(0, -43) + newKeySecret()]) {
      expect(await thrownBy(callers.withKey(text))).toMatchObject({ options: { keyId: row.id } });
    }
    expect(await thrownBy(callers.withKey(keyRow().key))).not.toMatchObject({
      options: { keyId: expect.anything() },
    });
  });

  it("is told by the secret before a rotation until its grace ends, and no later", async () => {
    const graced = keyRow({ previousSecretUntil: inAMinute() });
    const over = keyRow({ previousSecretUntil: aMinuteAgo() });
    const never = keyRow();
    const none = keyRow({ previousSecretHash: null, previousSecretUntil: inAMinute() });
    const { callers } = knowing(graced.row, over.row, never.row, none.row);
    const [now, before] = [await callers.withKey(graced.key), await callers.withKey(graced.previous)];
    expect(before).toEqual({ ...now, secretMark: before.secretMark });
    expect(before.secretMark).not.toBe(now.secretMark);
    for (const { key, previous } of [over, never, none]) {
      expect(await thrownBy(callers.withKey(previous))).toEqual(refused("The API key is not known."));
      expect(await thrownBy(callers.withKey(key))).toBe("taken");
    }
  });

  it.each([
    ["was revoked", { revokedAt: aMinuteAgo() }],
    ["has expired", { expiresAt: aMinuteAgo() }],
  ])("is not told by a key that %s: who knows its secret alone hears that", async (end, more) => {
    const { row, key } = keyRow(more);
    const { callers, used } = knowing(row);
    expect(await thrownBy(callers.withKey(key))).toEqual(refused(`The API key ${end}.`));
    const stranger = key.slice(0, -43) + newKeySecret();
    expect(await thrownBy(callers.withKey(stranger))).toEqual(refused("The API key is not known."));
    expect(used).toEqual([]);
  });

  it("is told by a key that expires later", async () => {
    const { row, key } = keyRow({ expiresAt: inAMinute() });
    expect(await knowing(row).callers.withKey(key)).toMatchObject({ keyId: row.id });
  });
});

describe("who holds what was signed for a key", () => {
  it("is its caller as long as the key and that very secret are good", async () => {
    const graced = keyRow({ previousSecretUntil: inAMinute(), creatorIds: ["psy"] });
    const { callers } = knowing(graced.row);
    const { id } = graced.row;
    for (const text of [graced.key, graced.previous]) {
      const caller = await callers.withKey(text);
      expect(await callers.withId(id, caller.secretMark)).toEqual(caller);
    }
    for (const mark of ["another", "", undefined]) expect(await callers.withId(id, mark)).toBeUndefined();
    expect(await callers.withId("key_none", "another")).toBeUndefined();
  });

  it.each([
    ["its grace is over", { previousSecretUntil: aMinuteAgo() }, true],
    ["the key has expired", { previousSecretUntil: inAMinute(), expiresAt: aMinuteAgo() }, false],
    ["the key was revoked", { previousSecretUntil: inAMinute(), revokedAt: aMinuteAgo() }, false],
  ])("is nobody by the secret before a rotation where %s", async (_why, more, isNewGood) => {
    const { row, key, previous } = keyRow({ previousSecretUntil: inAMinute() });
    const before = knowing(row);
    const marks = await Promise.all(
      [key, previous].map(async (text) => (await before.callers.withKey(text)).secretMark),
    );
    const { callers } = knowing({ ...row, ...more });
    const found = await Promise.all(marks.map((mark) => callers.withId(row.id, mark)));
    expect(found.map((caller) => caller !== undefined)).toEqual([isNewGood, false]);
  });
});

describe("a change of a key", () => {
  it("is known at once here, and told to the other processes", async () => {
    const { row, key } = keyRow();
    const { callers, told, reads } = knowing(row);
    await callers.withKey(key);
    await callers.withKey(key);
    expect(reads()).toBe(1);
    Object.assign(row, { revokedAt: new Date() });
    await callers.changed(row.id);
    expect(await thrownBy(callers.withKey(key))).toEqual(refused("The API key was revoked."));
    expect(told).toEqual([row.id]);
  });

  it("that another process tells of is known from then on, and all that may have been missed", async () => {
    const { row, key } = keyRow();
    const other = keyRow();
    const { callers, changes, reads } = knowing(row, other.row);
    const askBoth = () => Promise.all([key, other.key].map((text) => thrownBy(callers.withKey(text))));
    await askBoth();
    Object.assign(row, { revokedAt: new Date() });
    changes.emit("message", "understudy:key-changes", row.id);
    expect(await askBoth()).toEqual([refused("The API key was revoked."), "taken"]);
    // Of both at once, of the one that has changed, and of both again.
    expect(reads()).toBe(2);
    changes.emit("ready");
    await askBoth();
    expect(reads()).toBe(3);
  });
});
