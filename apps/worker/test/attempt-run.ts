import { type Agent, findAgent } from "@understudy/agents";
import type { NotOpened } from "@understudy/ledger";
import {
  type Delivery,
  type DeliveryEnd,
  runAgentJob,
  type WorkerDependencies,
} from "../src/run-agent-job.ts";
import { AttemptFakes, claimedJob, databaseError } from "./attempt-fakes.ts";

/** The agent that sends a prompt as it stands. */
export const testAgent: Agent = findAgent("test") ?? raise();

function raise(): never {
  throw new Error("There is no such agent.");
}

const delivery: Delivery = { jobId: "job_1", generation: 3, agent: "test" };

/** Runs a delivery of the fakes' job. */
export function run(fakes: AttemptFakes, over: Partial<WorkerDependencies> = {}): Promise<DeliveryEnd> {
  const onClaimed = () => void fakes.seen.push(["heard of the claim"]);
  return runAgentJob(fakes.dependencies(over), { ...delivery, onClaimed });
}

/** Its attempt is the last: all tries but one are used up. */
export const lastTry = { tries: testAgent.queue.attempts - 1 };

/** With a job that differs from the plain one. */
export function fakesOf(job: Parameters<typeof claimedJob>[0] = {}): AttemptFakes {
  const fakes = new AttemptFakes();
  fakes.job = claimedJob(job);
  return fakes;
}

/** What is thrown while Postgres is away. */
export const away = () => databaseError();

export const noRoom = (bound: "quota" | "key" | "platform", resetsAt: Date | null): NotOpened => ({
  ...{ kind: "no_room", bound, plan: "starter", limitUsd: "10", resetsAt },
  ...{ spentUsd: "9", heldUsd: "0", unknownUsd: "0", requiredUsd: "2" },
});
