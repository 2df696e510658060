import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { findInstance } from "../find-instance.ts";

describe("finding the instance", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "client-"));
    const instance = { url: "http://localhost:3000", emulatorUrl: "http://localhost:3001", apiPid: 1 };
    await mkdir(join(folder, ".understudy"));
    await writeFile(join(folder, ".understudy/instance.json"), JSON.stringify(instance));
    await writeFile(join(folder, ".understudy/admin-key"), "us_local\n");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const local = { url: "http://localhost:3000", key: "us_local", emulatorUrl: "http://localhost:3001" };

  test("by default the clone's own", async () => {
    expect(await findInstance({}, {}, folder)).toEqual(local);
    expect(await findInstance({ url: "http://127.0.0.1:3000/" }, {}, folder)).toEqual({
      ...local,
      url: "http://127.0.0.1:3000",
    });
  });

  test("a key set in .env is the instance's", async () => {
    await writeFile(join(folder, ".env"), 'PORT=3000\nUNDERSTUDY_ADMIN_KEY="us_set"\n');
    expect(await findInstance({}, {}, folder)).toEqual({ ...local, key: "us_set" });
  });

  test("what is given goes before the environment, and that before the clone's own", async () => {
    const environment = { UNDERSTUDY_URL: "https://a.example/base/", UNDERSTUDY_ADMIN_KEY: "us_env" };
    expect(await findInstance({}, environment, folder)).toEqual({
      url: "https://a.example/base",
      key: "us_env",
    });
    expect(await findInstance({ url: "http://b.example", key: "us_arg" }, environment, folder)).toEqual({
      url: "http://b.example",
      key: "us_arg",
    });
  });

  test("the clone's key is sent nowhere else", async () => {
    for (const url of ["https://a.example", "http://localhost:3005", "http://localhost.example:3000"]) {
      await expect(findInstance({ url }, {}, folder)).rejects.toThrow(/No API key/);
    }
  });

  test("nothing runs, or the file is cut short", async () => {
    await writeFile(join(folder, ".understudy/instance.json"), '{"url": "http://loc');
    await expect(findInstance({}, {}, folder)).rejects.toThrow(/npm start/);
    await expect(findInstance({}, {}, join(folder, "none"))).rejects.toThrow(/npm start/);
    await expect(findInstance({ url: "ftp://x" }, {}, folder)).rejects.toMatchObject({ exitCode: 2 });
  });
});
