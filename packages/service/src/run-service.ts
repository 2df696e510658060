import type { Logger } from "./logger.ts";

export interface RunningService {
  /** What is said of the service once it is ready, such as its port. */
  details: Record<string, string | number>;
  /** Resolves when it is ready, where that takes longer than its start: it can be stopped meanwhile. */
  ready?: Promise<void>;
  /** Ends the work under way and closes every connection. Called once. */
  stop(): Promise<void>;
}

/**
 * Starts a service and keeps it until it is told to stop: by SIGTERM, SIGINT, by its parent, or by the launcher's
 * going away (its IPC channel closes, also after a kill -9). A second signal ends it at once.
 *
 * Exit codes: 0 stopped; 1 could not start, failed, was told twice to stop, or did not stop in time.
 *
 * @param stopDeadlineSeconds longer than `stop` may take by its own rules: only what hangs meets it
 * @param diesOfFaults an uncaught exception ends it at once, so that what it was at counts as having
 * killed it; else it stops
 */
export async function runService(
  logger: Logger,
  stopDeadlineSeconds: number,
  start: () => Promise<RunningService>,
  { diesOfFaults = false }: { diesOfFaults?: boolean } = {},
): Promise<void> {
  let service: RunningService | undefined;
  let stopping = false;
  let isTold = false;

  async function stop(reason: string, exitCode: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, "stopping");
    setTimeout(() => {
      logger.error({ stopDeadlineSeconds }, "did not stop in time");
      process.exit(1);
    }, stopDeadlineSeconds * 1000).unref();
    try {
      await service?.stop();
      logger.info("stopped");
      process.exit(exitCode);
    } catch (err) {
      logger.error({ err }, "stopping failed");
      process.exit(1);
    }
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (isTold) process.exit(1);
      isTold = true;
      void stop(signal, 0);
    });
  }
  process.on("disconnect", () => {
    isTold = true;
    void stop("the launcher is gone", 0);
  });
  // Its parent was sent the signal that this process may yet be sent, too: that is no second one.
  process.on("message", (message: { stop?: string } | null) => {
    if (message?.stop !== undefined) void stop(message.stop, 0);
  });
  process.on("uncaughtException", (err) => {
    logger.fatal({ err }, "uncaught exception");
    if (stopping || diesOfFaults) process.exit(1);
    isTold = true;
    void stop("uncaught exception", 1);
  });

  try {
    service = await start();
    await service.ready;
  } catch (err) {
    logger.fatal({ err }, "could not start");
    process.exit(1);
  }
  logger.info(service.details, "ready");
  process.send?.({ ready: service.details });
}
