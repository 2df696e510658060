export { endpointsOfCreators } from "./endpoints-of-creators.ts";
export {
  giveUpDeliveries,
  publishEvents,
  type ReleasedDelivery,
  releaseDeliveries,
  takeBackReleased,
} from "./publishing.ts";
export { replayDelivery, replaySince, sendTestEvent } from "./replay.ts";
export { type DeliveryToTry, deliveriesToTry, recordTries, type TryRecord } from "./tries.ts";
