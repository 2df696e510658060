// `npm run mutants`: plants one small fault after the other, and says which of them no test notices.
import { CommanderError } from "commander";
import { type ChangedLines, changedLines } from "./changes.ts";
import { isEquivalent, outdated, readEquivalents } from "./equivalents.ts";
import { openKeptVerdicts } from "./kept-verdicts.ts";
import { isInSample, type Mutant, type Verdict } from "./mutant.ts";
import { type MutantOptions, parseOptions } from "./options.ts";
import { type Room, rooms, sourcesOf, suitesOf } from "./rooms.ts";
import { openSlot } from "./slot.ts";
import { type RoomResult, scoreOf, scoresTable, survivorsTable } from "./summary.ts";
import { trySuites } from "./tried-suites.ts";
import { mutantsOf, tryMutants } from "./try-mutants.ts";
import { tryTypeScript } from "./try-typescript.ts";

const root = process.cwd();

/** A room with what is to be tried of it. */
interface Wanted {
  room: Room;
  sources: string[];
  suites: string[];
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const startedAt = Date.now();
  const changes = options.changedSince === undefined ? undefined : changedLines(root, options.changedSince);
  const wanted = rooms
    .filter(({ name }) => options.only.includes(name))
    .map((room) => ({
      room,
      sources: sourcesOf(root, room)
        .filter((file) => changes === undefined || changes.has(file))
        .filter((file) => file.includes(options.match ?? "")),
      suites: suitesOf(root, room),
    }))
    .filter(({ sources }) => sources.length > 0);
  const verdicts = [
    ...(options.languages.includes("statements") ? await statementVerdicts(wanted, options) : []),
    ...(options.languages.includes("typescript") ? await typeScriptVerdicts(wanted, options, changes) : []),
  ];
  return report(wanted, verdicts, options, startedAt);
}

async function statementVerdicts(wanted: readonly Wanted[], options: MutantOptions): Promise<Verdict[]> {
  const suitesByFile = new Map(
    wanted.flatMap(({ sources, suites }) =>
      sources
        .filter((file) => !file.endsWith(".ts"))
        // Others have no database or Redis to run it on.
        .map((file) => [file, suites.filter((suite) => suite.endsWith(".integration.test.ts"))] as const),
    ),
  );
  const kept = openKeptVerdicts(root, (file) => suitesByFile.get(file) ?? [], options.isFresh);
  const all = await Promise.all([...suitesByFile.keys()].map((file) => mutantsOf(root, file)));
  const mutants = all.flat().filter((mutant) => isInSample(mutant, options.sample));
  const verdicts = mutants.map((mutant) => kept.find(mutant)).filter((verdict) => verdict !== undefined);
  const known = new Set(verdicts.map(({ mutant }) => mutant));
  const unknown = mutants.filter((mutant) => !known.has(mutant));
  console.log(
    `Statements and scripts: ${mutants.length} mutants, ${known.size} of them known from earlier runs`,
  );
  if (unknown.length === 0) return verdicts;

  const slots = await Promise.all(Array.from({ length: options.processes }, () => openSlot(root)));
  try {
    const files = new Set(unknown.map(({ file }) => file));
    const paths = new Set([...files].flatMap((file) => suitesByFile.get(file) ?? []));
    console.log(`${paths.size} suites are run once without a fault`);
    const statements = [...files].filter((file) => file.endsWith(".sql"));
    const suites = await trySuites(slots, [...paths], statements, ({ path, durationMs }) =>
      console.log(`  ${(durationMs / 1000).toFixed(1)} s  ${path}`),
    );
    const judgesOf = (file: string) =>
      suites.filter(({ path }) => (suitesByFile.get(file) ?? []).includes(path));
    await tryMutants(slots, unknown, judgesOf, (verdict) => {
      kept.keep(verdict);
      verdicts.push(verdict);
      const { mutant, outcome } = verdict;
      const place = `${mutant.file}:${mutant.line}`;
      if (outcome === "survived")
        console.log(`  survives: ${place}  ${mutant.before} → ${mutant.after || "(left out)"}`);
      if (verdicts.length % 50 === 0) console.log(`  ${verdicts.length} of ${mutants.length}`);
    });
  } finally {
    await Promise.all(slots.map((slot) => slot.remove()));
  }
  return verdicts;
}

async function typeScriptVerdicts(
  wanted: readonly Wanted[],
  options: MutantOptions,
  changes: ChangedLines | undefined,
): Promise<Verdict[]> {
  const files = wanted.flatMap(({ sources }) => sources.filter((file) => file.endsWith(".ts")));
  const sources = files.flatMap((file) => {
    const pieces = changes?.get(file);
    return pieces ? pieces.map(([from, to]) => `${file}:${from}-${Math.min(to, 100_000)}`) : [file];
  });
  if (sources.length === 0) return [];
  const suites = [...new Set(wanted.flatMap((room) => room.suites))];
  return await tryTypeScript({
    root,
    sources,
    suites,
    processes: options.processes,
    isFresh: options.isFresh,
  });
}

function report(
  wanted: readonly Wanted[],
  verdicts: readonly Verdict[],
  options: MutantOptions,
  startedAt: number,
): number {
  const equivalents = readEquivalents();
  const results = wanted.map(({ room, sources }): RoomResult => {
    const own = verdicts.filter(({ mutant }) => sources.includes(mutant.file));
    const judged = own.filter(
      ({ mutant, outcome }) => outcome === "killed" || !isEquivalent(mutant, equivalents),
    );
    return { room, verdicts: judged, letLive: own.length - judged.length };
  });
  if (results.some((result) => result.verdicts.some(({ outcome }) => outcome === "survived"))) {
    console.log(`\n${survivorsTable(results)}`);
  }
  // A share of the mutants can't tell.
  const known =
    options.sample === 1
      ? outdated(
          equivalents,
          verdicts.map(({ mutant }): Mutant => mutant),
        )
      : [];
  for (const { file, before } of known) {
    console.log(`equivalents.yaml lets a mutant of ${file} live that is there no more: ${before}`);
  }
  console.log(`\n${scoresTable(results)}`);
  console.log(`${verdicts.length} mutants in ${Math.round((Date.now() - startedAt) / 60_000)} min`);
  return results.every((result) => scoreOf(result) >= result.room.goal) ? 0 : 1;
}

process.exitCode = await main().catch((thrown: unknown) => {
  // Commander has printed its help or what is wrong with the options.
  if (thrown instanceof CommanderError) return thrown.exitCode;
  console.error(thrown instanceof Error ? thrown.message : thrown);
  return 1;
});
