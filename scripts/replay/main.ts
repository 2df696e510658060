import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { resolve } from "node:path";
import pMap from "p-map";
import { ApiClient, problemOf } from "../client/api-client.ts";
import { ask } from "../client/ask.ts";
import { CommandError, exitCodeOf } from "../client/command-error.ts";
import { findInstance, type Instance } from "../client/find-instance.ts";
import { ResultAwaiter } from "./await-results.ts";
import { collectBooks, collectLedger, type RunCall } from "./collect-books.ts";
import { burstFor, parseOptions, type ReplayOptions } from "./options.ts";
import type { Outcome } from "./outcome.ts";
import { showProgress } from "./progress.ts";
import { type Message, readMessages, type Survey, surveyMessages } from "./read-messages.ts";
import { isPriced, type Reconciliation, reconcile, reconcileJobs } from "./reconcile.ts";
import { ResultsFile } from "./results-file.ts";
import { submitMessage } from "./submit.ts";
import { reconciliationText, Summary } from "./summary.ts";

/** How long answers that are on their way are waited for after Ctrl-C: they tell which jobs were made. */
const INTERRUPT_GRACE_MS = 2_000;
const ROOT = resolve(import.meta.dirname, "../..");

/** What the parts of one run share. */
interface Run {
  id: string;
  options: ReplayOptions;
  instance: Instance;
  survey: Survey;
  api: ApiClient;
  /** Fires on Ctrl-C. */
  interrupt: AbortSignal;
  summary: Summary;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  const survey = await surveyMessages(options.file, options.limit);
  if (survey.rows === 0) throw new CommandError(`${options.file} has no rows.`, 2);
  const instance = await findInstance(options, process.env, ROOT);
  const api = new ApiClient(instance.url, { key: instance.key, connections: options.concurrency * 2 });
  const interrupt = onInterrupt();
  const id = `replay_${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
  const run: Run = { id, options, instance, survey, api, interrupt, summary: new Summary() };
  try {
    const since = await greet(run);
    await setLimits(run);
    await replay(run);
    console.log(`${run.summary}\nReplies: ${options.out}`);
    if (interrupt.aborted) return interrupted(run);
    const booksAgree = await checkBooks(run, since);
    return nothingLost(run) && booksAgree ? 0 : 1;
  } finally {
    await api.close();
  }
}

/**
 * Asks something small of the API, so that a wrong address or key shows before anything is submitted.
 * @returns the API's time, to the second and not too late
 */
async function greet({ api, instance, options, survey, id }: Run): Promise<Date> {
  const { date } = await ask(api, instance.url, { method: "GET", path: "/api/ai/admin/calls?limit=1" });
  console.log(
    `Replaying ${survey.valid} messages to ${survey.creatorIds.length} creators, agent ${options.agent}, at ${instance.url} (${id})`,
  );
  return date ?? new Date();
}

async function setLimits({ api, options, survey, interrupt }: Run): Promise<void> {
  const { plan, ratePerHour } = options;
  if (plan === undefined && ratePerHour === undefined) return;
  const bucket = ratePerHour === undefined ? undefined : { ratePerHour, burst: burstFor(ratePerHour) };
  const body = { ...(plan !== undefined && { plan }), ...(bucket && { bucket }) };
  await pMap(
    survey.creatorIds,
    async (creatorId) => {
      const path = `/api/ai/creators/${encodeURIComponent(creatorId)}`;
      const answer = await api.requestPatiently({ method: "PUT", path, body }, interrupt);
      if ("status" in answer && answer.status < 300) return;
      if (interrupt.aborted) return;
      const reason =
        "status" in answer ? (problemOf(answer.body).detail ?? `HTTP ${answer.status}`) : answer.gaveUp;
      throw new CommandError(`The limits of ${creatorId} couldn't be set: ${reason}`, 1);
    },
    { concurrency: options.concurrency },
  );
}

/** Submits every row and waits for every result. Each row ends in the summary and in the results file. */
async function replay(run: Run): Promise<void> {
  const { options, api, interrupt, summary } = run;
  const awaiter = new ResultAwaiter(api, { concurrency: options.concurrency, signal: interrupt });
  const results = await ResultsFile.create(options.out);
  const counts = { total: run.survey.valid, accepted: 0, ended: 0, waitingFor: awaiter.waitingFor };
  const progress = showProgress(() => counts, process.stdout);
  const waiting = new Set<Promise<void>>();
  /** Rejects at the first failure that no other row can escape. */
  const broken = new AbortController();
  const failure = rejectedBy(broken.signal);
  const record = (message: Message, outcome: Outcome): void => {
    if (outcome.kind === "ended") counts.ended += 1;
    summary.add(message, outcome);
    results.put(message, outcome);
  };

  async function submit(message: Message): Promise<void> {
    if (message.fault) return record(message, { kind: "skipped", code: message.fault });
    await results.room(message.position);
    if (interrupt.aborted) return;
    const submission = await submitMessage(api, message, { id: run.id, agent: options.agent }, interrupt);
    if ("kind" in submission) {
      // Never sent, or not sent again: of no interest once the person has had enough.
      return interrupt.aborted ? undefined : record(message, submission);
    }
    counts.accepted += 1;
    const result = awaiter
      .outcomeOf(submission.jobId, message.creatorId)
      .then((outcome) => record(message, outcome));
    const settled: Promise<void> = result.finally(() => waiting.delete(settled));
    settled.catch((thrown: unknown) => broken.abort(thrown));
    waiting.add(settled);
  }

  try {
    const messages = readMessages(options.file, options.limit);
    const submitted = takeTurns(messages, options.concurrency, submit, interrupt);
    await Promise.race([submitted, failure, graceAfter(interrupt)]);
    await Promise.race([Promise.all(waiting), failure]);
  } finally {
    awaiter.stop();
    progress.stop();
    await results.close();
  }
}

/** Works off an iterable by so many at once. Nothing is kept of what is done, and a failure ends it all. */
async function takeTurns<T>(
  items: AsyncIterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
  interrupt: AbortSignal,
): Promise<void> {
  const turns = Array.from({ length: concurrency }, async () => {
    for await (const item of items) {
      if (interrupt.aborted) return;
      await work(item);
    }
  });
  await Promise.all(turns);
}

/** Never resolves; rejects with the signal's reason. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  const failure = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  failure.catch(() => undefined);
  return failure;
}

/** Resolves a little after Ctrl-C, if it comes. */
function graceAfter(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    interrupt.addEventListener("abort", () => void setTimeout(resolve, INTERRUPT_GRACE_MS));
  });
}

/** @returns whether ledger, bill and jobs agree and the run cost something */
async function checkBooks(run: Run, since: Date): Promise<boolean> {
  const { api, summary, options, instance } = run;
  const { jobCosts } = summary;
  // Without a job there is nothing to compare; nothingLost() says so.
  if (jobCosts.size === 0) return false;
  const collect = {
    api,
    since,
    jobCosts,
    concurrency: options.concurrency,
    onOpenCalls: (open: number) => console.log(`waiting for ${open} calls that are still open`),
  };
  const ledger = await collectLedger(collect);
  const emulated = summary.providers.has("emulator");
  let found: Reconciliation;
  if (instance.emulatorUrl !== undefined && emulated) {
    found = reconcile(await collectBooks(instance.emulatorUrl, ledger, collect));
    console.log(reconciliationText(found, true));
  } else {
    found = reconcileJobs(ledger.calls, jobCosts);
    console.log(reconciliationText(found, false));
    if (emulated) console.log("The emulator's address is not known: give it with --emulator-url.");
  }
  return found.mismatches.length === 0 && costsSomething(found, ledger.calls);
}

function costsSomething(found: Reconciliation, calls: readonly RunCall[]): boolean {
  if (found.ledgerUsd !== "0") return true;
  if (calls.length > 0 && calls.every(({ model, startedAt }) => !isPriced(model, startedAt))) return true;
  console.log("The run cost nothing, though its model has a price: no call was settled.");
  return false;
}

/** Every valid row accepted; every job ended, and none of them as failed or cancelled. */
function nothingLost({ summary, survey }: Run): boolean {
  const { accepted, unfinished, failed, cancelled } = summary.total;
  const problems = [
    survey.valid - accepted > 0 && `${survey.valid - accepted} not accepted`,
    unfinished > 0 && `${unfinished} never ended`,
    failed > 0 && `${failed} failed`,
    cancelled > 0 && `${cancelled} cancelled`,
  ].filter((problem) => problem !== false);
  console.log(problems.length === 0 ? "Nothing was lost." : `Not all is well: ${problems.join(", ")}.`);
  return problems.length === 0 && accepted > 0;
}

function interrupted({ summary, survey }: Run): number {
  const left = survey.valid - summary.total.accepted - summary.notAccepted;
  console.log(
    `Interrupted: ${left} rows were not submitted; accepted jobs run on. The books were not compared.`,
  );
  return 130;
}

/** The first Ctrl-C asks the run to end with a summary, the second ends the process at once. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  // Every request that waits for its next try listens.
  setMaxListeners(0, controller.signal);
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      console.log("\nStopping; press Ctrl-C again to leave at once.");
      controller.abort();
    });
  }
  return controller.signal;
}

const exitCode = await main().catch(exitCodeOf);
// Polls that were due later would hold the process; what was printed to a pipe must leave before it ends.
process.stdout.write("", () => process.exit(exitCode));
