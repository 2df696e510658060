import { type Agent, necessarySteps } from "@understudy/agents";
import {
  type AcceptedJob,
  type DispatchableJob,
  isTerminal,
  type Job,
  type JobOptions,
  priorities,
} from "@understudy/contracts";
import { type Database, groupCommit, newId } from "@understudy/database";
import {
  createJobs,
  type IdempotencyKey,
  type JobRecord,
  type NewJob,
  nameOfKey,
  type RepeatedJob,
} from "@understudy/jobs";
import { findNoRoom, formatUsd, sumUsd } from "@understudy/ledger";
import { type ModelRegistry, worstCasesOf } from "@understudy/models";
import type { JobEndings, Placement } from "@understudy/queues";
import type { Logger } from "@understudy/service";
import type { ApiTelemetry } from "@understudy/telemetry";
import type { Dispatch } from "./dispatch.ts";
import { FullLanes } from "./full-lanes.ts";
import { type Caller, sees } from "./http/caller.ts";
import { ProblemError } from "./http/problem-error.ts";
import { RepeatedRequests } from "./idempotency.ts";
import { checkInputSize } from "./input-size.ts";
import type { JobReader } from "./job-reader.ts";
import { admissionOf } from "./lane-view.ts";
import { QueuedInputs } from "./queued-inputs.ts";
import { callbackFor } from "./webhooks/callback.ts";

const groupMax = 500;

/** The plan of a creator who comes with their first job, as the schema has it. */
const newCreatorsPlan = "starter";

/** How long an answer may wait for where its job stands. */
const placeWaitMs = 250;

/** How often a waiting request looks into Postgres itself, should Redis not tell it. */
const pollMs = 1_000;

export interface JobsDependencies {
  database: Database;
  registry: ModelRegistry;
  reader: JobReader;
  dispatch: Dispatch;
  endings: JobEndings;
  telemetry: Pick<ApiTelemetry, "accepted">;
  logger: Logger;
  createUnknownCreators: boolean;
  /** What all creators together may spend in a month, in USD. */
  platformQuotaUsd: string | undefined;
  /** Jobs of one creator that may wait in its lane. */
  laneMax: number;
}

/** A job that was accepted, and how its creator's bucket is since; none where Redis did not tell in time. */
export interface Acceptance {
  job: AcceptedJob;
  lane?: Placement;
  /** It was accepted before, under the same idempotency key. */
  isRepeat: boolean;
}

export interface JobRequest {
  /** Who pays, and for whom there may be no such creator. */
  caller: Caller;
  agent: Agent;
  creatorId: string;
  /** Parsed by the agent's schema. */
  input: Record<string, unknown>;
  /** Where the input lies in the body, as a JSON pointer: `/input`, or `` for the body itself. */
  inputPointer: string;
  options: JobOptions;
  /** One of many that were sent at once. */
  isBatch?: boolean;
  /** W3C trace context of the request, where it is traced. */
  traceparent?: string | undefined;
  /** Under which a repeat of the request gets the same job; its owner stays the same when an API key is rotated. */
  idempotencyKey?: IdempotencyKey;
}

export interface Jobs extends JobReader {
  /**
   * Accepts a job: when this answers, its row is committed. It is dispatched then, or by the reconciler later. A repeat
   * under the same idempotency key is given the job of the first.
   */
  accept(request: JobRequest): Promise<Acceptance>;
  /** The job as soon as it has ended, or as it is after `seconds` or when `signal` aborts. */
  waitForEnd(id: string, seconds: number, signal: AbortSignal): Promise<Job | undefined>;
}

export function createJobService(dependencies: JobsDependencies): Jobs {
  const { database, endings, reader, logger } = dependencies;
  const writeJob = groupCommit(
    groupMax,
    ({ id, idempotency }: NewJob) => (idempotency ? nameOfKey(idempotency) : id),
    (jobs) => createJobs(database, jobs),
  );
  const repeats = new RepeatedRequests(database);
  const { dispatch } = dependencies;
  const fullLanes = new FullLanes(dependencies.laneMax);
  const queuedInputs = new QueuedInputs(database);

  async function accept(request: JobRequest): Promise<Acceptance> {
    const { caller, agent, creatorId, input, inputPointer, options, idempotencyKey } = request;
    if (!sees(caller, creatorId)) throw noSuchCreator(creatorId);
    const inputBytes = checkInputSize(input, inputPointer);
    if (!idempotencyKey) {
      const acceptance = await acceptNew(request, inputBytes);
      if (acceptance) return acceptance;
      throw new Error("A job was not written, though there is room for it.");
    }
    const same = { agent: agent.name, creatorId, input, options: { ...options, idempotencyKey: undefined } };
    const once = await repeats.once(idempotencyKey, same, (fingerprint) =>
      acceptNew(request, inputBytes, { ...idempotencyKey, fingerprint }),
    );
    return once.kind === "accepted" ? once.accepted : { job: repeatedAnswer(once.job), isRepeat: true };
  }

  /** @returns undefined where the idempotency key has come to stand for another job meanwhile */
  async function acceptNew(
    request: JobRequest,
    inputBytes: number,
    idempotency?: NewJob["idempotency"],
  ): Promise<Acceptance | undefined> {
    const { caller, agent, creatorId, input, options, traceparent } = request;
    fullLanes.refuse(creatorId);
    await queuedInputs.refuse(creatorId, inputBytes);
    const { callbackUrl } = options;
    const callback =
      callbackUrl === undefined ? {} : await callbackFor(database, caller, creatorId, callbackUrl);
    const whose = await whoseModels(creatorId);
    const model = await dependencies.registry.firstOf(agent.role, { model: agent.model?.(input), ...whose });
    const requiredUsd = await requiredFor(request, whose);

    const id = newId("job");
    const { metadata, notBefore, expiresAt, feature = agent.feature } = options;
    const isBulk = request.isBatch || notBefore !== undefined;
    const ofKind = isBulk ? priorities.bulk : (agent.queue.priority ?? priorities.single);
    const { priority = ofKind } = options;
    const record = await writeJob({
      id,
      agent: agent.name,
      creatorId,
      createCreator: dependencies.createUnknownCreators,
      feature,
      model,
      input,
      inputBytes,
      priority,
      requiredUsd,
      platformQuotaUsd: dependencies.platformQuotaUsd,
      ...callback,
      ...(caller.keyId !== null && { apiKeyId: caller.keyId }),
      ...(typeof input.fanId === "string" && { fanId: input.fanId }),
      ...(metadata && { metadata }),
      ...(notBefore && { notBefore }),
      ...(expiresAt && { expiresAt }),
      ...(traceparent && { traceparent }),
      ...(idempotency && { idempotency }),
    });
    if (record.createdAt === null) {
      const refusal = refusalOf(creatorId, record);
      if (refusal) throw refusal;
      return undefined;
    }
    dependencies.telemetry.accepted(agent.name);
    queuedInputs.note(creatorId, inputBytes);
    const dispatchable = {
      id,
      agent: agent.name,
      creatorId,
      generation: 1,
      priority,
      notBefore: notBefore ? new Date(notBefore) : null,
      terms: record.terms,
    };
    const { createdAt } = record;
    const lane = await place(dispatchable);
    if (lane) fullLanes.note(creatorId, lane);
    const admission = admissionOf(lane, createdAt, dispatchable.notBefore);
    const job = acceptedJob({ id, agent: agent.name, creatorId, createdAt, admission });
    return { job, isRepeat: false, ...(lane && { lane }) };
  }

  /**
   * Lets a job into its lane. Not waited for long: the job is safe, and what Redis does not take now the reconciler
   * dispatches.
   */
  async function place(job: DispatchableJob): Promise<Placement | undefined> {
    const placed = dispatch(job).catch((err: unknown) => {
      logger.warn({ err, jobId: job.id }, "left to the reconciler: Redis did not take the job");
      return undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), placeWaitMs);
    });
    const placement = await Promise.race([placed, late]);
    clearTimeout(timer);
    return placement;
  }

  /** Whose models a creator's jobs have. Its plan is looked up only where plans differ in that. */
  async function whoseModels(creatorId: string): Promise<{ creatorId: string; plan?: string }> {
    if (!(await dependencies.registry.isByPlan())) return { creatorId };
    const row = await database.prisma.creator.findUnique({
      where: { id: creatorId },
      select: { planName: true },
    });
    return { creatorId, plan: row?.planName ?? newCreatorsPlan };
  }

  /** The worst case of all calls that the job can't do without, in USD. */
  async function requiredFor(
    { agent, input, inputPointer }: JobRequest,
    whose: Awaited<ReturnType<typeof whoseModels>>,
  ): Promise<string> {
    const { registry } = dependencies;
    const steps = necessarySteps(agent, input);
    const { byStep, unknownModel } = await worstCasesOf(registry, steps, whose);
    if (unknownModel !== undefined) throw await unknownModelProblem(registry, `#${inputPointer}/model`);
    return sumUsd([...byStep.values()]).toFixed();
  }

  async function waitForEnd(id: string, seconds: number, signal: AbortSignal): Promise<Job | undefined> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      // Listen first, look then: an end between the two is not missed.
      const ended = nextEnding(endings, id, Math.min(pollMs, deadline - performance.now()), signal);
      const job = await reader.find(id).catch((error: unknown) => {
        if (performance.now() >= deadline) throw error;
        return undefined;
      });
      if ((job && isTerminal(job.status)) || performance.now() >= deadline || signal.aborted) {
        ended.cancel();
        return job;
      }
      await ended.promise;
    }
  }

  return { accept, waitForEnd, ...reader };
}

/** Resolves when the job's end is announced, after `timeoutMs`, or when `signal` aborts. */
function nextEnding(endings: JobEndings, id: string, timeoutMs: number, signal: AbortSignal) {
  let cancel = () => {};
  const promise = new Promise<void>((resolve) => {
    const timer = setTimeout(done, Math.max(0, timeoutMs));
    const stopListening = endings.on(id, done);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      stopListening();
      signal.removeEventListener("abort", done);
      resolve();
    }
    cancel = done;
  });
  return { promise, cancel };
}

async function unknownModelProblem(registry: ModelRegistry, pointer: string): Promise<ProblemError> {
  const models = await registry.callable();
  return new ProblemError(
    400,
    "unknown_model",
    `The model is not registered, has no price, or is retired. Those that can be called: ${models.join(", ")}.`,
    {
      errors: [{ pointer, detail: "must be a model that can be called" }],
      members: { models },
    },
  );
}

function acceptedJob(
  job: Pick<RepeatedJob, "id" | "agent" | "creatorId" | "createdAt"> & Pick<AcceptedJob, "admission">,
): AcceptedJob {
  const { id, agent, creatorId, createdAt, admission } = job;
  const self = `/api/ai/jobs/${id}`;
  return {
    id,
    agent,
    creatorId,
    status: "queued",
    createdAt: createdAt.toISOString(),
    admission,
    links: { self, events: `${self}/events` },
  };
}

/** What the first answer said. Where its process died before it was noted, nobody has heard it. */
function repeatedAnswer(job: RepeatedJob): AcceptedJob {
  return acceptedJob({
    ...job,
    admission: job.admission ?? admissionOf(undefined, job.createdAt, job.notBefore),
  });
}

/** Why a job was not written down; undefined where it could have been, but for its idempotency key. */
function refusalOf(creatorId: string, record: JobRecord): ProblemError | undefined {
  if (!record.isKnown) {
    return noSuchCreator(creatorId);
  }
  const noRoom = findNoRoom(record);
  if (!noRoom) return undefined;
  const { bound, plan, resetsAt } = noRoom;
  const figures = {
    spentUsd: formatUsd(noRoom.spentUsd),
    heldUsd: formatUsd(noRoom.heldUsd),
    unknownUsd: formatUsd(noRoom.unknownUsd),
    requiredUsd: formatUsd(noRoom.requiredUsd),
    ...(resetsAt && { resetsAt: resetsAt.toISOString() }),
  };
  const limitUsd = formatUsd(noRoom.limitUsd);
  return bound === "quota"
    ? new ProblemError(402, "quota_exceeded", `The quota of $${limitUsd} has no room for the job.`, {
        members: { plan, quotaUsd: limitUsd, ...figures },
      })
    : new ProblemError(
        402,
        "budget_exceeded",
        `The ${bound}'s budget of $${limitUsd} has no room for the job.`,
        {
          members: { budget: bound, budgetUsd: limitUsd, ...figures },
        },
      );
}

function noSuchCreator(creatorId: string): ProblemError {
  return new ProblemError(404, "creator_not_found", `There is no creator ${creatorId}; PUT it first.`);
}

export function noSuchJob(): ProblemError {
  return new ProblemError(404, "job_not_found", "No job has that id.");
}
