import { describe, expect, it } from "@jest/globals";
import { apiKey } from "@understudy/contracts";
import type { KeyRow } from "../../src/keys/key-row.ts";
import { presentKey } from "../../src/keys/present-key.ts";
import { aMinuteAgo, inAMinute, keyRow } from "./key-rows.ts";

const present = (more: Partial<KeyRow> = {}) => presentKey(keyRow(more).row, "live", new Date());

describe("a key as operators are told of it", () => {
  it("has its terms and what it has spent, and no secret", () => {
    const { row, key, previous } = keyRow();
    const told = presentKey(row, "live", new Date());
    expect(told).toEqual({
      id: row.id,
      name: "web app",
      begins: key.slice(0, -43),
      status: "active",
      scopes: ["jobs:write", "jobs:read"],
      creatorIds: null,
      budgetUsd: null,
      spentUsd: "1.5",
      heldUsd: "0.25",
      unknownUsd: "0.125",
      createdAt: "2026-11-01T09:00:00.123Z",
      updatedAt: "2026-11-02T09:00:00.123Z",
      lastUsedAt: null,
    });
    expect(apiKey.parse(told)).toEqual(told);
    for (const text of [key, previous]) expect(JSON.stringify(told)).not.toContain(text.slice(-43));
  });

  it("has its creators, budget and last use where there are any", () => {
    const budgetUsd = "100.000000000000" as unknown as KeyRow["budgetUsd"];
    const lastUsedAt = new Date("2026-11-22T18:04:00Z");
    expect(present({ creatorIds: ["psy"], budgetUsd, lastUsedAt })).toMatchObject({
      creatorIds: ["psy"],
      budgetUsd: "100",
      lastUsedAt: "2026-11-22T18:04:00.000Z",
    });
  });

  it.each([
    ["active", {}],
    ["active", { expiresAt: inAMinute() }],
    ["expired", { expiresAt: aMinuteAgo() }],
    ["revoked", { revokedAt: aMinuteAgo() }],
    ["revoked", { revokedAt: aMinuteAgo(), expiresAt: aMinuteAgo() }],
  ])("is %s with the ends %j", (status, ends: Partial<KeyRow>) => {
    const { expiresAt, revokedAt } = ends;
    const told = present(ends);
    expect(told).toMatchObject({ status });
    expect([told.expiresAt, told.revokedAt]).toEqual([expiresAt?.toISOString(), revokedAt?.toISOString()]);
    expect("expiresAt" in told || "revokedAt" in told).toBe(Object.keys(ends).length > 0);
  });

  it("tells until when the secret before is good, as long as it is", () => {
    const previousSecretUntil = inAMinute();
    expect(present({ previousSecretUntil })).toMatchObject({
      previousSecretUntil: previousSecretUntil.toISOString(),
    });
    expect(present({ previousSecretUntil: aMinuteAgo() })).not.toHaveProperty("previousSecretUntil");
  });
});
