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
  const path = fileURLToPath(file);
  return { name: basename(path, ".sql"), text: readFileSync(path, "utf8") };
}
