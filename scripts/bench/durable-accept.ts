import { type Benchmark, takeTurns } from "./bench-run.ts";
import { chatRequests } from "./fan-messages.ts";
import { boundLatency, compare } from "./finding.ts";
import { startPeer } from "./peer-process.ts";
import { startPrivateServices } from "./private-services.ts";
import { rounds, serverContestant } from "./server-contestant.ts";
import { startApi } from "./start-api.ts";

/** What a 202 costs: authenticated, validated, its row committed, on its way to its queue. No worker runs. */
export const durableAccept: Benchmark = async (run) => {
  const services = await startPrivateServices(run);
  const api = await startApi(run, services);
  const echo = await startPeer(run, "http-echo", {
    headers: { "content-type": "application/json" },
    body: "",
  });
  const naive = await startPeer(run, "naive-accept", services);

  run.report("warming up");
  const requests = chatRequests();
  const [ours = [], bare = [], usual = []] = await takeTurns(run, rounds, [
    await serverContestant(run, { name: "API, POST /api/ai/chat", url: api, requests, status: 202 }),
    await serverContestant(run, { name: "node:http echo", url: String(echo.url), requests, status: 200 }),
    await serverContestant(run, {
      name: "Express + insert + add",
      url: String(naive.url),
      requests,
      status: 202,
    }),
  ]);
  const perSecond = (figures: typeof ours) => figures.map((figure) => figure.perSecond);
  const common = {
    benchmark: "accept",
    what: "durable accept",
    unit: "requests/s",
    ours: perSecond(ours),
  } as const;
  const p50Ms = ours.map((figure) => figure.p50Ms);
  const p99Ms = ours.map((figure) => figure.p99Ms);
  return [
    compare({ ...common, peerName: "node:http echo", peer: perSecond(bare), goalMin: 0.2 }),
    compare({ ...common, peerName: "Express + insert + add", peer: perSecond(usual), goalMin: 3 }),
    boundLatency("accept", "durable accept, p50", p50Ms),
    boundLatency("accept", "durable accept, p99", p99Ms, 30),
  ];
};
