import { scheduleCharges as schedule } from "@understudy/queues";
import type { SweepDependencies } from "./sweep-dependencies.ts";

/** The ticks that close months come from a scheduler in Redis, which a wiped or a new one does not have. */
export async function scheduleCharges({ charges, logger }: SweepDependencies): Promise<void> {
  if (await schedule(charges)) logger.info("scheduled the ticks that close months");
}
