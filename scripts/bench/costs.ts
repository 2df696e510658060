import { performance } from "node:perf_hooks";
import { type CostGrouping, costGroupings } from "@understudy/contracts";
import { type Database, loadStatement, openDatabase } from "@understudy/database";
import { costs } from "@understudy/ledger";
import type { Benchmark, BenchRun } from "./bench-run.ts";
import { addCalls, callsDays, writeCreators } from "./fill-calls.ts";
import { boundLatency, compare, type Finding } from "./finding.ts";
import { startPrivateServices } from "./private-services.ts";
import { quantile } from "./quantile.ts";

/** Unnamed, as that of costs.ts: planned for what is asked. */
const peerStatement = { ...loadStatement(new URL("./sum-calls.sql", import.meta.url)), name: "" };

const sizes = [100_000, 1_000_000] as const;
const runs = 25;
const goalMsMax = 200;
const dayMs = 86_400_000;

interface Question {
  name: string;
  groupBy: CostGrouping;
  from: Date;
  to: Date;
  creatorId?: string;
}

/** An item of sum-calls.sql, its times in seconds since 1970. */
interface PeerQuestion extends Omit<Question, "name" | "from" | "to"> {
  from: number;
  to: number;
}

/** A row of sum-calls.sql. */
interface PeerSums
  extends Record<"calls" | "inputTokens" | "cachedTokens" | "outputTokens" | "thoughtTokens", string> {
  day: Date | null;
  name: string | null;
  costUsd: string;
  unknownUsd: string;
}

/** Milliseconds of each run. */
interface Figures {
  ours: number[];
  peer: number[];
}

/** What `GET /api/ai/admin/costs` asks of Postgres, the forecast included, over 100,000 and 1,000,000 calls. */
export const costsOfCalls: Benchmark = async (run) => {
  const { databaseUrl } = await startPrivateServices(run);
  const database = openDatabase(databaseUrl, 4);
  run.atEnd(database.close);
  await writeCreators(database);

  const figures: Map<string, Figures>[] = [];
  let written = 0;
  for (const size of sizes) {
    await addCalls(run, database, size - written);
    written = size;
    const days = await database.prisma.dailyUsage.count();
    run.report(`${size.toLocaleString("en")} calls in ${days.toLocaleString("en")} rows of DailyUsage`);
    figures.push(await askAll(run, database, size));
  }
  const [small, large] = figures;
  return questions().flatMap(({ name }) => findingsOf(name, small?.get(name), large?.get(name)));
};

function questions(): Question[] {
  const today = Math.floor(Date.now() / dayMs) * dayMs;
  const whole = { from: new Date(today - callsDays * dayMs), to: new Date(today + dayMs) };
  const midDay = { from: new Date(+whole.from + dayMs / 2), to: new Date(today - dayMs / 2) };
  return costGroupings.flatMap((groupBy) => [
    { name: `costs by ${groupBy}`, groupBy, ...whole },
    { name: `costs by ${groupBy}, one creator`, groupBy, ...whole, creatorId: "creator_7" },
    { name: `costs by ${groupBy}, mid-day edges`, groupBy, ...midDay },
  ]);
}

async function askAll(run: BenchRun, database: Database, size: number): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  for (const question of questions()) {
    const { name, from, to, ...rest } = question;
    const ours: number[] = [];
    const peer: number[] = [];
    const peerQuestion: PeerQuestion = { ...rest, from: +from / 1000, to: +to / 1000 };
    await checkAnswer(database, question, peerQuestion);
    for (let turn = 0; turn < runs; turn++) {
      run.signal.throwIfAborted();
      ours.push(await timed(() => costs(database, question, new Date())));
      peer.push(await timed(() => database.execute<PeerSums>(peerStatement, [peerQuestion])));
    }
    figures.set(name, { ours, peer });
    const show = (ms: number[]) =>
      `p50 ${quantile(sorted(ms), 0.5).toFixed(0)}, p99 ${quantile(sorted(ms), 0.99).toFixed(0)} ms`;
    run.report(`${size.toLocaleString("en")} calls  ${name}: ${show(ours)}; from UsageLog: ${show(peer)}`);
  }
  return figures;
}

/** Also warms both up. @throws when the two sums differ: then nothing is worth measuring */
async function checkAnswer(
  database: Database,
  question: Question,
  peerQuestion: PeerQuestion,
): Promise<void> {
  const { total } = await costs(database, question, new Date());
  const rows = await database.execute<PeerSums>(peerStatement, [peerQuestion]);
  const calls = rows.reduce((all, row) => all + Number(row.calls), 0);
  if (total.calls !== calls)
    throw new Error(`${question.name}: ${total.calls} calls, but ${calls} in UsageLog.`);
}

function findingsOf(name: string, small: Figures | undefined, large: Figures | undefined): Finding[] {
  if (!small || !large) return [];
  const common = { benchmark: "costs", what: name, unit: "ms", ours: large.ours } as const;
  return [
    boundLatency("costs", `${name}, p50`, large.ours, goalMsMax),
    boundLatency("costs", `${name}, p99`, [quantile(sorted(large.ours), 0.99)], goalMsMax),
    compare({ ...common, peerName: "summed from UsageLog", peer: large.peer }),
    compare({ ...common, peerName: "at 100,000 calls", peer: small.ours }),
  ];
}

async function timed(ask: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}

function sorted(figures: readonly number[]): number[] {
  return figures.toSorted((a, b) => a - b);
}
