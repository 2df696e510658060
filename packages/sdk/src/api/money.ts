/** Sums over calls to Gemini. Amounts are exact decimal strings in USD. */
export interface CostSums {
  calls: number;
  /** The cached part included. */
  inputTokens: number;
  cachedTokens: number;
  /** Without thoughts. */
  outputTokens: number;
  thoughtTokens: number;
  costUsd: string;
  /** Upper bound of what calls with a lost answer may have cost. */
  unknownUsd: string;
}

/** What the current UTC month will have cost at its end. */
export interface CostForecast {
  /** `2026-11` */
  month: string;
  /** By the calls of this month that have ended so far, exactly. */
  spentUsd: string;
  /** Rounded to cents. */
  forecastUsd: string;
  /** In words. */
  method: string;
}

/** Costs of calls that started in the period and have ended. `total` is the sum of the rows to the last digit. */
export interface Costs {
  rows: (CostSums & { key: string })[];
  total: CostSums;
  /** Where the period contains the present. */
  forecast?: CostForecast | undefined;
}

/** `from` is included, `to` is not: days (`2026-11-22`) or times. The current UTC month by default. */
export interface CostsQuery {
  from?: string | undefined;
  to?: string | undefined;
  creatorId?: string | undefined;
  /** The agent's id on its calls, such as `messaging_ai`. */
  agent?: string | undefined;
  model?: string | undefined;
  feature?: string | undefined;
  /** `day` unless given. */
  groupBy?: "day" | "creator" | "agent" | "model" | "feature" | undefined;
}

/** What a charge says of one agent's, or one feature's, calls. */
export type ChargeShare = Omit<CostSums, "unknownUsd">;

/** What an earlier, closed month turned out to owe after its charge was written. */
export interface Adjustment {
  amountUsd: string;
  reason: string;
  /** The month whose usage it is. */
  originMonth: string;
}

/** What a creator owes for a UTC month. A draft is what it would be if the month were closed now. */
export interface Charge {
  creatorId: string;
  /** `2026-10` */
  month: string;
  status: "draft" | "closed";
  /** The plan in force at the end of the month, its price and whether it contains the usage. */
  plan: string;
  planPriceUsd: string;
  usage: "billed" | "included";
  /** The sum of the calls' costs, to the last digit. */
  costUsd: string;
  /** The cost rounded once, half up to cents. */
  roundedUsd: string;
  adjustments: Adjustment[];
  /** Plan price + (usage billed: rounded cost; included: 0) + adjustments. */
  amountUsd: string;
  /** All input, the cached part included. */
  tokensInput: number;
  /** Output and thoughts. */
  tokensOutput: number;
  /** By the calls' `agentId`; the costs add up to `costUsd`, as those by feature do. */
  byAgent: Record<string, ChargeShare>;
  byFeature: Record<string, ChargeShare>;
  closedAt?: string | undefined;
}
