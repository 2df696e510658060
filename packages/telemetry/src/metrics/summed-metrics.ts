import type { Processes } from "@understudy/service";
import { AggregatorRegistry, Registry } from "prom-client";
import type { Figures, Scraped } from "./service-metrics.ts";

/** Longer than figures are waited for, in ms. */
const askMs = 3_000;

/** The metrics of all processes of an app as those of one. */
export class SummedMetrics {
  readonly #processes: Pick<Processes, "ask">;
  /** What each said last. */
  readonly #last = new Map<number, Figures>();
  /** What was counted by those that have died. */
  #ofDead: Figures = [];
  #underWay: Promise<string> | undefined;

  constructor(processes: Pick<Processes, "ask">) {
    this.#processes = processes;
  }

  async scrape(): Promise<Scraped> {
    return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body: await this.text() };
  }

  /** In Prometheus' text format. Who asks while others do gets the same. */
  async text(): Promise<string> {
    this.#underWay ??= this.#sum().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  async #sum(): Promise<string> {
    const told = (await this.#processes.ask("figures", askMs)) as Map<number, Figures | undefined>;
    const silent: Figures[] = [];
    for (const [id, figures] of this.#last) {
      if (!told.has(id)) {
        this.#last.delete(id);
        this.#ofDead = await sum([this.#ofDead, counted(figures)]).getMetricsAsJSON();
      } else if (!told.get(id)) silent.push(counted(figures));
    }
    const heard = [...told].flatMap(([id, figures]) => (figures ? [[id, figures] as const] : []));
    for (const [id, figures] of heard) this.#last.set(id, figures);
    return sum([...heard.map(([, figures]) => figures), ...silent, this.#ofDead]).metrics();
  }
}

/** Counts that went down when a process dies or is silent would look to Prometheus as if all had begun anew. */
function counted(figures: Figures): Figures {
  return figures.filter(({ type }) => ["counter", "histogram"].includes(String(type)));
}

function sum(figures: Figures[]): Registry {
  return AggregatorRegistry.aggregate(figures);
}
