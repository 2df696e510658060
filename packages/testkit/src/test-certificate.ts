import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "./temporary-directory.ts";

const run = promisify(execFile);

export interface TestCertificate {
  /** Its own authority as well: a client that is given it trusts the server. */
  certificateFile: string;
  keyFile: string;
  remove(): Promise<void>;
}

/** A self-signed certificate for this machine (localhost, 127.0.0.1), and its key. */
export async function createTestCertificate(): Promise<TestCertificate> {
  const directory = await temporaryDirectory();
  const certificateFile = join(directory.path, "certificate.pem");
  const keyFile = join(directory.path, "key.pem");
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", keyFile, "-out", certificateFile],
  ]);
  await Promise.all([chmod(directory.path, 0o755), chmod(keyFile, 0o600)]);
  // Where we are root, Postgres and PgBouncer run as this user; they want a key that nobody else may read.
  if (userInfo().uid === 0) await run("chown", ["postgres", keyFile]);
  return { certificateFile, keyFile, remove: directory.remove };
}
