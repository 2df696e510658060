const isLive = process.stdout.isTTY === true;

/** One line to the terminal. */
export function say(line: string): void {
  process.stdout.write(isLive ? `\r\x1b[2K${line}\n` : `${line}\n`);
}

/** One line of a fault. */
export function complain(line: string): void {
  process.stderr.write(isLive ? `\r\x1b[2K✗ ${line}\n` : `✗ ${line}\n`);
}

/**
 * Runs one step of the set-up. A terminal sees that it is under way; when it is done, everyone sees one line
 * with what it gave and how long it took.
 *
 * @param run gets a function for what takes longer than expected; returns the line's text
 */
export async function step<T>(
  title: string,
  run: (note: (line: string) => void) => Promise<T>,
  describe: (result: T) => string,
): Promise<T> {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const showProgress = () => process.stdout.write(`\r\x1b[2K… ${title} ${seconds()}`);
  const ticker = isLive ? setInterval(showProgress, 100) : undefined;
  try {
    const result = await run((line) => say(`  ${line}`));
    say(`✓ ${describe(result)} (${seconds()})`);
    return result;
  } finally {
    clearInterval(ticker);
    if (isLive) process.stdout.write("\r\x1b[2K");
  }
}
