import { afterAll, afterEach, expect, it, jest } from "@jest/globals";
import { startLink } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { type Database, openDatabase } from "../src/index.ts";

const { url } = await openSuiteDatabase(2);
const opened: Database[] = [];

afterEach(() => void jest.restoreAllMocks());
afterAll(() => Promise.all(opened.map((each) => each.close())));

function open(databaseUrl = url): Database {
  const each = openDatabase(databaseUrl, 2);
  opened.push(each);
  return each;
}

it("is Postgres' time as soon as Postgres has answered anything, however far off this process' own is", async () => {
  const realNow = Date.now;
  jest.spyOn(Date, "now").mockImplementation(() => realNow() + 600_000);
  for (const ask of [
    (each: Database) => each.ping(5_000),
    (each: Database) => each.prisma.plan.findMany(),
    (each: Database) => each.transaction(async (execute) => execute({ name: "", text: "SELECT 1" })),
  ]) {
    const each = open();
    expect(each.clock.skewMs()).toBeUndefined();
    expect(each.clock.now().getTime() - realNow()).toBeGreaterThan(590_000);
    await ask(each);
    expect(Math.abs((each.clock.skewMs() ?? 0) - 600_000)).toBeLessThan(1_000);
    expect(Math.abs(each.clock.now().getTime() - realNow())).toBeLessThan(1_000);
  }
});

it("is learned where Postgres was away at first", async () => {
  const { port } = new URL(url);
  const proxy = await startLink(Number(port));
  const through = new URL(url);
  through.port = String(proxy.port);
  // Nobody listens there.
  proxy.leadTo(1);
  const each = open(through.href);
  await expect(each.ping(1_000)).rejects.toThrow();
  expect(each.clock.skewMs()).toBeUndefined();
  proxy.leadTo(Number(port));
  await each.ping(5_000);
  expect(Math.abs(each.clock.skewMs() ?? Number.NaN)).toBeLessThan(1_000);
  await each.close();
  await proxy.close();
});
