import type { ParentProcess } from "@understudy/service";
import {
  type Aggregator,
  collectDefaultMetrics,
  Gauge,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from "prom-client";
import { productVersion } from "../product-version.ts";

/** Gauges that prom-client calls `_total`, which is for counters alone. */
const illNamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Gauges of a process' event loop that prom-client would give as the average of several: one that lags is to be seen. */
const eventLoopLags = ["", "_mean", "_stddev", "_p50", "_p90", "_p99"].map(
  (part) => `nodejs_eventloop_lag${part}_seconds`,
);

/** How long all processes of an app may take to say what they count, in ms. */
const sumMsMax = 4_000;

/** What one process counts, each metric with how those of several become one. */
export type Figures = MetricObjectWithValues<MetricValue<string>>[];

/** What Prometheus asks for. */
export interface Scraped {
  contentType: string;
  body: string;
}

/** Metrics that are looked up together. */
class MetricsGroup {
  readonly registry = new Registry();
  readonly #refreshes: (() => Promise<void>)[] = [];

  /** @param refresh sets gauges before each scrape; never rejects, and takes a second or two at most */
  beforeScrape(refresh: () => Promise<void>): void {
    this.#refreshes.push(refresh);
  }

  protected async refresh(): Promise<void> {
    await Promise.all(this.#refreshes.map((refresh) => refresh()));
  }

  /** In Prometheus' text format. */
  async text(): Promise<string> {
    await this.refresh();
    return this.registry.metrics();
  }
}

/** All metrics of a process, and how they are scraped. */
export class ServiceMetrics extends MetricsGroup {
  /** What is true of the whole platform, whichever process is asked. */
  readonly platform = new MetricsGroup();
  readonly #parent: ParentProcess | undefined;

  /** @param parent of this process, where it is one of several: a scrape of any is of all */
  constructor(service: "api" | "worker", parent?: ParentProcess) {
    super();
    collectDefaultMetrics({ register: this.registry });
    for (const name of illNamed) this.registry.removeSingleMetric(name);
    this.#setAggregators();
    new Gauge({
      name: "understudy_build_info",
      help: "Always 1; the labels say what runs.",
      labelNames: ["service", "version", "node"],
      aggregator: "first",
      registers: [this.registry],
    }).set({ service, version: productVersion(), node: process.version }, 1);
    this.#parent = parent;
    parent?.answer("figures", () => this.figures());
  }

  /** Everything in Prometheus' text format. */
  async scrape(): Promise<Scraped> {
    const [own, platform] = await Promise.all([
      this.#parent ? this.#parent.ask("metrics", sumMsMax) : this.text(),
      this.platform.text(),
    ]);
    if (typeof own !== "string")
      throw new Error("This process' parent does not say what its siblings count.");
    return { contentType: this.registry.contentType, body: `${own}${platform}` };
  }

  /** What this process counts itself. */
  async figures(): Promise<Figures> {
    await this.refresh();
    return this.registry.getMetricsAsJSON();
  }

  /** How those of prom-client itself become one of several processes. */
  #setAggregators(): void {
    const set = (name: string, aggregator: Aggregator) =>
      Object.assign(this.registry.getSingleMetric(name) ?? {}, { aggregator });
    for (const name of eventLoopLags) set(name, "max");
    set("process_max_fds", "min");
    // It changes whenever one of them begins.
    set("process_start_time_seconds", "max");
  }
}
