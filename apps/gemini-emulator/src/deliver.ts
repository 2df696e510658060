import type { ServerResponse } from "node:http";
import type { Respond } from "./rules.ts";
import type { UsageMetadata } from "./usage.ts";
import type { Answer } from "./wire.ts";

/** How an answer is sent badly; nothing of it by default. */
export type Faults = Pick<Respond, "delayMs" | "chunkDelayMs" | "hang" | "closeAfterBytes" | "reset"> & {
  /** The connection breaks where a stream is cut, or after its last byte; without it a cut stream ends cleanly. */
  breaksOff?: boolean;
};

/** What the bill must hear while an answer is under way. */
export interface DeliveryBill {
  /** This usage is charged from now on. Called before the piece that it belongs to is sent. */
  charge(usage: UsageMetadata | null): void;
  /** The client left before the end. */
  aborted(): void;
  /** It is not sent whole, as a rule says. Called before a byte of it is. */
  cut(): void;
}

/** A reset follows what was written by this: a reset at once would take bytes back that are under way. */
const RESET_AFTER_MS = 15;

/** Sends an answer, with its faults. Ends when there is nothing more to send or nobody to send it to. */
export async function deliver(
  res: ServerResponse,
  answer: Answer,
  headers: Readonly<Record<string, string>>,
  faults: Faults,
  bill: DeliveryBill,
): Promise<void> {
  let broken = false;
  res.on("close", () => {
    if (!res.writableFinished && !broken) bill.aborted();
  });
  if (res.destroyed || res.socket?.destroyed) {
    bill.aborted();
    return;
  }
  if (faults.delayMs) await waitUnlessClosed(res, faults.delayMs);
  if (faults.hang || res.destroyed) return;
  if (faults.reset && faults.closeAfterBytes === undefined) {
    broken = true;
    bill.cut();
    res.socket?.resetAndDestroy();
    return;
  }
  const total = answer.pieces.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  const bytesMax = faults.closeAfterBytes ?? Number.POSITIVE_INFINITY;
  const [only, ...more] = answer.pieces;
  const cut = total > bytesMax || faults.reset || faults.breaksOff;
  if (only && more.length === 0 && !cut) {
    bill.charge(only.usage);
    writeHead(res, answer, headers, faults, total);
    res.end(only.data);
    return;
  }
  if (cut) bill.cut();
  // One piece that is cut keeps its true length, so that the client sees that it was cut. A stream ends cleanly.
  const hasLength = more.length === 0 && !faults.breaksOff;
  writeHead(res, answer, headers, faults, cut && hasLength ? total : null);
  await writePieces(res, answer, bytesMax, faults.chunkDelayMs ?? 0, bill);
  if (res.destroyed) return;
  broken = Boolean(cut);
  if (faults.reset) {
    setTimeout(() => res.socket?.resetAndDestroy(), RESET_AFTER_MS);
  } else if (cut && (hasLength || faults.breaksOff)) {
    res.write("", () => res.socket?.end());
  } else res.end();
}

function writeHead(
  res: ServerResponse,
  answer: Answer,
  headers: Readonly<Record<string, string>>,
  faults: Faults,
  contentLength: number | null,
): void {
  res.writeHead(answer.status, {
    "content-type": answer.contentType,
    ...(contentLength !== null && { "content-length": contentLength }),
    // Clients take a reset after "connection: close" for a clean end (undici does), so a break comes without it.
    ...(faults.closeAfterBytes !== undefined &&
      !faults.reset &&
      !faults.breaksOff && { connection: "close" }),
    ...headers,
  });
}

/** Writes no more than `bytesMax`; a piece that does not fit is cut, and not charged where nobody can read its usage. */
async function writePieces(
  res: ServerResponse,
  answer: Answer,
  bytesMax: number,
  chunkDelayMs: number,
  bill: DeliveryBill,
): Promise<void> {
  let bytesLeft = bytesMax;
  for (const [index, { data, usage }] of answer.pieces.entries()) {
    if (index > 0 && chunkDelayMs > 0) await waitUnlessClosed(res, chunkDelayMs);
    if (res.destroyed) return;
    const bytes = Buffer.from(data);
    if (bytes.length > bytesLeft) {
      if (answer.usageWhenCut !== undefined) bill.charge(answer.usageWhenCut);
      res.write(bytes.subarray(0, bytesLeft));
      return;
    }
    bill.charge(usage);
    res.write(bytes);
    bytesLeft -= bytes.length;
  }
}

function waitUnlessClosed(res: ServerResponse, waitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      res.off("close", done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    res.on("close", done);
  });
}
