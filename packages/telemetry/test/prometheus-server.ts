import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort } from "@understudy/local-services";
import { eventually, temporaryDirectory } from "@understudy/testkit";

/** A Prometheus of the test's own, which scrapes twice a second. */
export interface PrometheusServer {
  /** The data of an answer of its HTTP API. @throws where it says that something is wrong */
  get<Data>(path: string, parameters?: Record<string, string>): Promise<Data>;
  /** Series and values of an instant query. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  stop(): Promise<void>;
}

/**
 * @param program its binary
 * @param rules its file of rules, as it stands
 * @param targets base URLs by the name of their job
 */
export async function startPrometheus(
  program: string,
  rules: string,
  targets: Record<string, string>,
): Promise<PrometheusServer> {
  const directory = await temporaryDirectory();
  const config = join(directory.path, "prometheus.yml");
  // JSON is YAML.
  writeFileSync(config, JSON.stringify(configOf(rules, targets)));
  const url = `http://127.0.0.1:${await findFreePort(19_090)}`;
  const options = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory.path, "data")}`,
    `--web.listen-address=${new URL(url).host}`,
  ];
  // Its input closes when this process is gone, kill -9 included, and it goes too.
  const script = '"$@" & server=$!; read -r _; kill -9 "$server"';
  const child = spawn("/bin/sh", ["-c", script, "sh", program, ...options], {
    stdio: ["pipe", "ignore", "ignore"],
  });

  async function get<Data>(path: string, parameters: Record<string, string> = {}): Promise<Data> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: Data };
    if (answer.status !== "success") throw new Error(`${parameters.query ?? path}: ${answer.error}`);
    return answer.data;
  }

  const server: PrometheusServer = {
    get,
    async query(expression) {
      const { result } = await get<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        "query",
        { query: expression },
      );
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async stop() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
      await directory.remove();
    },
  };
  await eventually(() => server.query("vector(1)"));
  return server;
}

function configOf(rules: string, targets: Record<string, string>): object {
  return {
    global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
    rule_files: [rules],
    scrape_configs: Object.entries(targets).map(([job, target]) => ({
      job_name: job,
      scrape_timeout: "500ms",
      static_configs: [{ targets: [new URL(target).host] }],
    })),
  };
}
