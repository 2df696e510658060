// Made from the registry by `npm run agent-types` in packages/sdk; a test compares the two.

/** Any JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** Input of `chat`: Answers a fan's message: hands it to the agents that it needs. */
export interface ChatInput {
  fanId: string;
  /** At most 8,000 characters. */
  message: string;
  /** At most 100. */
  history?: {
    from: "fan" | "creator";
    /** At most 8,000 characters. */
    text: string;
    /** ISO 8601. */
    at?: string | undefined;
  }[] | undefined;
  context?: string | Record<string, JsonValue> | undefined;
}

/** Result of `chat`. */
export interface ChatResult {
  response: string | null;
  /** From 0 to 1. */
  confidence: number;
  compliance: {
    /** Whether the text is acceptable. */
    allowed: boolean;
    /** What is wrong with it: minors, self_harm, doxxing, off_platform_payment, hate, harassment, sexual, scam, spam, prompt_injection, platform_rules; empty if nothing is. */
    categories: string[];
    severity: "none" | "low" | "medium" | "high" | "critical";
    /** One short sentence for each category, without quoting the text. */
    reasons: string[];
  };
  insightsUsed: string[];
  suggestedUpsell?: string | undefined;
  salesTactics?: string[] | undefined;
  suggestedPrice?: string | undefined;
}

/** Input of `messaging`: Drafts a reply to a fan's message. */
export interface MessagingInput {
  fanId: string;
  /** At most 8,000 characters. */
  message: string;
  /** At most 100. */
  history?: {
    from: "fan" | "creator";
    /** At most 8,000 characters. */
    text: string;
    /** ISO 8601. */
    at?: string | undefined;
  }[] | undefined;
  context?: string | Record<string, JsonValue> | undefined;
  verdict?: {
    /** Whether the text is acceptable. */
    allowed: boolean;
    /** What is wrong with it: minors, self_harm, doxxing, off_platform_payment, hate, harassment, sexual, scam, spam, prompt_injection, platform_rules; empty if nothing is. */
    categories: string[];
    severity: "none" | "low" | "medium" | "high" | "critical";
    /** One short sentence for each category, without quoting the text. */
    reasons: string[];
  } | undefined;
  /** At most 8,000 characters. */
  summary?: string | undefined;
}

/** Result of `messaging`. */
export interface MessagingResult {
  response: string | null;
  /** From 0 to 1. */
  confidence: number;
  compliance: {
    /** Whether the text is acceptable. */
    allowed: boolean;
    /** What is wrong with it: minors, self_harm, doxxing, off_platform_payment, hate, harassment, sexual, scam, spam, prompt_injection, platform_rules; empty if nothing is. */
    categories: string[];
    severity: "none" | "low" | "medium" | "high" | "critical";
    /** One short sentence for each category, without quoting the text. */
    reasons: string[];
  };
  insightsUsed: string[];
}

/** Input of `sales`: Suggests an honest offer to a fan: wording, tactics, price. */
export interface SalesInput {
  fanId: string;
  context: {
    /** At most 8,000 characters. */
    currentMessage?: string | undefined;
    fanProfile?: unknown;
    purchaseHistory?: unknown;
    engagementLevel?: string | number | undefined;
    /** At most 200 characters. */
    contentType?: string | undefined;
    pricePoint?: string | number | undefined;
  };
}

/** Result of `sales`. */
export interface SalesResult {
  message: string;
  tactics: string[];
  suggestedPrice?: string | undefined;
  /** From 0 to 1. */
  expectedConversionRate: number;
  alternativeMessages: string[];
  /** From 0 to 1. */
  confidence: number;
}

/** Input of `content`: Writes a caption and hashtags within the platform's limits. */
export interface ContentInput {
  platform: "instagram" | "tiktok" | "twitter" | "onlyfans" | "facebook";
  contentInfo: {
    /** At most 2,000 characters. */
    type?: string | undefined;
    /** At most 2,000 characters. */
    description?: string | undefined;
    /** At most 2,000 characters. */
    mood?: string | undefined;
    /** At most 2,000 characters. */
    targetAudience?: string | undefined;
  };
}

/** Result of `content`. */
export interface ContentResult {
  /** The text of the post, without hashtags. */
  caption: string;
  /** The best first. */
  hashtags: string[];
  /** How sure you are that the creator would post it. From 0 to 1. */
  confidence: number;
}

/** Input of `analytics`: Explains performance figures: what they say, what to do, what comes next. */
export interface AnalyticsInput {
  metrics: {
    platforms?: unknown;
    contentTypes?: unknown;
    timeframe?: unknown;
    engagementData?: unknown;
    revenueData?: unknown;
    audienceData?: unknown;
  };
}

/** Result of `analytics`. */
export interface AnalyticsResult {
  /** What the figures say, the most important first. */
  insights: string[];
  /** What to do next, each in one sentence. */
  recommendations: string[];
  /** What goes together, or comes again. */
  patterns: string[];
  predictions: {
    metric: string;
    value: number;
    low: number;
    high: number;
    /** From 0 to 1. */
    confidence: number;
    text: string;
  }[];
  /** From 0 to 1. */
  confidence: number;
}

/** Input of `compliance`: Checks a fan's message, or a draft before it is sent. */
export interface ComplianceInput {
  /** At most 20,000 characters. */
  content: string;
  /** At most 100 characters. */
  platform?: string | undefined;
  direction?: "incoming" | "outgoing" | undefined;
  /** At most 20,000 characters. */
  answers?: string | undefined;
}

/** Result of `compliance`. */
export interface ComplianceResult {
  /** Whether the text is acceptable. */
  allowed: boolean;
  /** What is wrong with it: minors, self_harm, doxxing, off_platform_payment, hate, harassment, sexual, scam, spam, prompt_injection, platform_rules; empty if nothing is. */
  categories: string[];
  severity: "none" | "low" | "medium" | "high" | "critical";
  /** One short sentence for each category, without quoting the text. */
  reasons: string[];
  /** Of a text that is not acceptable: the same in an acceptable way, where there is one. */
  suggestedRewrite?: string | undefined;
}

/** Input of `test`: Sends a prompt to the model as it stands, for trying the system. */
export interface TestInput {
  /** 1 to 100,000 characters. */
  prompt: string;
  /** 1 to 100 characters. */
  model?: string | undefined;
  serviceTier?: "standard" | "flex" | "priority" | undefined;
  /** From 1 to 65,536. */
  maxOutputTokens?: number | undefined;
  /** Most tokens of thoughts; as few as the model can do unless given. Since Gemini 3: the highest level that Google equates with no more (LOW 1,024, MEDIUM 8,192, HIGH 24,576). From 0 to 32,768. */
  thinkingBudget?: number | undefined;
}

/** Result of `test`. */
export interface TestResult {
  text: string;
  /** The text was cut off: its tokens were used up. */
  truncated?: true | undefined;
}

/** Input and result of each agent. */
export interface Agents {
  /** Answers a fan's message: hands it to the agents that it needs. */
  "chat": { input: ChatInput; result: ChatResult };
  /** Drafts a reply to a fan's message. */
  "messaging": { input: MessagingInput; result: MessagingResult };
  /** Suggests an honest offer to a fan: wording, tactics, price. */
  "sales": { input: SalesInput; result: SalesResult };
  /** Writes a caption and hashtags within the platform's limits. */
  "content": { input: ContentInput; result: ContentResult };
  /** Explains performance figures: what they say, what to do, what comes next. */
  "analytics": { input: AnalyticsInput; result: AnalyticsResult };
  /** Checks a fan's message, or a draft before it is sent. */
  "compliance": { input: ComplianceInput; result: ComplianceResult };
  /** Sends a prompt to the model as it stands, for trying the system. */
  "test": { input: TestInput; result: TestResult };
}
