import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { productVersion } from "../product-version.ts";

/** Gauges that prom-client calls `_total`, which is for counters alone. */
const illNamed = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** All metrics of a process, and how they are scraped. */
export class ServiceMetrics {
  readonly registry = new Registry();
  readonly #refreshes: (() => Promise<void>)[] = [];

  constructor(service: "api" | "worker") {
    collectDefaultMetrics({ register: this.registry });
    for (const name of illNamed) this.registry.removeSingleMetric(name);
    new Gauge({
      name: "understudy_build_info",
      help: "Always 1; the labels say what runs.",
      labelNames: ["service", "version", "node"],
      registers: [this.registry],
    }).set({ service, version: productVersion(), node: process.version }, 1);
  }

  /** @param refresh sets gauges before each scrape; never rejects, and takes a second or two at most */
  beforeScrape(refresh: () => Promise<void>): void {
    this.#refreshes.push(refresh);
  }

  /** Everything in Prometheus' text format. */
  async scrape(): Promise<{ contentType: string; body: string }> {
    await Promise.all(this.#refreshes.map((refresh) => refresh()));
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }
}
