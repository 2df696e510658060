// What `npm test -- --profile` prints: where the time of the slowest suites goes.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const shown = 25;
const works = ["apps", "redis", "databases", "waits"];

/**
 * @param {{name: string, startTime: number, endTime: number}[]} suites of Jest's results
 * @param {string} file what the testkit noted: a line of JSON for each piece of work
 * @returns {Promise<string>}
 */
export async function profileTable(suites, file) {
  const { default: Table } = await import("cli-table3");
  const notes = readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const head = ["suite", "seconds", ...works.map((work) => `${work} (n × s)`)];
  const table = new Table({ head, style: { head: [], border: [] } });
  const slowest = suites
    .map(({ name, startTime, endTime }) => ({
      suite: relative(process.cwd(), name),
      ms: endTime - startTime,
    }))
    .sort((a, b) => b.ms - a.ms);
  for (const { suite, ms } of slowest.slice(0, shown)) {
    const own = notes.filter((note) => note.suite === suite);
    const sums = works.map((work) => sumOf(own.filter((note) => note.work === work)));
    table.push([suite, seconds(ms), ...sums]);
  }
  const all = works.map((work) => sumOf(notes.filter((note) => note.work === work)));
  table.push(["all suites", seconds(slowest.reduce((sum, { ms }) => sum + ms, 0)), ...all]);
  return table.toString();
}

/** How often, and how long in all; works that run at once each count whole. */
function sumOf(notes) {
  if (notes.length === 0) return "";
  return `${notes.length} × ${seconds(notes.reduce((sum, { ms }) => sum + ms, 0) / notes.length)}`;
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}
