import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { loadStatement } from "../src/index.ts";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-statements-"));
  mkdirSync(join(directory, "shared"));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** @param files texts by name */
function load(files: Record<string, string>, name: string) {
  for (const [path, text] of Object.entries(files)) writeFileSync(join(directory, path), text);
  return loadStatement(pathToFileURL(join(directory, name)));
}

describe("a statement", () => {
  it("is its file's text, under the file's name", () => {
    expect(load({ "one.sql": "-- One.\nSELECT 1\n" }, "one.sql")).toEqual({
      name: "one",
      text: "-- One.\nSELECT 1\n",
    });
  });

  it("has the texts of the files that it includes, and of those that they include, in their places", () => {
    const files = {
      "all.sql":
        "WITH a AS (SELECT 1),\n-- include ./shared/b.sql\n, d AS (SELECT 4)\n-- include ./end.sql\n",
      "shared/b.sql": "-- Gives b.\nb AS (SELECT '$&'),\n-- include ../c.sql\n",
      "c.sql": "c AS (SELECT 3)\n",
      "end.sql": "SELECT * FROM a, b, c, d",
    };
    expect(load(files, "all.sql").text).toBe(
      "WITH a AS (SELECT 1),\n-- Gives b.\nb AS (SELECT '$&'),\nc AS (SELECT 3)\n, d AS (SELECT 4)\nSELECT * FROM a, b, c, d\n",
    );
  });

  it("only includes where a line says nothing else", () => {
    const text =
      "SELECT 1 -- include ./gone.sql\n-- including ./gone.sql\n-- To include ./gone.sql is no use.\n";
    expect(load({ "none.sql": text }, "none.sql").text).toBe(text);
  });

  it("is none where what it includes is not there", () => {
    expect(() => load({ "broken.sql": "-- include ./gone.sql\n" }, "broken.sql")).toThrow("ENOENT");
  });
});
