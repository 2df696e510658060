import type { Database } from "@understudy/database";
import { closeDueMonths as closeDue } from "@understudy/ledger";
import type { Logger } from "@understudy/service";

/** How many creators that can't be charged yet are named in the log. */
const namedMax = 10;

/** One tick: closes the months that are due, and says what came of it. */
export async function closeDueMonths(
  database: Database,
  logger: Logger,
  stopping: AbortSignal,
): Promise<void> {
  for (const { month, result, inDoubt } of await closeDue(database, stopping)) {
    const { closed, alreadyClosed, notYet, notYetCount } = result;
    for (const creatorId of inDoubt) {
      logger.error({ creatorId, month }, "not charged: the account and its calls differ");
    }
    if (notYetCount > 0) {
      const waiting = notYet.slice(0, namedMax);
      logger.info({ month, closed, alreadyClosed, notYetCount, waiting }, "the month is closed in part");
    } else if (closed > 0) {
      logger.info({ month, closed, alreadyClosed }, "the month is closed");
    }
  }
}
