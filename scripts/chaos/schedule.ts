import fc from "fast-check";
import { type FaultName, faultKinds, faultOf } from "./faults/faults.ts";
import type { FaultGroup } from "./options.ts";
import type { Topology } from "./topologies.ts";

/** One fault, and when it comes: in ms after the load began. */
export interface ScheduledFault {
  atMs: number;
  fault: FaultName;
  parameters: object;
}

/** Faults in the order in which they come. */
export type Schedule = readonly ScheduledFault[];

/** On average one fault in so long: they overlap, and there is time for some to be all alone. */
const faultEachMs = 4_000;

/** Schedules for a topology, as fast-check makes and shrinks them: to fewer, earlier and shorter faults. */
export function schedules(
  topology: Topology,
  groups: readonly FaultGroup[],
  windowMs: number,
): fc.Arbitrary<Schedule> {
  const names = (Object.keys(faultKinds) as FaultName[]).filter((name) => {
    const { group, fits = () => true } = faultOf(name);
    return groups.includes(group) && fits(topology);
  });
  const ofGroup = (group: FaultGroup) => {
    const own = names.filter((name) => faultOf(name).group === group);
    return fc.oneof(...own.map((fault) => scheduled(topology, fault, windowMs)));
  };
  const present = groups.filter((group) => names.some((name) => faultOf(name).group === group));
  const count = Math.max(1, Math.round(windowMs / faultEachMs));
  // By group first: one with many kinds would else crowd out the others. Leaving one out is how it shrinks.
  const one = fc.option(fc.oneof(...present.map(ofGroup)), { nil: undefined, freq: 20 });
  return fc
    .array(one, { minLength: count, maxLength: count })
    .map((faults) =>
      faults.filter((fault) => fault !== undefined).toSorted((fault, other) => fault.atMs - other.atMs),
    );
}

function scheduled(topology: Topology, fault: FaultName, windowMs: number): fc.Arbitrary<ScheduledFault> {
  return fc.record({
    atMs: fc.integer({ min: 0, max: Math.round(windowMs) }),
    fault: fc.constant(fault),
    parameters: faultOf(fault).parameters(topology),
  });
}

/** A line for people: `+12.3 s  kill  process=worker-0 downMs=800`. */
export function lineOf({ atMs, fault, parameters }: ScheduledFault): string {
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `+${(atMs / 1000).toFixed(1).padStart(5)} s  ${fault.padEnd(22)} ${values.join(" ")}`.trimEnd();
}
