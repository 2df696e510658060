import { backoffMs } from "./backoff.ts";
import { sleep } from "./sleep.ts";
import { mayPass } from "./transport.ts";

/** How long an API that is away is waited for: longer than a restart of everything takes. */
const patienceMs = 120_000;

/** Waits out what passes, until it has been away for too long. */
export class Patience {
  #awaySince: number | undefined;
  #failures = 0;

  /** The API is there. Until something comes of it, tries become rarer all the same. */
  answered(): void {
    this.#awaySince = undefined;
  }

  /** Something has come of it. */
  renew(): void {
    this.answered();
    this.#failures = 0;
  }

  /** Pauses before another try. @throws `failure` where another will not help, or patience is over */
  async wait(failure: unknown, signal: AbortSignal | undefined): Promise<void> {
    this.#awaySince ??= Date.now();
    if (!mayPass(failure) || Date.now() - this.#awaySince > patienceMs) throw failure;
    await sleep(backoffMs(this.#failures++, (failure.retryAfter ?? 0) * 1_000), signal);
  }
}
