export {
  type ConversationBefore,
  type ConversationReader,
  conversationsBefore,
  type Exchange,
  rememberFan,
} from "./conversations.ts";
export { type CancelledJob, eraseFan, type FanJob } from "./erase-fan.ts";
export { recordFeedback } from "./feedback.ts";
export {
  conversationAtClaim,
  type FirstReadsRow,
  firstReadsItem,
  insightsAtClaim,
} from "./first-reads.ts";
export {
  confidenceAt,
  findInsights,
  type InsightReader,
  type InsightSearch,
  insightsAgain,
  type StoredInsight,
} from "./insights.ts";
export { findPersonalData, plainText } from "./personal-data.ts";
