import { type Agent, findAgent, type NewInsight } from "@understudy/agents";
import { newId, type Prisma } from "@understudy/database";
import { type ClaimedJob, claimJobs, createJobs } from "@understudy/jobs";
import { Ledger } from "@understudy/ledger";
import { createLogger } from "@understudy/service";
import { newClaim } from "@understudy/testkit";
import { openSuiteDatabase } from "@understudy/testkit/suite";
import { endJobs } from "../../../../packages/ledger/test/end-jobs.ts";
import type { AskForText } from "../../src/knowledge/knowledge-step.ts";
import { openKnowledgeStore } from "../../src/knowledge/knowledge-store.ts";
import { type KnowledgeTools, knowledgeTools } from "../../src/knowledge/knowledge-tools.ts";

// The tools as agents have them, on a real Postgres; the API and the stack are in apps/api/test/knowledge.integration.test.ts.

export const { database } = await openSuiteDatabase();
export const knowledge = openKnowledgeStore(database);
const agent = findAgent("messaging") as Agent;
const logger = createLogger("test", "silent");

interface JobOf {
  creatorId: string;
  fanId: string;
  message?: string;
  agent?: string;
}

/** A job that waits. */
export async function newJob({
  creatorId,
  fanId,
  message = "hi",
  agent = "messaging",
}: JobOf): Promise<string> {
  const id = newId("job");
  const common = {
    feature: "f",
    model: "m",
    priority: 1,
    inputBytes: 2,
    requiredUsd: "0",
    createCreator: true,
  };
  await createJobs(database, [{ ...common, id, agent, creatorId, fanId, input: { fanId, message } }]);
  return id;
}

/** Begins an attempt of a job; from one that runs it is taken over, as if its worker had died. */
export async function claim(id: string): Promise<ClaimedJob> {
  await database.prisma.job.updateMany({
    where: { id, status: "running" },
    data: { status: "queued", generation: { increment: 1 } },
  });
  const { generation } = await database.prisma.job.findUniqueOrThrow({ where: { id } });
  const [job] = await claimJobs(database, [newClaim(id, { generation })]);
  if (!job) throw new Error(`${id} can't be claimed.`);
  return job;
}

/** What an attempt has of knowledge. */
export function toolsOf(job: ClaimedJob, ask?: AskForText): KnowledgeTools {
  const used = new Set<string>();
  const takeKey = (name: string) => {
    if (used.has(name)) throw new Error(`${name} twice`);
    used.add(name);
    return name;
  };
  const { signal } = new AbortController();
  const ledger = new Ledger(database);
  const tools = knowledgeTools(
    { database, knowledge, ledger, job, claimedAt: performance.now(), signal, logger },
    agent,
    takeKey,
    ask,
  );
  const written = async <Result>(result: Promise<Result>): Promise<Result> => {
    await result;
    await ledger.close();
    return result;
  };
  // Each use is written at once, as if the attempt called a model after it.
  return {
    findInsights: (search) => written(tools.findInsights(search)),
    shareInsight: (insight) => written(tools.shareInsight(insight)),
    recall: (fanId) => written(tools.recall(fanId)),
  };
}

/** The tools of a new job of the creator and the fan. */
export const toolsFor = async (of: JobOf, ask?: AskForText) => toolsOf(await claim(await newJob(of)), ask);

/** A job that has ended with a reply. */
export async function exchange(of: JobOf, response: string | null): Promise<string> {
  const id = await newJob(of);
  const { attempt } = await claim(id);
  await endJobs(database, [
    { id, attempt, status: "completed", result: { response }, eventId: newId("evt") },
  ]);
  return id;
}

let insights = 0;

/** An insight that is there. @param creatorId null: of everyone */
export async function learn(
  creatorId: string | null,
  text: string,
  more: Partial<Prisma.InsightUncheckedCreateInput> & { daysAgo?: number } = {},
): Promise<string> {
  const { daysAgo = 0, ...fields } = more;
  if (creatorId !== null) {
    await database.prisma.creator.upsert({ where: { id: creatorId }, create: { id: creatorId }, update: {} });
  }
  const id = `ins_${++insights}`;
  const createdAt = new Date(Date.now() - daysAgo * 86_400_000);
  await database.prisma.insight.create({
    data: {
      id,
      creatorId,
      source: "test_ai",
      type: "fan_preference",
      confidence: 0.8,
      text,
      createdAt,
      ...fields,
    },
  });
  return id;
}

/** What a search says beside its words. */
export const query = { step: "find", limit: 10 };

/** An insight that may be shared. */
export const fact: NewInsight = {
  step: "share",
  type: "fan_preference",
  confidence: 0.7,
  text: "likes the sea",
  data: { topic: "sea" },
  scope: "creator",
};
