import { withChildren } from "@understudy/local-services";
import { askPostgres, freeze, startPostgresPair, startTestPostgres } from "@understudy/testkit";
import pg from "pg";
import type { Topology } from "./topologies.ts";

/** The database server of a run, and what is done to it. */
export interface PostgresUnderTest {
  /** Stays the same over a failover. */
  url: string;
  /** As a crash: no process of it ends in order, and it is up again after the pause. */
  crash(pause: () => Promise<unknown>): Promise<void>;
  /** SIGSTOP to all its processes. */
  freeze(pause: () => Promise<unknown>): Promise<void>;
  /** The replica becomes the primary, and the primary is gone. */
  failOver(): Promise<void>;
  /** Ends so many sessions of ours, whichever. */
  endSessions(count: number): Promise<void>;
  setReadOnly(isReadOnly: boolean): Promise<void>;
  /** Gives the role settings that hold in each new session. */
  setForRole(settings: Readonly<Record<string, string>>): Promise<void>;
  remove(): Promise<void>;
}

export async function startPostgresUnderTest(kind: Topology["postgres"]): Promise<PostgresUnderTest> {
  if (kind === "pair") {
    const pair = await startPostgresPair();
    const commands = commandsOf(pair.url);
    return {
      ...commands,
      url: pair.url,
      async crash(pause) {
        pair.link.refuse();
        await pair.restart("immediate");
        await pause();
        pair.link.pass();
      },
      freeze: (pause) => freezing(pair.primaryPid(), pause),
      async failOver() {
        await pair.failOver();
        await pair.restoreReplica();
      },
      remove: pair.remove,
    };
  }
  const server = await startTestPostgres();
  return {
    ...commandsOf(server.url),
    url: server.url,
    async crash(pause) {
      await server.kill();
      await pause();
      await server.restart();
    },
    freeze: (pause) => freezing(server.pid(), pause),
    async failOver() {
      throw new Error("There is no replica.");
    },
    remove: server.remove,
  };
}

async function freezing(pid: number, pause: () => Promise<unknown>): Promise<void> {
  const thaw = freeze(withChildren(pid));
  await pause();
  thaw();
}

function commandsOf(url: string): Pick<PostgresUnderTest, "endSessions" | "setReadOnly" | "setForRole"> {
  const run = async (...statements: string[]) => void (await askPostgres(url, ...statements));
  return {
    endSessions: (count) =>
      run(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'understudy' ORDER BY random() LIMIT ${count}`,
      ),
    setForRole: (settings) =>
      run(
        ...Object.entries(settings).map(
          ([name, value]) => `ALTER ROLE CURRENT_USER SET ${name} = ${pg.escapeLiteral(value)}`,
        ),
      ),
    setReadOnly: (isReadOnly) =>
      run(
        "SET default_transaction_read_only = off",
        `ALTER SYSTEM SET default_transaction_read_only = ${isReadOnly ? "on" : "off"}`,
        "SELECT pg_reload_conf()",
      ),
  };
}
