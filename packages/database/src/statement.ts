import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** A prepared statement out of a .sql file, whose header documents its items and its rows. */
export interface Statement {
  /** Postgres' name of the prepared statement: the file's name. */
  name: string;
  text: string;
}

/** @param file the .sql file: `new URL("./create-jobs.sql", import.meta.url)` */
export function loadStatement(file: URL): Statement {
  return { name: basename(fileURLToPath(file), ".sql"), text: statementText(file) };
}

/** A .sql file's text. In place of a line `-- include ./lines.sql` stands that file's, which several statements share. */
export function statementText(file: URL): string {
  return readFileSync(file, "utf8").replace(/^-- include (\S+)$/gm, (_, path: string) =>
    statementText(new URL(path, file)).trimEnd(),
  );
}
