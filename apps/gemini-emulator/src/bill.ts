import { monotonicFactory } from "ulid";
import type { BillChange, BillEntry, BillTotal } from "./bill-entry.ts";
import type { BillFile } from "./bill-file.ts";
import type { UsageMetadata } from "./usage.ts";

// Ids only have to differ; the factory's own source of chance costs 90 µs for each of them.
const nextId = monotonicFactory(Math.random);

/**
 * Every request in the order of its arrival. An entry is written before the first byte of its answer is
 * sent, and corrected as a stream goes on: the bill holds even if the client, or the emulator, is killed.
 * It grows until it is reset, by about 1 KB an entry.
 */
export class Bill {
  private entries = new Map<string, BillEntry>();
  private readonly file: BillFile | null;

  /** @param file where entries are kept beside memory @param kept what that file held */
  constructor(file: BillFile | null, kept: readonly BillEntry[] = []) {
    this.file = file;
    for (const entry of kept) this.entries.set(entry.id, entry);
  }

  add(entry: Omit<BillEntry, "id" | "at" | "aborted">): BillEntry {
    const added: BillEntry = { id: nextId(), at: new Date().toISOString(), ...entry, aborted: false };
    this.file?.append(added);
    this.entries.set(added.id, added);
    return added;
  }

  /** Does nothing for an entry from before a reset. */
  change(change: BillChange): void {
    const entry = this.entries.get(change.id);
    if (!entry) return;
    this.file?.append(change);
    Object.assign(entry, change);
  }

  reset(): void {
    this.entries = new Map();
    this.file?.clear();
  }

  /** As `GET /_emulator/bill` shows it. Totals count what is charged, by the model that was asked for. */
  toJSON(): { calls: BillEntry[]; totals: Record<string, BillTotal> } {
    const calls = [...this.entries.values()];
    const totals = new Map<string, BillTotal>();
    for (const { model, usageMetadata } of calls) {
      if (!usageMetadata) continue;
      const total = totals.get(model) ?? emptyTotal();
      addUsage(total, usageMetadata);
      totals.set(model, total);
    }
    return { calls, totals: Object.fromEntries(totals) };
  }
}

function emptyTotal(): BillTotal {
  return {
    calls: 0,
    promptTokenCount: 0,
    cachedContentTokenCount: 0,
    candidatesTokenCount: 0,
    thoughtsTokenCount: 0,
    toolUsePromptTokenCount: 0,
  };
}

function addUsage(total: BillTotal, usage: UsageMetadata): void {
  total.calls++;
  total.promptTokenCount += usage.promptTokenCount ?? 0;
  total.cachedContentTokenCount += usage.cachedContentTokenCount ?? 0;
  total.candidatesTokenCount += usage.candidatesTokenCount ?? 0;
  total.thoughtsTokenCount += usage.thoughtsTokenCount ?? 0;
  total.toolUsePromptTokenCount += usage.toolUsePromptTokenCount ?? 0;
}
