// Writes calls of one creator's jobs for a while, as many at once as it has jobs: each is settled as the next is opened.
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "@understudy/database";
import { Ledger } from "@understudy/ledger";
import { Decimal } from "decimal.js";
import { z } from "zod";
import { peerOptions, tellBench } from "./peer.ts";

/** As many as a worker has. */
const connectionsMax = 10;

/** Not counted: V8 compiles what is hot, and all writers come to be at work. */
const warmUpMs = 1_500;

const { databaseUrl, creatorId, seconds, jobs } = peerOptions(
  z.object({
    databaseUrl: z.string(),
    creatorId: z.string(),
    seconds: z.number(),
    jobs: z.array(z.object({ id: z.string(), attempt: z.int() })),
  }),
);
const database = openDatabase(databaseUrl, connectionsMax);
const ledger = new Ledger(database);
const price = await ledger.prices.priceOf("gemini-3.5-flash-lite", "standard", database.clock.now());
if (!price) throw new Error("The model has no price.");
const worst = new Decimal("0.001");
const none = new Decimal(0);
const answer = {
  kind: "answered",
  usage: { promptTokenCount: 200, candidatesTokenCount: 60, totalTokenCount: 260 },
  serviceTier: "standard",
  provider: "emulator",
} as const;
let isOver = false;
let opened = 0;

tellBench({ jobs: jobs.length });
await once(process, "message");
const working = Promise.all(jobs.map(writeCalls));
await sleep(warmUpMs);
const [from, at] = [opened, performance.now()];
await sleep(seconds * 1000);
const perSecond = (opened - from) / ((performance.now() - at) / 1000);
isOver = true;
await working;
await ledger.close();
tellBench({ perSecond });

async function writeCalls({ id: jobId, attempt }: (typeof jobs)[number]): Promise<void> {
  const settling: Promise<unknown>[] = [];
  for (let step = 0; !isOver; step++) {
    const intent = {
      ...{ id: ledger.newCallId(), jobId, attempt, creatorId },
      ...{ stepKey: `step_${step}`, agentId: "test_ai", feature: "test" },
      ...{ price: price as NonNullable<typeof price>, routedTo: [] },
      ...{ holdUsd: worst, worstUsd: worst, promptWorstUsd: worst, reserveUsd: none },
      timeoutSeconds: 60,
    };
    const opening = await ledger.openCall(intent);
    if (opening.kind !== "open") throw new Error(`A call was not opened: ${opening.kind}`);
    opened += 1;
    settling.push(ledger.endCall(opening, answer));
  }
  await Promise.all(settling);
}
