import { createHash } from "node:crypto";
import type { AcceptedJob } from "@understudy/contracts";
import { type Database, groupCommit } from "@understudy/database";
import {
  findRepeatedJobs,
  type IdempotencyKey,
  nameOfKey,
  noteAdmissions,
  type RepeatedJob,
} from "@understudy/jobs";
import { configure } from "safe-stable-stringify";
import { ProblemError } from "./http/problem-error.ts";

const groupMax = 500;

/** Members in the order of their names: two bodies that say the same have one text. */
const canonicalJson = configure({ deterministic: true, circularValue: TypeError });

/** What a first answer said beside its job. */
type FirstAnswer = IdempotencyKey & { jobId: string; admission: AcceptedJob["admission"] };

/** What a request with an idempotency key came to. */
export type Once<Accepted> =
  | { kind: "accepted"; accepted: Accepted }
  /** It was accepted before, and changes nothing now. */
  | { kind: "repeated"; job: RepeatedJob };

/**
 * Lets a request with an idempotency key make one job, however often it comes within 24 hours: also at once, over several
 * processes, and after a crash. Only the job's row decides, which is written with the key; a request that was refused
 * keeps no key.
 */
export class RepeatedRequests {
  readonly #find: (key: IdempotencyKey) => Promise<RepeatedJob | undefined>;
  readonly #note: (answer: FirstAnswer) => Promise<unknown>;
  readonly #inFlight = new Set<string>();

  constructor(database: Database) {
    this.#find = groupCommit(groupMax, nameOfKey, (keys) => findRepeatedJobs(database, keys));
    this.#note = groupCommit(groupMax, nameOfKey, async (answers: FirstAnswer[]) => {
      await noteAdmissions(database, answers);
      return answers;
    });
  }

  /**
   * @param request all that makes it the same request: where it went and what it said
   * @param accept writes the job with the key; undefined where the key has come to stand for another job meanwhile
   * @throws a 422 problem where the key stands for another request, 409 while that is under way in this process
   */
  async once<Accepted extends { job: AcceptedJob }>(
    key: IdempotencyKey,
    request: object,
    accept: (fingerprint: string) => Promise<Accepted | undefined>,
  ): Promise<Once<Accepted>> {
    const name = nameOfKey(key);
    if (this.#inFlight.has(name)) throw inUse();
    this.#inFlight.add(name);
    try {
      const fingerprint = fingerprintOf(request);
      const before = await this.#find(key);
      if (before) return repeated(before, fingerprint);
      const accepted = await accept(fingerprint).catch(async (refusal: unknown) => {
        // Judged before the first request with the key was committed elsewhere, which may have taken the last room.
        const first =
          refusal instanceof ProblemError ? await this.#find(key).catch(() => undefined) : undefined;
        if (!first) throw refusal;
        return undefined;
      });
      if (accepted) {
        const { id: jobId, admission } = accepted.job;
        // Noted before it is told, or a repeat might be told another. Should that fail, the job is accepted all the same.
        await this.#note({ ...key, jobId, admission }).catch(() => {});
        return { kind: "accepted", accepted };
      }
      const other = await this.#find(key);
      if (!other) throw inUse();
      return repeated(other, fingerprint);
    } finally {
      this.#inFlight.delete(name);
    }
  }
}

function repeated(job: RepeatedJob, fingerprint: string): { kind: "repeated"; job: RepeatedJob } {
  if (job.fingerprint === fingerprint) return { kind: "repeated", job };
  throw new ProblemError(
    422,
    "idempotency_key_reused",
    "The Idempotency-Key came with another request before. Send a new key with each new request.",
  );
}

function inUse(): ProblemError {
  return new ProblemError(
    409,
    "idempotency_key_in_use",
    "A request with that Idempotency-Key is under way. Repeat it in a second to get its job.",
    { retryable: true, headers: { "retry-after": "1" } },
  );
}

function fingerprintOf(request: object): string {
  return createHash("sha256")
    .update(canonicalJson(request) ?? "")
    .digest("base64url");
}
