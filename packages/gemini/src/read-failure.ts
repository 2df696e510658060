import { types } from "node:util";
import type { Provider } from "@understudy/contracts";
import { providerOf, requestIdOf } from "./exchange-headers.ts";
import type { Generation, LossReason } from "./generation.ts";
import type { Exchange } from "./http-exchange.ts";
import { readErrorBody, type Unshown, wordsOf } from "./provider-words.ts";

/** Before a byte was sent: the request can't have been billed. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  // Whoever answered there did not prove to be the one that was asked for.
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What undici says, under a code that means other things too, where an egress proxy makes no tunnel. */
const noTunnel = /^Proxy response \(\d{3}\) !== 200/;

/** What a failure is read with, beside itself. */
export interface FailedCall extends Unshown {
  /** Undefined where no answer's headers have come. */
  exchange: Exchange | undefined;
  /** Why an answer that did not come whole was lost. */
  lostTo: LossReason;
  /** Who answers at the address that was asked. */
  provider: Provider;
  /** Of an answer that came in part. */
  responseId?: string | undefined;
}

/** Reads what the SDK threw. */
export function readFailure(error: unknown, call: FailedCall): Generation & { kind: "refused" | "lost" } {
  const { exchange, lostTo } = call;
  if (exchange === undefined) {
    return isNeverSent(error)
      ? { kind: "refused", errorCode: "unreachable", retryable: true }
      : { kind: "lost", reason: lostTo };
  }
  const body = error instanceof Error ? readErrorBody(error.message) : undefined;
  const words = wordsOf(body, requestIdOf(exchange, call.responseId), call);
  // Headers said that it went well, but the body did not arrive whole: billed, most likely.
  if (exchange.status < 300) return { kind: "lost", reason: lostTo, ...(words && { words }) };
  // A status of Google's; what is none may be anything, the prompt too.
  const said = /^[A-Za-z_]{1,64}$/.test(body?.status ?? "") ? body?.status : undefined;
  const retryAfterMs = retryDelayMs(body?.retryDelay) ?? retryAfterHeaderMs(exchange);
  return {
    kind: "refused",
    httpStatus: exchange.status,
    errorCode: (said ?? `http_${exchange.status}`).toLowerCase(),
    retryable: isPassing(exchange.status) || (exchange.status === 404 && said === undefined),
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.min(retryAfterMs, retryAfterMsMax) }),
    provider: providerOf(exchange, call.provider),
    ...(words && { words }),
  };
}

/** A 404 that is not the provider's own passes as well: something before it does not know the way. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A day: the longest after which Google's quotas begin anew. */
const retryAfterMsMax = 86_400_000;

function retryDelayMs(delay = ""): number | undefined {
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(delay)?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

/** `Retry-After`, in seconds or as a date: that by the answer's own clock, since ours may be off; without one it says nothing. */
function retryAfterHeaderMs({ headers }: Exchange): number | undefined {
  const text = headers["retry-after"]?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Without a day's name it is no HTTP date, and Date.parse would take almost anything.
  const at = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  const waitMs = at - Date.parse(headers.date ?? "");
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

function isNeverSent(error: unknown): boolean {
  for (let e = error; types.isNativeError(e); e = e.cause) {
    if (noTunnel.test(e.message)) return true;
    if ("code" in e && typeof e.code === "string") return neverSent.has(e.code);
  }
  return false;
}
