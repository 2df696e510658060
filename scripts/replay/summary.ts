import Table from "cli-table3";
import type { Outcome } from "./outcome.ts";
import type { Message } from "./read-messages.ts";
import type { Mismatch, Reconciliation } from "./reconcile.ts";
import { latencyMs } from "./results-file.ts";
import { sumUsd } from "./usd.ts";

/** What one creator's rows came to. */
interface Sums {
  accepted: number;
  completed: number;
  failed: number;
  blocked: number;
  cancelled: number;
  unfinished: number;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  thoughtTokens: number;
  costUsd: string;
  latenciesMs: number[];
}

/** A row without a job, for the list under the table. */
interface Reported {
  line: number;
  code: string;
  detail?: string;
}

/** No colours: the table may go to a file. */
const PLAIN = { style: { head: [], border: [], compact: true } };
const LINES_SHOWN = 10;
const CREATORS_SHOWN = 50;
const MISMATCHES_SHOWN = 20;

/** Adds up the outcomes as they come; memory grows by a number a job (its latency). */
export class Summary {
  readonly #creators = new Map<string, Sums>();
  readonly #shown = new Map<string, { count: number; first: Reported[] }>();
  readonly jobCosts = new Map<string, string>();
  readonly providers = new Set<string>();
  notAccepted = 0;
  skipped = 0;

  add(message: Message, outcome: Outcome): void {
    const { line } = message;
    switch (outcome.kind) {
      case "skipped":
        this.skipped += 1;
        this.#report("skipped", { line, code: outcome.code });
        break;
      case "notAccepted":
        this.notAccepted += 1;
        this.#report("not accepted", {
          line: message.line,
          code: outcome.code,
          detail: outcome.detail,
        });
        break;
      case "unfinished": {
        const sums = this.#sumsOf(message.creatorId);
        sums.accepted += 1;
        sums.unfinished += 1;
        this.#report("unfinished", { line, code: outcome.code, detail: outcome.jobId });
        break;
      }
      case "ended":
        this.#addJob(message, outcome);
        break;
    }
  }

  #addJob(message: Message, { job }: Extract<Outcome, { kind: "ended" }>): void {
    const sums = this.#sumsOf(message.creatorId);
    const { usage } = job;
    sums.accepted += 1;
    if (job.status === "completed" || job.status === "blocked" || job.status === "cancelled")
      sums[job.status] += 1;
    else sums.failed += 1;
    sums.inputTokens += usage.inputTokens;
    sums.cachedTokens += usage.cachedTokens;
    sums.outputTokens += usage.outputTokens;
    sums.thoughtTokens += usage.thoughtTokens;
    sums.costUsd = sumUsd([sums.costUsd, usage.costUsd]);
    const latency = latencyMs(job);
    if (latency !== undefined) sums.latenciesMs.push(latency);
    this.jobCosts.set(job.id, usage.costUsd);
    this.providers.add(job.provider);
    if (job.status === "failed") {
      const { code = "unknown", message: text = "" } = job.error ?? {};
      this.#report("failed", { line: message.line, code, detail: text });
    }
  }

  get total(): Sums {
    return sumsTogether([...this.#creators.values()]);
  }

  /** The table by creator and, under it, the rows that came to nothing. */
  toString(): string {
    const table = new Table({
      ...PLAIN,
      head: HEAD,
      colAligns: HEAD.map((_, column) => (column === 0 ? "left" : "right")),
    });
    const creators = [...this.#creators].sort(([a], [b]) => a.localeCompare(b));
    for (const [creatorId, sums] of creators.slice(0, CREATORS_SHOWN)) table.push(cells(creatorId, sums));
    const rest = creators.slice(CREATORS_SHOWN).map(([, sums]) => sums);
    if (rest.length > 0) table.push(cells(`${rest.length} others`, sumsTogether(rest)));
    table.push(cells("total", this.total));
    return [table.toString(), ...this.#reports()].join("\n");
  }

  #report(kind: string, row: Reported): void {
    const key = `${kind}: ${row.code}`;
    const known = this.#shown.get(key) ?? { count: 0, first: [] };
    known.count += 1;
    if (known.first.length < LINES_SHOWN) known.first.push(row);
    this.#shown.set(key, known);
  }

  #reports(): string[] {
    return [...this.#shown].map(([key, { count, first }]) => {
      const lines = first
        .map(({ line }) => line)
        .sort((a, b) => a - b)
        .join(", ");
      const more = count > first.length ? `, and ${count - first.length} more` : "";
      const detail = first[0]?.detail ? ` (${first[0].detail})` : "";
      return `${count} ${count === 1 ? "row" : "rows"} ${key}, on ${count === 1 ? "line" : "lines"} ${lines}${more}${detail}`;
    });
  }

  #sumsOf(creatorId: string): Sums {
    const known = this.#creators.get(creatorId);
    if (known) return known;
    const sums = noSums();
    this.#creators.set(creatorId, sums);
    return sums;
  }
}

const HEAD = [
  "creator",
  "jobs",
  "completed",
  "failed",
  "blocked",
  "other",
  "in",
  "cached",
  "out",
  "thoughts",
  "cost USD",
  "p50 ms",
  "p99 ms",
];

function cells(name: string, sums: Sums): string[] {
  const counts = [
    sums.accepted,
    sums.completed,
    sums.failed,
    sums.blocked,
    sums.cancelled + sums.unfinished,
    sums.inputTokens,
    sums.cachedTokens,
    sums.outputTokens,
    sums.thoughtTokens,
  ];
  const times = [percentile(sums.latenciesMs, 50), percentile(sums.latenciesMs, 99)];
  return [
    name,
    ...counts.map(grouped),
    sums.costUsd,
    ...times.map((ms) => (ms === undefined ? "–" : grouped(ms))),
  ];
}

function sumsTogether(parts: readonly Sums[]): Sums {
  const total = noSums();
  for (const part of parts) {
    total.accepted += part.accepted;
    total.completed += part.completed;
    total.failed += part.failed;
    total.blocked += part.blocked;
    total.cancelled += part.cancelled;
    total.unfinished += part.unfinished;
    total.inputTokens += part.inputTokens;
    total.cachedTokens += part.cachedTokens;
    total.outputTokens += part.outputTokens;
    total.thoughtTokens += part.thoughtTokens;
    total.costUsd = sumUsd([total.costUsd, part.costUsd]);
    // Not push(...part): a hundred thousand arguments are too many.
    for (const latency of part.latenciesMs) total.latenciesMs.push(latency);
  }
  return total;
}

function noSums(): Sums {
  return {
    accepted: 0,
    completed: 0,
    failed: 0,
    blocked: 0,
    cancelled: 0,
    unfinished: 0,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    thoughtTokens: 0,
    costUsd: "0",
    latenciesMs: [],
  };
}

/** Nearest rank: the smallest value that is no less than `percent` % of all. */
export function percentile(values: readonly number[], percent: number): number | undefined {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** What the comparison came to, in a few lines and a table of the first mismatches. */
export function reconciliationText(found: Reconciliation, billChecked: boolean): string {
  const { ledgerUsd, billUsd, jobsUsd, mismatches } = found;
  const sign = ledgerUsd === billUsd ? "=" : "≠";
  const lines = [
    billChecked
      ? `ledger $${ledgerUsd} ${sign} bill $${billUsd} (${grouped(found.settled)} calls)`
      : `ledger $${ledgerUsd} (${grouped(found.settled)} calls); the bill wasn't checked: only the emulator shows one`,
  ];
  if (jobsUsd !== ledgerUsd) lines.push(`ledger $${ledgerUsd} ≠ jobs $${jobsUsd}`);
  if (found.released > 0) lines.push(`${grouped(found.released)} calls were refused and cost nothing`);
  if (found.unknown > 0) {
    lines.push(`${grouped(found.unknown)} calls lost their answer; they cost $${found.unknownUsd} at most`);
  }
  if (mismatches.length === 0) return lines.join("\n");
  lines.push(`${grouped(mismatches.length)} ${mismatches.length === 1 ? "mismatch" : "mismatches"}:`);
  lines.push(mismatchTable(mismatches.slice(0, MISMATCHES_SHOWN)));
  if (mismatches.length > MISMATCHES_SHOWN)
    lines.push(`… and ${grouped(mismatches.length - MISMATCHES_SHOWN)} more`);
  return lines.join("\n");
}

function mismatchTable(mismatches: readonly Mismatch[]): string {
  const table = new Table({ ...PLAIN, head: ["what", "call", "job", "ledger USD", "bill USD"] });
  for (const { what, callId = "", jobId = "", ledger = "–", bill = "–" } of mismatches) {
    table.push([what, callId, jobId, ledger, bill]);
  }
  return table.toString();
}
