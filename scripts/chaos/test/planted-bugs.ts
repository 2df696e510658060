/** A bug that would break a promise: `was` in a file becomes `is`. */
interface PlantedBug {
  title: string;
  /** Letters of the invariants one of which it breaks first. */
  breaks: string;
  edits: readonly { file: string; was: string; is: string }[];
}

/** In seven places that no test of one part looks at alone. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    title: "a fence left out: whoever ends a job last has ended it",
    breaks: "ADX",
    edits: [
      {
        file: "packages/ledger/src/write-attempts.sql",
        was: `WHERE job."status" = 'running' AND job."attempt" = request."attempt"`,
        is: "WHERE true",
      },
    ],
  },
  {
    title: "a hold not released when its job has ended",
    breaks: "EF",
    edits: [
      {
        file: "packages/ledger/src/write-attempts.sql",
        was: `SELECT * FROM owned WHERE "end" IS NOT NULL AND "heldUsd" > 0`,
        is: "SELECT * FROM owned WHERE false",
      },
    ],
  },
  {
    title: "a repeat under a new id",
    breaks: "A",
    edits: [
      {
        file: "apps/api/src/jobs.ts",
        was: "repeats.once(idempotencyKey,",
        is: "repeats.once(idempotencyKey && { ...idempotencyKey, key: idempotencyKey.key + Math.random() },",
      },
    ],
  },
  {
    title: "a release that takes no token",
    breaks: "K",
    edits: [
      {
        file: "packages/queues/src/lanes/bucket.lua",
        was: "return math.max(bucket.tat, now) + bucket.interval end",
        is: "return bucket.tat end",
      },
    ],
  },
  {
    title: "an event told twice under two ids",
    breaks: "D",
    edits: [
      {
        file: "apps/worker/src/webhooks/sign-event.ts",
        was: "const { endpointId, eventId, previousSecret",
        is: "const eventId = delivery.eventId + delivery.tries;\n    const { endpointId, previousSecret",
      },
    ],
  },
  {
    title: "a lost wake: jobs that wait for room are woken by nobody",
    breaks: "AFH",
    edits: [
      {
        file: "packages/ledger/src/ledger.ts",
        was: "return this.#database.execute(wakeStatement, [",
        is: "if (limit > 0) return Promise.resolve([]);\n    return this.#database.execute(wakeStatement, [",
      },
    ],
  },
  {
    title: "a price by the process' own clock",
    breaks: "CX",
    edits: [
      {
        file: "packages/ledger/src/settlement.ts",
        was: "prices.priceOf(name, serviceTier, startedAt)",
        is: "prices.priceOf(name, serviceTier, new Date())",
      },
      {
        file: "packages/ledger/src/settlement.ts",
        was: "prices.priceOf(model, serviceTier, startedAt)",
        is: "prices.priceOf(model, serviceTier, new Date())",
      },
    ],
  },
];
