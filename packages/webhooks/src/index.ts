export { endpointsOfCreators } from "./endpoints-of-creators.ts";
export { type PendingDeliveries, pendingDeliveries } from "./pending-deliveries.ts";
export { giveUpDeliveries, publishEvents } from "./publishing.ts";
export { replayDelivery, replaySince, sendTestEvent } from "./replay.ts";
export {
  claimDeliveries,
  type DeliveryToTry,
  giveBackDeliveries,
  recordTries,
  type TryFence,
  type TryRecord,
} from "./tries.ts";
