import { type Benchmark, takeTurns } from "./bench-run.ts";
import { compare } from "./finding.ts";
import { httpRequest } from "./load.ts";
import { startPeer } from "./peer-process.ts";
import { startPrivateServices } from "./private-services.ts";
import { rounds, serverContestant } from "./server-contestant.ts";
import { startApi } from "./start-api.ts";

const path = "/healthz";

/** Headers that node:http writes by itself. */
const ownHeaders = new Set(["date", "connection", "keep-alive", "content-length"]);

/** What Express and our middleware cost: the API's smallest answer, beside peers that answer the same bytes. */
export const httpLayer: Benchmark = async (run) => {
  const api = await startApi(run, await startPrivateServices(run));
  const answer = await fetch(api + path);
  const body = await answer.text();
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !ownHeaders.has(name)));
  const echo = await startPeer(run, "http-echo", { headers, body });
  const stockExpress = await startPeer(run, "stock-express", { headers, body });

  run.report("warming up");
  const asked = { requests: [httpRequest("GET", path)], status: 200 };
  const [ours = [], bare = [], stock = []] = await takeTurns(run, rounds, [
    await serverContestant(run, { name: "API, GET /healthz", url: api, ...asked }),
    await serverContestant(run, { name: "node:http echo", url: String(echo.url), ...asked }),
    await serverContestant(run, { name: "stock Express", url: String(stockExpress.url), ...asked }),
  ]);
  const perSecond = (figures: typeof ours) => figures.map((figure) => figure.perSecond);
  const common = {
    benchmark: "http",
    what: "HTTP layer",
    unit: "requests/s",
    ours: perSecond(ours),
  } as const;
  return [
    compare({ ...common, peerName: "node:http echo", peer: perSecond(bare), goalMin: 0.85 }),
    compare({ ...common, peerName: "stock Express", peer: perSecond(stock) }),
  ];
};
