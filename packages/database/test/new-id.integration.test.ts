import { describe, expect, it } from "@jest/globals";
import { openStrictSuiteDatabase } from "@understudy/testkit/suite";
import fc from "fast-check";
import { decodeTime } from "ulid";
import { newId } from "../src/index.ts";

const { zoned, setTime } = await openStrictSuiteDatabase(2);
const ulid = /^evt_[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

async function idsOfStatement(count: number): Promise<string[]> {
  const text = `SELECT understudy_new_id('evt') AS "id" FROM generate_series(1, ($1::jsonb -> 0 ->> 'count')::int)`;
  const rows = await zoned.execute<{ id: string }>({ name: "new-ids", text }, [{ count }]);
  return rows.map(({ id }) => id);
}

describe("ids that statements make", () => {
  it("have the form and the time of those that newId makes", async () => {
    expect(newId("evt")).toMatch(ulid);
    const moment = fc.date({
      min: new Date(0),
      max: new Date("9999-12-31T23:59:59.999Z"),
      noInvalidDate: true,
    });
    await fc.assert(
      fc.asyncProperty(moment, async (at) => {
        await setTime(at);
        const [id = ""] = await idsOfStatement(1);
        expect(id).toMatch(ulid);
        expect(decodeTime(id.slice(4))).toBe(at.getTime());
      }),
    );
  });

  it("are sorted as the times of their rows", async () => {
    const text = `INSERT INTO "Outbox" ("id", "type", "payload") VALUES (understudy_new_id('evt'), 'test', '{}') RETURNING "id", "createdAt"`;
    for (const [moment, ms] of [
      ["2026-11-30T10:00:00.000499Z", 0],
      ["2026-11-30T10:00:00.0005Z", 1],
      ["2026-11-30T10:00:00.0015Z", 2],
    ] as const) {
      await setTime(moment);
      const [row] = await zoned.execute<{ id: string; createdAt: Date }>({ name: "new-event", text });
      expect(decodeTime(row?.id.slice(4) ?? "")).toBe(row?.createdAt.getTime());
      expect(row?.createdAt.getUTCMilliseconds()).toBe(ms);
    }
  });

  it("differ within one statement, each place of chance by all symbols", async () => {
    await setTime();
    const ids = await idsOfStatement(5_000);
    expect(new Set(ids).size).toBe(5_000);
    for (let place = 14; place < 30; place++) expect(new Set(ids.map((id) => id[place])).size).toBe(32);
  });
});
