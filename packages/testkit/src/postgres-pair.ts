import { type RunningPostgres, startPostgres } from "@understudy/local-services";
import { askPostgres } from "./ask-services.ts";
import { eventually } from "./eventually.ts";
import { type Link, startLink, throughLink } from "./link.ts";
import { temporaryDirectory } from "./temporary-directory.ts";
import { startTestPostgres } from "./test-database.ts";

/**
 * A primary and a replica behind one address. Each commit waits for the replica, so that a failover loses
 * nothing that a client was told is committed.
 */
export interface PostgresPair {
  /** Through the link, with the migrated template. */
  url: string;
  link: Link;
  /** Kills the primary by -9; the replica takes its place. There is none then until `restoreReplica`. */
  failOver(): Promise<void>;
  /** Starts a new replica of the present primary, in place of what there was. */
  restoreReplica(): Promise<void>;
  /** Restarts the primary on its port; `immediate`: as in a crash. */
  restart(mode?: "fast" | "immediate"): Promise<void>;
  /** Of the present primary's first process; another one after a restart or a failover. */
  primaryPid(): number;
  /** Stops all, and deletes all data. */
  remove(): Promise<void>;
}

/** Of both: each may be the primary. */
const settings = { wal_retrieve_retry_interval: "100ms" };

export async function startPostgresPair(): Promise<PostgresPair> {
  let primary = await startTestPostgres(settings);
  let replica: RunningPostgres | undefined;
  const link = await startLink();
  const url = throughLink(link, primary.url);

  async function restoreReplica(): Promise<void> {
    if (replica) throw new Error("There is a replica.");
    const directory = await temporaryDirectory();
    replica = await startPostgres({
      directory: directory.path,
      settings: { timezone: "America/New_York", ...settings },
      endWithOwner: true,
      replicaOf: primary,
    });
    // After the copy, so that a replica that is promoted waits for nobody.
    await askPostgres(
      primary.url,
      "ALTER SYSTEM SET synchronous_standby_names = '*'",
      "SELECT pg_reload_conf()",
    );
    await eventually(async () => {
      const rows = await askPostgres(
        primary.url,
        "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'",
      );
      if (rows.length === 0) throw new Error("The replica does not follow yet.");
    });
  }

  await restoreReplica();
  return {
    url,
    link,
    async failOver() {
      if (!replica) throw new Error("There is no replica to fail over to.");
      const lost = primary;
      await lost.kill();
      await askPostgres(replica.url, "SELECT pg_promote()");
      [primary, replica] = [replica, undefined];
      link.leadTo(primary.port);
      link.cut();
      await lost.remove();
    },
    restoreReplica,
    restart: (mode) => primary.restart(mode),
    primaryPid: () => primary.pid(),
    async remove() {
      await link.close();
      await Promise.all([primary.remove(), replica?.remove()]);
    },
  };
}
