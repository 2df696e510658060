/**
 * Runs something again and again, with the pause that each run asks for, until it is stopped.
 * @param run never rejects; its signal aborts when it is to stop
 * @returns what stops it, and waits for the run under way
 */
export function repeat(run: (stopping: AbortSignal) => Promise<{ pauseMs: number }>): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();

  async function runAll(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { pauseMs } = await run(stopping.signal);
      await pause(pauseMs, stopping.signal);
    }
  }

  const done = runAll();
  return {
    stop() {
      stopping.abort();
      return done;
    },
  };
}

function pause(pauseMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, pauseMs);
    signal.addEventListener("abort", end);
  });
}
