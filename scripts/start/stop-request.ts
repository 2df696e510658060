/** npm passes Ctrl-C on to us although the terminal has sent it already: two so close are one. */
const SAME_SIGNAL_MS = 700;
const PARENT_CHECK_MS = 300;

export interface StopRequest {
  /** Resolves when it is asked for. */
  asked: Promise<void>;
  wasAsked(): boolean;
  trigger(): void;
}

/**
 * Ctrl-C, SIGTERM, or the going away of the terminal or of npm ask to stop; a second signal, to hurry.
 * @param isUnderNpm whether our parent is npm or its shell
 * @param hurry called for each further signal
 */
export function listenForStop(isUnderNpm: boolean, hurry: () => void): StopRequest {
  let askedAt: number | undefined;
  let resolve: () => void = () => undefined;
  const asked = new Promise<void>((resolvePromise) => {
    resolve = resolvePromise;
  });
  const trigger = () => {
    askedAt ??= Date.now();
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && Date.now() - askedAt > SAME_SIGNAL_MS) hurry();
      trigger();
    });
  }
  if (isUnderNpm) watchParent(trigger);
  // A terminal that is gone takes no more output; that alone is no reason to fail.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return { asked, wasAsked: () => askedAt !== undefined, trigger };
}

/**
 * A kill of npm ends npm and its shell, which tell nobody; whoever meant npm meant us. Started without npm,
 * the parent may well go away while we are to stay (`nohup node scripts/start.mjs &`).
 */
function watchParent(onGone: () => void): void {
  const parentPid = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parentPid) return;
    clearInterval(timer);
    onGone();
  }, PARENT_CHECK_MS);
  timer.unref();
}
