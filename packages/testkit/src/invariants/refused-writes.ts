/** Classes of SQLSTATE that say that a statement or its data is wrong; others mean away, or busy. */
const ownFault = /"(?:code|sqlState)":"((?:0A|21|22|23|42|54|P0)[0-9A-Z]{3})"/;

/**
 * X: Postgres refuses nothing that a process writes. Its guards keep what was true true, so that no other
 * invariant tells of a fence that is missing.
 * @param log lines of JSON
 */
export function refusedWrites(name: string, log: string): string[] {
  const refusals = log.split("\n").flatMap((line) => {
    const [, sqlState] = ownFault.exec(line) ?? [];
    return sqlState === undefined
      ? []
      : [`X: Postgres refused what ${name} wrote: ${sqlState} ${messageOf(line)}`];
  });
  return [...new Set(refusals)];
}

function messageOf(line: string): string {
  try {
    const { err } = JSON.parse(line) as { err?: { message?: string } };
    return err?.message ?? line;
  } catch {
    return line;
  }
}
