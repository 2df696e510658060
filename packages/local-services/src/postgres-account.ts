import { userInfo } from "node:os";
import { runCommand } from "./commands.ts";
import { LocalServiceError } from "./local-service-error.ts";

/** The user that Postgres runs as where we are root, which it refuses to be. */
export interface PostgresAccount {
  uid: number;
  gid: number;
}

const NAME = "postgres";

/** @returns undefined when we are not root: Postgres then runs as ourselves */
export async function ensurePostgresAccount(): Promise<PostgresAccount | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const known = await findAccount();
  if (known) return known;
  await runCommand("groupadd", ["--system", NAME]).catch(() => undefined);
  await runCommand("useradd", [
    "--system",
    "--gid",
    NAME,
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
    NAME,
  ]).catch(() => undefined);
  // Looked up whatever the commands said: another process may have been faster.
  const made = await findAccount();
  if (made) return made;
  throw new LocalServiceError(
    `Postgres cannot run as root and the user "${NAME}" could not be created: create it (useradd --system ${NAME}), run as another user, or set DATABASE_URL.`,
  );
}

async function findAccount(): Promise<PostgresAccount | undefined> {
  const [uid, gid] = await Promise.all([readId("-u"), readId("-g")]);
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

async function readId(flag: "-u" | "-g"): Promise<number | undefined> {
  const { code, output } = await runCommand("id", [flag, NAME]);
  return code === 0 ? Number(output.trim()) : undefined;
}
