import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { addRule } from "@understudy/testkit";
import fc from "fast-check";
import { Agent, request } from "undici";
import type { World } from "./world.ts";

/** What clients were told. */
export interface ClientsTold {
  /** One for each 202, repeats too. */
  accepted: { id: string; idempotencyKey: string; at: number }[];
  /** What stands in each job's message and in no other's: so it shows whose a request to the provider is. */
  words: { pattern: RegExp; words: Map<string, string> };
  /** Jobs that were, or may have been, cancelled. */
  cancelled: Set<string>;
  /** Jobs whose calls the provider may refuse, or answer with nonsense. */
  troubled: Set<string>;
  /** Answers that no client should get, one sentence each. */
  faults: string[];
  /** How many requests were refused for room or rate (402, 429), and how many were sent again. */
  refused: number;
  repeats: number;
}

/** A creator of the run: terms, and how many jobs a second come for it. */
interface Creator {
  id: string;
  terms: { plan: string; quotaUsd?: string; bucket: { ratePerHour: number; burst: number } };
  jobsPerSecond: number;
  /** So many come at once. */
  together: number;
}

const wide = { ratePerHour: 1_000_000, burst: 1_000 };

export const creators: readonly Creator[] = [
  { id: "hot", terms: { plan: "business", bucket: wide }, jobsPerSecond: 3, together: 6 },
  { id: "light", terms: { plan: "business", bucket: wide }, jobsPerSecond: 1, together: 1 },
  // One job a second: what is released beside its tokens shows.
  {
    id: "tight",
    terms: { plan: "business", bucket: { ratePerHour: 3_600, burst: 3 } },
    jobsPerSecond: 0.8,
    together: 4,
  },
  // Room for a few holds at once, so that jobs wait for what others hold.
  {
    id: "poor",
    terms: { plan: "business", quotaUsd: "0.10", bucket: wide },
    jobsPerSecond: 1.5,
    together: 12,
  },
  // Asked for with a key that has a budget.
  { id: "budgeted", terms: { plan: "business", bucket: wide }, jobsPerSecond: 1, together: 6 },
  { id: "paused", terms: { plan: "business", bucket: wide }, jobsPerSecond: 1, together: 3 },
];

/** How the emulator answers what has such a word in it, and how often. */
const weather = [
  { match: { contains: "[slow]" }, respond: { delayMs: 1_500 } },
  { match: { contains: "[busy]" }, respond: { status: 503 }, times: 12 },
  { match: { contains: "[limit]" }, respond: { status: 429, retryDelay: "2s" }, times: 2 },
  { match: { contains: "[cut]" }, respond: { reset: true }, times: 6 },
  { match: { contains: "[broken]" }, respond: { text: "this is no JSON" }, times: 4 },
];

/** Most are answered as they come. */
const wordOf = fc.oneof(
  { weight: 12, arbitrary: fc.constant("") },
  { weight: 4, arbitrary: fc.constant("[slow]") },
  ...["[busy]", "[limit]", "[cut]", "[broken]"].map((word) => ({ weight: 1, arbitrary: fc.constant(word) })),
);

const wishOf = fc.record({
  agent: fc.oneof(
    { weight: 6, arbitrary: fc.constant("messaging") },
    { weight: 2, arbitrary: fc.constant("chat") },
    { weight: 1, arbitrary: fc.constant("compliance") },
  ),
  word: wordOf,
  fan: fc.integer({ min: 1, max: 5 }),
  /** What comes after it: the same request again, or its end. */
  after: fc.oneof(
    { weight: 8, arbitrary: fc.constant("nothing") },
    { weight: 2, arbitrary: fc.constant("again") },
    { weight: 1, arbitrary: fc.constant("cancel") },
  ),
});

type Wish = typeof wishOf extends fc.Arbitrary<infer Value> ? Value : never;

/** Room for a few calls at once, and some dozens in all. */
const budgetUsd = "0.05";

/** For an answer: a client that has heard nothing by then asks again. */
const patienceMs = 8_000;
const repeatPauseMs = 300;
/** How long `paused` is so, and not so. */
const pauseEachMs = 4_000;

/** What apps do all the time: submit, again under the same key where they hear nothing, cancel, pause. */
export class Load {
  readonly told: ClientsTold = {
    accepted: [],
    words: { pattern: /number \d+ /g, words: new Map() },
    cancelled: new Set(),
    troubled: new Set(),
    faults: [],
    refused: 0,
    repeats: 0,
  };
  readonly #world: World;
  readonly #wishes: Wish[];
  readonly #name: string;
  readonly #agent = new Agent({ connections: 32, keepAliveTimeout: 4_000 });
  /** Requests go on until they are answered, also after the load has ended. */
  readonly #unanswered = new Map<Promise<unknown>, string>();
  readonly #ended = new AbortController();
  #budgetedKey: string | undefined;
  #count = 0;
  #turn = 0;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#name = `chaos-${seed}`;
    // Each request that is repeated listens.
    setMaxListeners(0, this.#ended.signal);
    this.#wishes = fc.sample(wishOf, { seed, numRuns: 500 });
  }

  /**
   * Sets the creators' terms, a key with a budget, the weather, and the webhooks' endpoints.
   * @returns ids of the endpoints
   */
  async prepare(receivers: readonly { url: string; secret: string }[]): Promise<string[]> {
    for (const { id, terms } of creators) await this.#ask("PUT", `/api/ai/creators/${id}`, terms);
    for (const rule of weather) await addRule(this.#world.emulatorUrl, rule);
    const { body } = await this.#ask("POST", "/api/ai/admin/keys", {
      name: "budgeted",
      scopes: ["jobs:write", "jobs:read"],
      budgetUsd,
    });
    this.#budgetedKey = (body as { key: string }).key;
    const ids: string[] = [];
    for (const receiver of receivers) {
      const events = ["job.completed", "job.failed", "job.blocked", "job.cancelled"];
      const { body } = await this.#ask("POST", "/api/ai/webhooks", { url: receiver.url, events });
      const { id, secret } = body as { id: string; secret: string };
      receiver.secret = secret;
      ids.push(id);
    }
    return ids;
  }

  /** Goes on until the signal; what was asked then is asked until it is answered. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      ...creators.map((creator) => this.#submitFor(creator, signal)),
      this.#pauseAndResume(signal),
    ]);
  }

  /** Until every request is answered; one that is not in that time is a fault. */
  async finish(msMax: number, signal: AbortSignal): Promise<void> {
    const late = sleep(msMax, undefined, { ref: false, signal });
    while (this.#unanswered.size > 0) {
      const isLate = late.then(() => true);
      if (await Promise.race([Promise.all(this.#unanswered.keys()).then(() => false), isLate])) break;
    }
    for (const what of this.#unanswered.values()) this.told.faults.push(`A: ${what} was never answered`);
  }

  /** Asks nothing any more. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#agent.destroy();
  }

  async #submitFor({ id, jobsPerSecond, together }: Creator, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (let n = 0; n < together; n++) this.#submit(id);
      await sleep((together / jobsPerSecond) * 1000, undefined, { signal }).catch(() => {});
    }
  }

  #submit(creatorId: string): void {
    const number = this.#count++;
    const work: Promise<unknown> = this.#follow(creatorId, number)
      .catch((error: unknown) => {
        if (!this.#ended.signal.aborted) this.told.faults.push(`A: ${error}`);
      })
      .finally(() => this.#unanswered.delete(work));
    this.#unanswered.set(work, `request ${number} for ${creatorId}`);
  }

  /** Has a job accepted, and what comes after that. */
  async #follow(creatorId: string, number: number): Promise<void> {
    const wish = this.#wishes[number % this.#wishes.length];
    if (!wish) throw new Error("There is no wish.");
    const { agent, word, fan, after } = wish;
    const message = `Hello number ${number} ${word}, when is the next show?`;
    const input = agent === "compliance" ? { content: message } : { fanId: `fan_${fan}`, message };
    const idempotencyKey = `${this.#name}-${number}`;
    const key = creatorId === "budgeted" ? this.#budgetedKey : undefined;
    const headers = { "idempotency-key": idempotencyKey, ...(key && { authorization: `Bearer ${key}` }) };
    const submit = async (): Promise<string | undefined> => {
      const { status, body } = await this.#ask(
        "POST",
        `/api/ai/agents/${agent}/jobs`,
        { creatorId, input },
        headers,
      );
      if (status === 402 || status === 429) return undefined;
      const { id } = body as { id: string };
      this.told.accepted.push({ id, idempotencyKey, at: Date.now() });
      this.told.words.words.set(id, `number ${number} `);
      if (word !== "") this.told.troubled.add(id);
      return id;
    };
    const id = await submit();
    if (id === undefined) {
      this.told.refused += 1;
      return;
    }
    if (after === "again" && (await submit()) === undefined)
      this.told.faults.push(`A: ${id} was accepted, and its request refused when it came again`);
    if (after !== "cancel") return;
    this.told.cancelled.add(id);
    await this.#ask("DELETE", `/api/ai/jobs/${id}`);
  }

  async #pauseAndResume(signal: AbortSignal): Promise<void> {
    for (let isPaused = true; !signal.aborted; isPaused = !isPaused) {
      await sleep(pauseEachMs, undefined, { signal }).catch(() => {});
      await this.#ask("POST", `/api/ai/creators/paused/${isPaused ? "pause" : "resume"}`);
    }
    await this.#ask("POST", "/api/ai/creators/paused/resume");
  }

  /**
   * Asks one API after the other until one has answered with something else than that it can't now.
   * @throws an answer that says that we, or it, did something wrong
   */
  async #ask(
    method: "POST" | "PUT" | "DELETE",
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const { apiUrls, adminKey } = this.#world;
    for (;;) {
      const url = apiUrls[this.#turn++ % apiUrls.length];
      const answer = await request(`${url}${path}`, {
        method,
        dispatcher: this.#agent,
        headers: { authorization: `Bearer ${adminKey}`, "content-type": "application/json", ...headers },
        body: JSON.stringify(body ?? {}),
        signal: AbortSignal.timeout(patienceMs),
      })
        .then(async ({ statusCode: status, body: text }) => ({ status, body: parsed(await text.text()) }))
        // Cut off, refused or not answered: nobody knows whether it was done.
        .catch(() => undefined);
      if (answer && isFinal(answer)) return answer;
      // 5xx that are not "away" are faults of ours.
      if (answer && answer.status >= 500 && answer.status !== 503)
        this.told.faults.push(
          `A: ${method} ${path} was answered with ${answer.status} ${JSON.stringify(answer.body)}`,
        );
      else if (answer && answer.status !== 503 && codeOf(answer.body) !== "idempotency_key_in_use")
        throw new Error(
          `${method} ${path} was answered with ${answer.status} ${JSON.stringify(answer.body)}`,
        );
      this.told.repeats += 1;
      await sleep(repeatPauseMs, undefined, { signal: this.#ended.signal });
    }
  }
}

/** A job that has ended can't be cancelled: then somebody was faster. */
function isFinal({ status, body }: { status: number; body: unknown }): boolean {
  return status < 300 || status === 402 || status === 429 || codeOf(body) === "job_not_cancellable";
}

/** Of a problem. */
function codeOf(body: unknown): unknown {
  return (body as { code?: unknown } | undefined)?.code;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
