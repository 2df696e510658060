import { clockFaults } from "./clock-faults.ts";
import type { FaultKind } from "./fault-kind.ts";
import { networkFaults } from "./network-faults.ts";
import { postgresFaults } from "./postgres-faults.ts";
import { processFaults } from "./process-faults.ts";
import { redisFaults } from "./redis-faults.ts";

/** All that is done, by name. What a seed gives depends on their order. */
export const faultKinds = {
  ...processFaults,
  ...postgresFaults,
  ...redisFaults,
  ...networkFaults,
  ...clockFaults,
};

export type FaultName = keyof typeof faultKinds;

/** By name, for what is read from a schedule; their parameters are checked by nobody but who made them. */
export function faultOf(name: FaultName): FaultKind<object> {
  return faultKinds[name] as unknown as FaultKind<object>;
}

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faultKinds, name);
}
