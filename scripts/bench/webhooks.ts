import { setTimeout as sleep } from "node:timers/promises";
import { type Database, newId, openDatabase } from "@understudy/database";
import { type Benchmark, type BenchRun, takeTurns } from "./bench-run.ts";
import { compare } from "./finding.ts";
import { generateLoad, httpRequest } from "./load.ts";
import { startPeer } from "./peer-process.ts";
import { type PrivateServices, startPrivateServices } from "./private-services.ts";
import { registerEndpoint, startApi } from "./start-api.ts";
import { startWorker } from "./start-worker.ts";

const rounds = 3;

/** Events of one turn, all in the outbox before the worker starts. */
const events = 8_000;

/** Not counted, with us and with the peers. */
const warmUp = 4_000;

/** Of the peers: as many as our worker lets one endpoint have under way. */
const connections = 100;

const pollMs = 250;

/** Ends of jobs, out of the outbox to one endpoint: written down before and after each request, and signed. */
export const webhooks: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApi(run, services);
  const sink = await startPeer(run, "event-sink", {});
  const url = `${sink.url}/hook`;
  const database = openDatabase(services.databaseUrl, 2);
  run.atEnd(database.close);
  await registerEndpoint(api, url);
  await database.prisma.creator.create({ data: { id: "creator_1", planName: "business" } });
  const body = bodyOfEvent();

  const perSecond = (figure: number) => `${Math.round(figure)} deliveries/s`;
  const [ours = [], sender = [], load = []] = await takeTurns(run, rounds, [
    { name: "worker", measure: () => deliverByWorker(run, services, database), show: perSecond },
    {
      name: "undici and signature",
      measure: async () => {
        const given = { url, body, deliveries: events, warmUp, connections };
        return Number((await startPeer(run, "bare-sender", given)).perSecond);
      },
      show: perSecond,
    },
    {
      name: "load generator",
      measure: async () => {
        const requests = [httpRequest("POST", "/hook", {}, JSON.parse(body))];
        const asked = { url: String(sink.url), requests, status: 200, connections };
        return (await generateLoad({ ...asked, until: { seconds: run.seconds }, signal: run.signal }))
          .perSecond;
      },
      show: perSecond,
    },
  ]);
  const common = { benchmark: "webhooks", unit: "deliveries/s" } as const;
  const wholeWay = { ...common, what: "outbox to endpoint", ours };
  return [
    compare({ ...wholeWay, peerName: "undici and signature", peer: sender, goalMin: 0.33 }),
    compare({ ...wholeWay, peerName: "load generator, same sink", peer: load }),
    compare({
      ...common,
      what: "undici and signature",
      ours: sender,
      peerName: "load generator, same sink",
      peer: load,
      goalMin: 0.33,
    }),
  ];
};

/** @returns deliveries/s of one worker process that finds all events waiting */
async function deliverByWorker(
  { signal }: BenchRun,
  services: PrivateServices,
  database: Database,
): Promise<number> {
  await writeEnds(database);
  const startedAt = new Date();
  // Nobody is asked: the address says that this is for trying out, where private ones may be called.
  const worker = await startWorker(services, "http://127.0.0.1:1");
  const delivered = { status: "delivered", createdAt: { gte: startedAt } } as const;
  try {
    while ((await database.prisma.delivery.count({ where: delivered })) < events) {
      await sleep(pollMs, undefined, { signal });
    }
  } finally {
    await worker.stop();
  }
  const rows = await database.prisma.delivery.findMany({
    where: delivered,
    orderBy: { deliveredAt: "asc" },
    select: { deliveredAt: true },
  });
  const deliveredAt = (index: number) => rows.at(index)?.deliveredAt?.getTime() ?? Number.NaN;
  return (events - warmUp) / ((deliveredAt(-1) - deliveredAt(warmUp - 1)) / 1000);
}

/** Jobs that have ended, and the events of it. */
async function writeEnds({ prisma }: Database): Promise<void> {
  const ids = Array.from({ length: events }, () => newId("job"));
  const now = new Date();
  const times = { startedAt: now, finishedAt: now };
  await prisma.jobRecord.createMany({ data: ids.map((id) => ({ ...endedJob, ...times, id })) });
  await prisma.outbox.createMany({
    data: ids.map((jobId) => ({ id: newId("evt"), type: "job.completed", creatorId: "creator_1", jobId })),
  });
}

const endedJob = {
  agent: "messaging",
  creatorId: "creator_1",
  feature: "fan_message",
  model: "gemini-3.5-flash-lite",
  input: {},
  status: "completed",
  attempt: 1,
  result: { response: "Glad that you ask! The next one comes out on Friday, everywhere.", confidence: 0.9 },
} as const;

/** As long as one of ours. */
function bodyOfEvent(): string {
  return JSON.stringify({
    type: "job.completed",
    timestamp: new Date(),
    data: endedJob,
    more: "x".repeat(300),
  });
}
