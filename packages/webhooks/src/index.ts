export { endpointsOfCreators } from "./endpoints-of-creators.ts";
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
