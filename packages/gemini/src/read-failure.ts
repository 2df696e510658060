import { z } from "zod";
import { providerOf } from "./exchange-headers.ts";
import type { Generation, LossReason } from "./generation.ts";
import type { Exchange } from "./lean-fetch.ts";
import { storable } from "./storable.ts";

/** Before a byte was sent: the request can't have been billed. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Body of Gemini's errors, as far as it is needed. */
const errorBody = z.object({
  error: z.object({
    status: z.string().optional(),
    details: z
      .array(z.looseObject({ "@type": z.string().optional(), retryDelay: z.string().optional() }))
      .optional(),
  }),
});

/**
 * Reads what the SDK threw.
 * @param exchange undefined where no answer's headers have come
 * @param lostTo why an answer that did not come whole was lost
 */
export function readFailure(
  error: unknown,
  exchange: Exchange | undefined,
  lostTo: LossReason,
): Generation & { kind: "refused" | "lost" } {
  if (exchange === undefined) {
    return neverSent.has(socketCode(error))
      ? { kind: "refused", errorCode: "unreachable", retryable: true }
      : { kind: "lost", reason: lostTo };
  }
  // Headers said that it went well, but the body did not arrive whole: billed, most likely.
  if (exchange.status < 300) return { kind: "lost", reason: lostTo };
  const body = parseErrorBody(error);
  const retryAfterMs = retryDelayMs(body);
  return {
    kind: "refused",
    httpStatus: exchange.status,
    errorCode: storable(body?.error.status || `http_${exchange.status}`).toLowerCase(),
    retryable: exchange.status === 408 || exchange.status === 429 || exchange.status >= 500,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    provider: providerOf(exchange),
  };
}

/** The SDK's ApiError carries the body, as JSON, in its message. */
function parseErrorBody(error: unknown): z.infer<typeof errorBody> | undefined {
  try {
    return errorBody.safeParse(JSON.parse(error instanceof Error ? error.message : "")).data;
  } catch {
    return undefined;
  }
}

function retryDelayMs(body: z.infer<typeof errorBody> | undefined): number | undefined {
  const delay = body?.error.details?.find((detail) => detail.retryDelay !== undefined)?.retryDelay;
  const seconds = /^(\d+(?:\.\d+)?)s$/.exec(delay ?? "")?.[1];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

function socketCode(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string") return e.code;
  }
  return "";
}
