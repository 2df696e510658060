import { channel } from "node:diagnostics_channel";

/**
 * How far an attempt has come, each said right after it: the delivery is picked, the job claimed, a call
 * opened, answered and settled, the end written down, BullMQ told of it.
 */
export const jobPoints = [
  "picked",
  "claimed",
  "opened",
  "answered",
  "settled",
  "finished",
  "acknowledged",
] as const;
export type JobPoint = (typeof jobPoints)[number];

const points = channel("understudy:job-point");

/**
 * Tells subscribers of the channel in this process at once: `npm run chaos` stops or kills a worker just
 * there. Without a subscriber it costs nothing.
 */
export function reached(point: JobPoint): void {
  if (points.hasSubscribers) points.publish(point);
}
