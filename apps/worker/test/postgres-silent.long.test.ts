import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { eventually, type Link, startLink, throughLink } from "@understudy/testkit";
import { ends, openCalls, rest, stack, start, startOwnPostgres, submitMany } from "./fault-run.ts";

/** Longer than prices are kept: they are read anew while it lasts. */
const faultMs = 36_000;

let link: Link;

/** After the stack, whose database lies behind it. */
afterEach(async () => {
  await link.close();
});

it("a load balancer closes what it accepts, since Postgres is gone behind it, for 36 s: no paid answer is lost, no job fails for it", async () => {
  const postgres = await startOwnPostgres();
  link = await startLink();
  await start({
    postgresUrl: throughLink(link, postgres.url),
    environment: { WORKER_ATTEMPT_SECONDS: "100" },
  });
  await stack.rule({ match: {}, respond: { delayMs: 3_000 }, times: 10 });
  await submitMany(10);
  await eventually(async () => expect(await openCalls()).toBe(10));
  const shut = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await sleep(100);
  link.leadTo((shut.address() as AddressInfo).port);
  link.cut();
  await sleep(faultMs);
  link.leadTo(postgres.port);
  link.cut();
  shut.close();
  await rest();
  const calls = await stack.database.prisma.usageLog.groupBy({ by: ["status"], _count: true });
  expect(await ends()).toEqual({ completed: 10 });
  expect(calls).toEqual([{ status: "settled", _count: 10 }]);
});
