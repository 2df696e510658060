import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { LaunchError, messageOf } from "./launch-error.ts";

export const FIRST_MESSAGE = {
  creatorId: "demo",
  fanId: "fan_1",
  message:
    "Hi! I loved your last video. What are you working on next, and is there a behind-the-scenes set I could get?",
} as const;

/** A token each second: with Redis restarted its bucket is empty, and at the plan's rate it would stay so for 36 s. */
const DEMO_BUCKET = { ratePerHour: 3_600, burst: 60 };

const REPLY_SECONDS = 120;
const WAIT_SECONDS = 30;
const POLL_MS = 500;
const TERMINAL = ["completed", "failed", "blocked", "cancelled"];

const jobSchema = z.object({
  id: z.string(),
  status: z.string(),
  waitingFor: z.string().nullish(),
  provider: z.string().nullish(),
  model: z.string().nullish(),
  result: z.object({ response: z.string().nullish() }).loose().nullish(),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
  usage: z.object({ costUsd: z.string(), calls: z.number() }).nullish(),
});
type Job = z.infer<typeof jobSchema>;

export interface FirstReply {
  jobId: string;
  response: string;
  /** Who answered: `emulator` or `gemini`, as the job says. */
  provider: string;
  model: string;
  /** Decimal, in USD. */
  costUsd: string;
  calls: number;
}

/**
 * Sends one fan message through the public API and waits for its reply.
 * @throws LaunchError that says what became of it
 */
export async function obtainFirstReply(url: string, adminKey: string): Promise<FirstReply> {
  const deadline = Date.now() + REPLY_SECONDS * 1000;
  const headers = { authorization: `Bearer ${adminKey}`, "content-type": "application/json" };
  const submit = {
    method: "POST",
    headers: { ...headers, prefer: `wait=${WAIT_SECONDS}` },
    body: JSON.stringify(FIRST_MESSAGE),
  };
  // Should it fail, the message waits a little longer.
  await fetch(new URL(`/api/ai/creators/${FIRST_MESSAGE.creatorId}`, url), {
    method: "PUT",
    headers,
    body: JSON.stringify({ bucket: DEMO_BUCKET }),
  }).catch(() => {});
  let job = await askForJob(new URL("/api/ai/chat", url), submit, deadline);
  const self = new URL(`/api/ai/jobs/${job.id}`, url);
  while (!TERMINAL.includes(job.status)) {
    if (Date.now() > deadline)
      throw new LaunchError(`No reply within ${REPLY_SECONDS} s: ${describeWait(job)}`);
    await sleep(POLL_MS);
    job = await askForJob(self, { headers }, deadline);
  }
  return readReply(job);
}

/** A refusal that is worth it (503: a part is not up yet) is tried again until the deadline. */
async function askForJob(url: URL, request: RequestInit, deadline: number): Promise<Job> {
  for (;;) {
    const signal = AbortSignal.timeout(Math.max(1000, deadline - Date.now()));
    const answer = await fetch(url, { ...request, signal }).catch((err: unknown) => {
      throw new LaunchError(
        `The API does not answer: ${messageOf(err instanceof Error && err.cause ? err.cause : err)}`,
      );
    });
    const text = await answer.text();
    if (answer.ok) return jobSchema.parse(JSON.parse(text));
    if (answer.status !== 503 || Date.now() > deadline)
      throw new LaunchError(describeRefusal(answer.status, text));
    await sleep(POLL_MS);
  }
}

function readReply(job: Job): FirstReply {
  if (job.status !== "completed") {
    throw new LaunchError(
      `The message ended as ${job.status}: ${job.error?.code ?? ""} ${job.error?.message ?? ""}`,
    );
  }
  const response = job.result?.response;
  if (!response) throw new LaunchError(`The reply of job ${job.id} was withheld by compliance.`);
  return {
    jobId: job.id,
    response,
    provider: job.provider ?? "unknown",
    model: job.model ?? "unknown model",
    costUsd: job.usage?.costUsd ?? "unknown",
    calls: job.usage?.calls ?? 0,
  };
}

function describeWait(job: Job): string {
  return `job ${job.id} is ${job.status}${job.waitingFor ? `, waiting for ${job.waitingFor}` : ""}`;
}

const problemSchema = z.object({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
});

function describeRefusal(status: number, text: string): string {
  if (status === 401) {
    return "The API does not know our admin key: set UNDERSTUDY_ADMIN_KEY to the one that the running instance was started with.";
  }
  try {
    const { code, title, detail } = problemSchema.parse(JSON.parse(text));
    return `The API refused the message (${status} ${code ?? ""}): ${detail ?? title ?? ""}`;
  } catch {
    return `The API refused the message (${status}): ${text.slice(0, 200)}`;
  }
}
