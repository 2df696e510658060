import { type Database, loadStatement } from "@understudy/database";

const findStatement = loadStatement(new URL("./find-insights.sql", import.meta.url));
const againStatement = loadStatement(new URL("./insights-again.sql", import.meta.url));

/** What is left of a confidence after 30 days. */
const decayIn30Days = 0.8;
const decayPerDay = decayIn30Days ** (1 / 30);
const dayMs = 86_400_000;

/** Insights that are weighed: of each scope the latest that match, and the latest style examples. */
const matchesMax = 300;
const examplesMax = 50;
/** Relevance of a style example in which no word is found: as if one word of ten were. */
const exampleRelevance = 0.1;

/** By which insights are weighed, as fitting-insights.sql takes it. */
export const weighing = { matchesMax, examplesMax, exampleRelevance, decayPerDay };

/** Of a text so many characters are looked at. */
const aboutMax = 20_000;

export interface StoredInsight {
  id: string;
  /** Id of the agent that learned it. */
  source: string;
  type: string;
  /** When it was learned. */
  confidence: number;
  text: string;
  data: Record<string, unknown>;
  createdAt: Date;
}

/** For whom insights are looked for: other creators' and other fans' are never found. */
export interface InsightReader {
  creatorId: string;
  fanId?: string | undefined;
}

/** What a reader looks for. */
export interface InsightSearch extends InsightReader {
  /** Any text. */
  about: string;
  types?: readonly string[] | undefined;
  limit: number;
}

/**
 * For each search what is known that fits, the best first: relevance × decayed confidence × outcomes; see fitting-insights.sql.
 * @param knownMax of how many insights together searches are quick; undefined for a search to which more are known
 */
export async function findInsights(
  database: Database,
  searches: readonly InsightSearch[],
  knownMax?: number,
): Promise<(StoredInsight[] | undefined)[]> {
  const items = searches.map(({ about, ...search }, number) => ({
    ...search,
    ...weighing,
    ...{ number, knownMax, about: about.slice(0, aboutMax).replaceAll("\0", " ").toWellFormed() },
  }));
  const found: (StoredInsight[] | undefined)[] = searches.map(() => []);
  for (const { number, ...row } of await database.execute<FoundRow>(findStatement, items)) {
    if (row.id === null) found[number] = undefined;
    else found[number]?.push(row as StoredInsight);
  }
  return found;
}

/** A row of find-insights.sql. */
type FoundRow = { number: number } & (StoredInsight | { id: null });

/** Insights that were found before, in their order; those that are gone since are left out. */
export function insightsAgain(
  database: Database,
  reader: InsightReader,
  ids: readonly string[],
): Promise<StoredInsight[]> {
  return database.execute(againStatement, [{ ...reader, ids }]);
}

/** A confidence as it is at `at`. */
export function confidenceAt(
  { confidence, createdAt }: Pick<StoredInsight, "confidence" | "createdAt">,
  at: Date,
): number {
  const days = Math.max(0, at.getTime() - createdAt.getTime()) / dayMs;
  return confidence * decayPerDay ** days;
}
