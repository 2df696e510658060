import { EventEmitter, once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "@jest/globals";
import { ServiceMetrics, serveMetrics } from "../src/index.ts";

it("ends a scrape that is under way when it is closed, and waits for nobody who asks nothing", async () => {
  const metrics = new ServiceMetrics("worker");
  const looking = new EventEmitter();
  metrics.beforeScrape(async () => {
    const ended = once(looking, "end");
    looking.emit("begin");
    await ended;
  });
  const server = await serveMetrics(metrics, { host: "127.0.0.1", port: 0, token: undefined });
  const port = Number(new URL(server.url).port);
  const silent = connect(port, "127.0.0.1");
  await once(silent, "connect");
  const begun = once(looking, "begin");
  const scrape = fetch(`${server.url}/metrics`);
  await begun;
  const since = performance.now();
  const closed = server.close();
  expect(await text(silent)).toBe("");
  looking.emit("end");
  const answer = await scrape;
  expect(answer.headers.get("connection")).toBe("close");
  expect(await answer.text()).toContain("understudy_build_info");
  await closed;
  expect(performance.now() - since).toBeLessThan(2_500);
});
