import type { Provider, ServiceTier } from "@understudy/contracts";
import { type Database, loadStatement } from "@understudy/database";
import type { CallAnswer, OpenCall, ProviderWords, SettledCall } from "./call.ts";
import type { PriceBook } from "./price-book.ts";
import { countsOf, released, type Settlement, settlementOf } from "./settlement.ts";
import { readUsage } from "./usage.ts";

const loseStatement = loadStatement(new URL("./lose-calls.sql", import.meta.url));

/** The end of a call, as write-attempts.sql takes it. */
export interface CallEnd extends Omit<SettledCall, "costUsd"> {
  id: string;
  status: "settled" | "released";
  costUsd: string;
  /** Of the price that it was settled at. */
  serviceTier?: ServiceTier;
  priceId?: number;
  provider: Provider | undefined;
  httpStatus: number | undefined;
  errorCode: string | undefined;
  modelVersion: string | undefined;
  providerMessage?: string | undefined;
  providerWords?: Omit<ProviderWords, "message"> | undefined;
  usageMetadata?: unknown;
  finishReason?: string | undefined;
  stepResult?: object | undefined;
}

/** The end of a call whose opening was not heard of: it is never sent. */
export function unsentEnd(id: string): CallEnd {
  const { isRerouted: _, ...figures } = released;
  return {
    ...{ ...figures, id, status: "released", costUsd: "0", errorCode: "not_sent" },
    ...{ provider: undefined, httpStatus: undefined, modelVersion: undefined },
  };
}

/** @param withWords with what others wrote: the answer, its usage as it came, its reasons */
export async function callEndOf(
  prices: PriceBook,
  call: OpenCall,
  answer: CallAnswer,
  withWords: boolean,
): Promise<{ end: CallEnd; settlement: Settlement }> {
  const isAnswered = answer.kind === "answered";
  const settlement = isAnswered ? await settlementOf(prices, call, answer) : released;
  const { isRerouted: _, ...figures } = settlement;
  const end: CallEnd = {
    ...figures,
    id: call.id,
    status: isAnswered ? "settled" : "released",
    costUsd: settlement.costUsd.toFixed(),
    provider: answer.provider,
    httpStatus: isAnswered ? 200 : answer.httpStatus,
    errorCode: withWords ? (answer.kind === "refused" ? answer.errorCode : undefined) : "not_storable",
    modelVersion: isAnswered && withWords ? answer.modelVersion : undefined,
    ...(withWords && answer.kind === "refused" && columnsOf(answer.words)),
    ...(withWords &&
      isAnswered && {
        usageMetadata: answer.usage ?? null,
        finishReason: answer.finishReason,
        stepResult: answer.stepResult,
      }),
  };
  return { end, settlement };
}

export async function loseCall(
  database: Database,
  id: string,
  lost: { usage?: unknown; words?: ProviderWords; isCancelled: boolean },
): Promise<void> {
  const tokens = readUsage(lost.usage);
  if (!tokens && !lost.words && !lost.isCancelled) return;
  await database.execute(loseStatement, [
    {
      id,
      isCancelled: lost.isCancelled,
      ...(tokens && { ...countsOf(tokens), usageMetadata: lost.usage }),
      ...columnsOf(lost.words),
    },
  ]);
}

/** Its message has a column of its own, in which it is searched. */
function columnsOf(
  words: ProviderWords | undefined,
): Pick<CallEnd, "providerMessage" | "providerWords"> | undefined {
  if (!words) return undefined;
  const { message: providerMessage, ...rest } = words;
  return {
    ...(providerMessage !== "" && { providerMessage }),
    ...(Object.keys(rest).length > 0 && { providerWords: rest }),
  };
}
