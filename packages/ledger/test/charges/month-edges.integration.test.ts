import { beforeEach, describe, expect, it } from "@jest/globals";
import { charges, closeDueMonths, closeMonth } from "../../src/index.ts";
import { accountStatement, openClockedDatabase } from "./clocked-database.ts";

const now = "2024-03-05T12:00:00Z";
const clocked = await openClockedDatabase(now);

beforeEach(async () => {
  await clocked.clear();
  await clocked.setNow(now);
});

/** What the tick closes: months, and how many creators it charges for each. */
async function closeDue() {
  const closings = await closeDueMonths(clocked.database);
  return closings.map(({ month, result }) => [month, result.closed]);
}

/** Who waits in each month that the tick looks at, and for what. */
async function waiters() {
  const closings = await closeDueMonths(clocked.database);
  return closings.map(({ month, result: { closed, notYet, notYetCount } }) => {
    expect(notYetCount).toBe(notYet.length);
    return { month, closed, notYet: Object.fromEntries(notYet.map((one) => [one.creatorId, one.reason])) };
  });
}

async function monthsDone(): Promise<string[]> {
  const { rows } = await clocked.hand.query(
    `SELECT to_char("month", 'YYYY-MM') AS "month" FROM "ClosedMonth" ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}

async function creatorsOf(month?: string): Promise<string[]> {
  const { items } = await charges(clocked.database, { limit: 100, ...(month && { month }) });
  return items.map(({ creatorId }) => creatorId);
}

describe("the end of a month", () => {
  it("makes it due a minute later by UTC, and not a millisecond before", async () => {
    await clocked.createCreators({ psy: "2024-01-15T00:00:00Z" });
    await clocked.setNow("2024-03-01T00:00:59.999Z");
    expect(await closeDue()).toEqual([["2024-01", 1]]);
    expect(await closeDue()).toEqual([]);
    await clocked.setNow("2024-03-01T00:01:00Z");
    expect(await closeDue()).toEqual([["2024-02", 1]]);
    expect(await closeDue()).toEqual([]);
    expect(await monthsDone()).toEqual(["2024-01", "2024-02"]);
  });

  it("lets it be closed by hand at once, and not a millisecond before", async () => {
    await clocked.createCreators({ psy: "2023-12-15T00:00:00Z", katy: "2024-02-01T00:00:00Z" });
    await clocked.setNow("2024-02-29T23:59:59.999Z");
    expect(await closeMonth(clocked.database, "2024-02")).toEqual({
      kind: "not_over",
      endsAt: new Date("2024-03-01T00:00:00Z"),
    });
    await clocked.setNow("2024-03-01T00:00:00Z");
    expect(await closeMonth(clocked.database, "2024-02")).toMatchObject({
      kind: "closed",
      result: { closed: 2, alreadyClosed: 0 },
    });
    const { items } = await charges(clocked.database, { month: "2024-02", limit: 9 });
    expect(items.map(({ closedAt }) => closedAt)).toEqual(Array(2).fill("2024-03-01T00:00:00.000Z"));
    expect(await closeMonth(clocked.database, "2024-01")).toMatchObject({
      result: { closed: 0, alreadyClosed: 1 },
    });
  });

  it("is noted as done when nobody can come late any more", async () => {
    await clocked.createCreators({ psy: "2024-01-15T00:00:00Z" });
    await clocked.setNow("2024-03-01T00:00:59.999Z");
    await closeMonth(clocked.database, "2024-02");
    expect(await monthsDone()).toEqual(["2024-01"]);
    // Made in February, committed only now.
    await clocked.createCreators({ katy: "2024-02-29T23:59:59.999Z" });
    await clocked.setNow("2024-03-01T00:01:00Z");
    expect(await closeDue()).toEqual([["2024-02", 1]]);
    expect(await monthsDone()).toEqual(["2024-01", "2024-02"]);
    await closeMonth(clocked.database, "2024-02");
    expect(await closeDue()).toEqual([]);
  });

  it("is not noted as done where nobody took part", async () => {
    await clocked.createCreators({ psy: "2024-03-02T00:00:00Z" });
    await clocked.setNow("2024-04-02T00:00:00Z");
    expect(await closeMonth(clocked.database, "2024-03")).toMatchObject({ result: { closed: 1 } });
    expect(await closeMonth(clocked.database, "2024-02")).toMatchObject({ result: { closed: 0 } });
    expect(await monthsDone()).toEqual(["2024-03"]);
  });

  it("changes the month that charges are of by default", async () => {
    await clocked.createCreators({ psy: "2024-01-15T00:00:00Z" });
    const months = [];
    for (const time of ["2024-02-29T23:59:59.999Z", "2024-03-01T00:00:00Z"]) {
      await clocked.setNow(time);
      const { items } = await charges(clocked.database, { limit: 9 });
      months.push(items.map(({ month, status }) => `${month} ${status}`));
    }
    expect(months).toEqual([["2024-02 draft"], ["2024-03 draft"]]);
  });

  it("parts the usage of its last millisecond from that of the next one's first", async () => {
    await clocked.createCreators({ psy: "2024-01-15T00:00:00Z", katy: "2024-01-15T00:00:00Z" });
    const at = (creatorId: string, time: string, costUsd: string) => ({
      creatorId,
      startedAt: new Date(time),
      costUsd,
    });
    await clocked.spend([
      at("psy", "2024-01-31T23:59:59.999Z", "0.000000000001"),
      at("psy", "2024-02-01T00:00:00.000Z", "2"),
      at("psy", "2024-02-29T23:59:59.999Z", "4"),
      at("psy", "2024-03-01T00:00:00.000Z", "8"),
      at("katy", "2024-02-29T23:59:59.999Z", "16"),
    ]);
    const costsOf = async (month: string) => {
      const { items } = await charges(clocked.database, { month, limit: 9 });
      return items.map(({ creatorId, status, costUsd, byAgent }) => [
        creatorId,
        status,
        costUsd,
        byAgent.test_ai?.calls ?? 0,
      ]);
    };
    const february = (status: string) => [
      ["katy", status, "16", 1],
      ["psy", status, "6", 2],
    ];
    expect(await costsOf("2024-02")).toEqual(february("draft"));
    await clocked.setNow("2024-04-01T00:01:00Z");
    expect(await waiters()).toEqual([
      { month: "2024-01", closed: 2, notYet: {} },
      { month: "2024-02", closed: 2, notYet: {} },
      { month: "2024-03", closed: 2, notYet: {} },
    ]);
    expect(await costsOf("2024-01")).toEqual([
      ["katy", "closed", "0", 0],
      ["psy", "closed", "0.000000000001", 1],
    ]);
    expect(await costsOf("2024-02")).toEqual(february("closed"));
    expect(await costsOf("2024-03")).toEqual([
      ["katy", "closed", "0", 0],
      ["psy", "closed", "8", 1],
    ]);
  });
});

describe("who takes part in a month", () => {
  const account = (creatorId: string, month: string, heldUsd = "0") =>
    clocked.hand.query(accountStatement, [creatorId, `${month}-01`, heldUsd]);

  it("was made before its end, or has an account by then", async () => {
    await clocked.createCreators({
      in_time: "2024-02-29T23:59:59.999Z",
      too_late: "2024-03-01T00:00:00Z",
      with_account: "2024-03-01T00:00:00Z",
      with_later_account: "2024-03-01T00:00:00Z",
    });
    await account("with_account", "2024-01");
    await account("with_account", "2024-02");
    await account("with_later_account", "2024-03");
    const everyone = ["in_time", "too_late", "with_account", "with_later_account"];
    expect(await creatorsOf("2023-12")).toEqual([]);
    expect(await creatorsOf("2024-01")).toEqual(["with_account"]);
    expect(await creatorsOf("2024-02")).toEqual(["in_time", "with_account"]);
    expect(await creatorsOf("2024-03")).toEqual(everyone);
    expect(await creatorsOf("2024-04")).toEqual(everyone);
    await clocked.setNow("2024-04-01T00:01:00Z");
    expect(await closeDue()).toEqual([
      ["2024-01", 1],
      ["2024-02", 2],
      ["2024-03", 4],
    ]);
  });

  it("waits for the month before where it took part in that, and only there", async () => {
    await clocked.createCreators({
      free: "2024-01-31T23:59:59.999Z",
      held: "2024-01-31T23:59:59.999Z",
      held_again: "2023-12-15T00:00:00Z",
      new: "2024-02-01T00:00:00Z",
      with_account: "2024-02-01T00:00:00Z",
      with_earlier_account: "2024-02-01T00:00:00Z",
    });
    await account("held", "2024-01", "0.000000000001");
    await account("held_again", "2024-01", "5");
    await account("with_account", "2024-01", "5");
    await account("with_earlier_account", "2023-12", "5");
    const open = "calls are open: holds are not settled yet";
    expect(await waiters()).toEqual([
      { month: "2023-12", closed: 1, notYet: { with_earlier_account: open } },
      {
        month: "2024-01",
        closed: 1,
        notYet: {
          held: open,
          held_again: open,
          with_account: open,
          with_earlier_account: "2023-12 is not closed yet",
        },
      },
      {
        month: "2024-02",
        closed: 2,
        notYet: {
          held: "2024-01 is not closed yet",
          held_again: "2024-01 is not closed yet",
          with_account: "2024-01 is not closed yet",
          with_earlier_account: "2024-01 is not closed yet",
        },
      },
    ]);
    expect(await monthsDone()).toEqual([]);
    await clocked.hand.query(`UPDATE "Account" SET "heldUsd" = 0`);
    expect(await closeDue()).toEqual([
      ["2023-12", 1],
      ["2024-01", 4],
      ["2024-02", 4],
    ]);
    expect(await monthsDone()).toEqual(["2023-12", "2024-01", "2024-02"]);
  });

  it("waits for it also where it comes to light when that month is closed for all others", async () => {
    await clocked.createCreators({ psy: "2024-01-15T00:00:00Z" });
    await clocked.hand.query(`
      CREATE FUNCTION come_to_light() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO "Creator" ("id", "createdAt") VALUES ('late', '2024-01-31T23:59:59.999Z'), ('new', '2024-02-01T00:00:00Z')
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$;
      CREATE TRIGGER come_to_light AFTER INSERT ON "ClosedMonth" EXECUTE FUNCTION come_to_light()`);
    expect(await waiters()).toEqual([
      { month: "2024-01", closed: 1, notYet: {} },
      { month: "2024-02", closed: 2, notYet: { late: "2024-01 is not closed yet" } },
    ]);
    expect(await closeDue()).toEqual([
      ["2024-01", 1],
      ["2024-02", 1],
    ]);
    await clocked.hand.query("DROP FUNCTION come_to_light CASCADE");
  });
});
