import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { readOrCreateSecret, writePrivateFile } from "../src/secret-file.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "secret-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("secret files", () => {
  it("are made once and kept, readable by their owner alone", () => {
    const path = join(directory, "password");
    const secret = readOrCreateSecret(path);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{24}$/);
    expect(readOrCreateSecret(path)).toBe(secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("become private even where a readable file stood", () => {
    const path = join(directory, "password");
    writeFileSync(path, "", { mode: 0o644 });
    readOrCreateSecret(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("are replaced as a whole", () => {
    const path = join(directory, "key");
    writePrivateFile(path, "one");
    writePrivateFile(path, "two");
    expect(readFileSync(path, "utf8")).toBe("two");
  });
});
