import { type Database, type Execute, loadStatement } from "@understudy/database";
import {
  accountsOff,
  type BooksAsked,
  boundsPassed,
  chargesOff,
  costsOff,
  daysOff,
  formatUsd,
} from "@understudy/ledger";
import type { Finding } from "./finding.ts";

const settingsStatement = loadStatement(new URL("./settings.sql", import.meta.url));
const countsStatement = loadStatement(new URL("./narrowed-counts.sql", import.meta.url));
const rowsWithoutStatement = loadStatement(new URL("./rows-without.sql", import.meta.url));
const jobsAmissStatement = loadStatement(new URL("./jobs-amiss.sql", import.meta.url));
const callsAmissStatement = loadStatement(new URL("./calls-amiss.sql", import.meta.url));
const deliveriesAmissStatement = loadStatement(new URL("./deliveries-amiss.sql", import.meta.url));
const alertsAmissStatement = loadStatement(new URL("./alerts-amiss.sql", import.meta.url));

export interface Asked {
  month?: string | undefined;
  creatorId?: string | undefined;
  /** How many settled calls are worked out anew, the latest first. */
  recompute: number;
  /** The platform's budget of a month, where it has one. */
  platformQuotaUsd?: string | undefined;
  /** For how long workers keep events. */
  retentionDays: number;
  /** Told what is being asked. */
  say?: (what: string) => void;
}

export interface Report {
  calls: number;
  accounts: number;
  findings: Finding[];
  /** Some question had more findings than are told of one. */
  isCut: boolean;
}

/** One question, with all that it found, or the first of it. */
interface Look {
  name: string;
  ask: (execute: Execute, asked: Asked & Required<Pick<BooksAsked, "limit">>) => Promise<Finding[]>;
}

/** Of one question: a fault that has touched all rows is understood from fewer. */
const findingsMax = 1_000;

/** What is under way for longer is not being repaired. */
const repairMinutes = 10;

/** Of one statement: one look at a table of ten million rows takes a minute on a small machine. */
const statementMsMax = 30 * 60_000;

/** Between two statements. */
const idleMsMax = 5 * 60_000;

/** Of the database that it is to be asked on: of pools that are not ours the usual time-outs are not long enough. */
export const auditPool = { connections: 2, queryTimeoutMs: statementMsMax + 60_000 };

/** Asks the books, and all that can be asked at rest, at one moment. Writes nothing, and waits for nobody. */
export async function askBooks(database: Database, asked: Asked): Promise<Report> {
  const { month, creatorId, say = () => {} } = asked;
  return await database.readAtOneMoment(async (execute) => {
    await execute(settingsStatement, [{ statementMs: statementMsMax, idleMs: idleMsMax }]);
    say("how much there is");
    const [found] = await execute<{ calls: number; accounts: number; months: string[] }>(countsStatement, [
      { month, creatorId },
    ]);
    const { calls, accounts, months } = found ?? { calls: 0, accounts: 0, months: [] };
    const findings: Finding[] = [];
    let isCut = false;
    for (const { name, ask } of [...looks(months)]) {
      say(name);
      const some = await ask(execute, { ...asked, limit: findingsMax });
      isCut ||= some.length >= findingsMax;
      findings.push(...some);
    }
    return { calls, accounts, findings, isCut };
  });
}

function looks(months: readonly string[]): Look[] {
  return [
    { name: "accounts", ask: askAccounts },
    { name: "bounds", ask: askBounds },
    // By months, so that no sort is of all calls.
    ...months.map((month): Look => ({ name: `days of ${month}`, ask: askDays(month) })),
    { name: "charges", ask: askCharges },
    { name: "costs", ask: askCosts },
    { name: "rows without what they name", ask: askRowsWithout },
    { name: "calls", ask: askCalls },
    { name: "jobs", ask: askJobs },
    { name: "deliveries", ask: askDeliveries },
    { name: "alerts", ask: askAlerts },
  ];
}

const askAccounts: Look["ask"] = async (execute, asked) => {
  const off = await accountsOff(execute, asked);
  return off.map(({ account, field, isUsd, shouldBeUsd }) => ({
    what: "account_off",
    whose: account,
    is: `${field} ${formatUsd(isUsd)}`,
    shouldBe: formatUsd(shouldBeUsd),
  }));
};

const askBounds: Look["ask"] = async (execute, asked) => {
  const passed = await boundsPassed(execute, asked);
  return passed.map(({ account, takenUsd, boundUsd }) => ({
    what: "bound_passed",
    whose: account,
    is: formatUsd(takenUsd),
    shouldBe: `${formatUsd(boundUsd)} at most`,
  }));
};

function askDays(month: string): Look["ask"] {
  return async (execute, asked) => {
    const off = await daysOff(execute, { ...asked, month });
    return off.map(({ creatorId, day, agentId, model, feature, field, is, shouldBe }) => ({
      what: "day_off",
      whose: `${creatorId} ${day} ${agentId} ${model} ${feature}`,
      is: `${field} ${is}`,
      shouldBe,
    }));
  };
}

const askCharges: Look["ask"] = async (execute, asked) => {
  const off = await chargesOff(execute, asked);
  return off.map(({ creatorId, month, field, is, shouldBe }) => ({
    what: "charge_off",
    whose: `${creatorId} ${month}`,
    is: `${field} ${is}`,
    shouldBe,
  }));
};

const askCosts: Look["ask"] = async (execute, { recompute, say, ...asked }) => {
  const onPage = (calls: number) => say?.(`costs, ${calls.toLocaleString("en")} calls so far`);
  const off = await costsOff(execute, { ...asked, calls: recompute, onPage });
  return off.map(({ callId, field, is, shouldBe }) => ({
    what: "cost_off",
    whose: callId,
    is: `${field} ${is}`,
    shouldBe,
  }));
};

const askRowsWithout: Look["ask"] = (execute, { month, creatorId, limit }) =>
  execute<Finding>(rowsWithoutStatement, [{ month, creatorId, limit }]);

const askCalls: Look["ask"] = (execute, { month, creatorId, limit }) =>
  execute<Finding>(callsAmissStatement, [{ month, creatorId, limit, minutes: repairMinutes }]);

const askJobs: Look["ask"] = (execute, { month, creatorId, limit, retentionDays }) =>
  execute<Finding>(jobsAmissStatement, [{ month, creatorId, limit, retentionDays, minutes: repairMinutes }]);

const askDeliveries: Look["ask"] = (execute, { month, creatorId, limit }) =>
  execute<Finding>(deliveriesAmissStatement, [{ month, creatorId, limit, minutes: repairMinutes }]);

const askAlerts: Look["ask"] = (execute, { month, creatorId, limit, retentionDays }) =>
  execute<Finding>(alertsAmissStatement, [{ month, creatorId, limit, retentionDays }]);
