import { expect, it } from "@jest/globals";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { raiseAlert } from "../src/index.ts";

const { database } = await openSuiteDatabase();

it("an alert is raised once for each key of its type, as it was said first", async () => {
  const evicts = (policy: string) => ({ type: "redis_evicts", creatorId: null, data: { policy } }) as const;
  const data = { jobId: "job_1", sqlState: "54000" };
  await raiseAlert(database, evicts("allkeys-lru"), "1");
  await raiseAlert(database, evicts("volatile-lru"), "1");
  await raiseAlert(database, evicts("volatile-lru"), "2");
  await raiseAlert(database, { type: "not_storable", creatorId: "abba", data }, "1");
  const alertsOf = (type: "redis_evicts" | "not_storable") =>
    database.prisma.alert.findMany({ where: { type }, orderBy: { key: "asc" } });
  expect(await alertsOf("redis_evicts")).toMatchObject([
    { creatorId: null, key: "1", payload: { policy: "allkeys-lru" } },
    { creatorId: null, key: "2", payload: { policy: "volatile-lru" } },
  ]);
  expect(await alertsOf("not_storable")).toMatchObject([{ creatorId: "abba", key: "1", payload: data }]);
});
