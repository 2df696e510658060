import type { AttemptName, FinishedStep } from "./attempt-writes.ts";
import type { CallAnswer, OpenCall, SettledCall } from "./call.ts";

/** The answer of a call, until it is written. */
export interface KeptAnswer {
  call: OpenCall;
  answer: CallAnswer;
  timer: NodeJS.Timeout;
  /** Why Postgres refuses it as it came: what it cost is written alone. */
  fault?: { error: unknown };
  resolve(settled: SettledCall): void;
  reject(error: unknown): void;
}

/** What is kept of one attempt until it writes. */
export class KeptWrites {
  readonly answers = new Set<KeptAnswer>();
  readonly steps = new Set<FinishedStep>();
  /** Why the attempt can't go on: Postgres refuses some of it. */
  fault: { error: unknown } | undefined;

  get isEmpty(): boolean {
    return this.answers.size === 0 && this.steps.size === 0;
  }

  /** Leaves out what others wrote: of answers is kept what they cost. */
  refuse(error: unknown): void {
    this.fault = { error };
    this.steps.clear();
    for (const answer of this.answers) answer.fault = { error };
  }

  /** Gives up all that is left. */
  drop(error: unknown): void {
    for (const { reject } of this.answers) reject(error);
    this.forget([...this.answers], [...this.steps]);
  }

  forget(answers: readonly KeptAnswer[], steps: readonly FinishedStep[]): void {
    for (const answer of answers) {
      clearTimeout(answer.timer);
      this.answers.delete(answer);
    }
    for (const step of steps) this.steps.delete(step);
  }
}

/** What is kept of all attempts of this process. */
export class KeptOfAttempts {
  readonly #kept = new Map<string, KeptWrites>();

  of(name: AttemptName): KeptWrites | undefined {
    return this.#kept.get(keyOf(name));
  }

  begun(name: AttemptName): KeptWrites {
    const kept = this.of(name) ?? new KeptWrites();
    this.#kept.set(keyOf(name), kept);
    return kept;
  }

  /** @throws why an attempt can't go on */
  throwFault(name: AttemptName, { isLast }: { isLast: boolean }): void {
    const kept = this.of(name);
    if (!kept?.fault) return;
    const { error } = kept.fault;
    if (isLast) kept.fault = undefined;
    this.tidy(name);
    throw error;
  }

  /** Forgets an attempt of which nothing is kept. */
  tidy(name: AttemptName): void {
    const kept = this.of(name);
    if (kept?.isEmpty && !kept.fault) this.#kept.delete(keyOf(name));
  }

  names(): AttemptName[] {
    return [...this.#kept.keys()].map((key) => {
      const [jobId = "", attempt] = key.split(" ");
      return { jobId, attempt: Number(attempt) };
    });
  }
}

function keyOf({ jobId, attempt }: AttemptName): string {
  return `${jobId} ${attempt}`;
}
