import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import { Deployment } from "kubernetes-models/apps/v1";
import { Job } from "kubernetes-models/batch/v1";
import { Ingress, NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { Secret, Service } from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";

// Rendered by Go's text/template and Sprig, as Helm does (render-chart/main.go), and judged by Kubernetes' own schemas.

const run = promisify(execFile);
const infra = resolve(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "understudy-chart-"));
const renderer = join(directory, "render-chart");

interface Container {
  image: string;
  securityContext: object;
  volumeMounts: object[];
  resources: { limits: { memory?: string } };
  env?: { name: string; value?: string }[];
}
interface Pod {
  securityContext: object;
  automountServiceAccountToken: boolean;
  terminationGracePeriodSeconds: number;
  containers: Container[];
}
/** What is looked at; schemas judge the rest. */
interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec?: { replicas?: number; template?: { spec: Pod }; triggers?: { metadata: Record<string, string> }[] };
}
const kinds: Record<string, new (manifest: never) => { validate(): void }> = {
  Deployment,
  Ingress,
  Job,
  NetworkPolicy,
  PodDisruptionBudget,
  ScaledObject,
  Secret,
  Service,
  ServiceMonitor,
};

const packages = ["golang-go", "golang-github-masterminds-sprig-dev", "golang-k8s-sigs-yaml-dev"];

beforeAll(async () => {
  const build = () =>
    run("go", ["build", "-o", renderer, join(infra, "test/render-chart/main.go")], {
      env: {
        ...process.env,
        GO111MODULE: "off",
        GOPATH: "/usr/share/gocode",
        GOCACHE: join(directory, "cache"),
      },
    });
  await build().catch(async () => {
    await run("apt-get", ["update", "-q"]);
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages]);
    await build();
  });
}, 600_000);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function render(...values: string[]): Promise<Manifest[]> {
  const files = values.map((name) => join(infra, "test/values", `${name}.yaml`));
  const { stdout } = await run(renderer, [join(infra, "helm/understudy"), ...files]);
  return parseAllDocuments(stdout).flatMap((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() ?? [];
  });
}

const named = (manifests: Manifest[], kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);

describe("the chart", () => {
  it.each([
    ["full", 13],
    ["secrets", 10],
  ])("renders manifests that Kubernetes' schemas allow: %s", async (values, count) => {
    const manifests = await render(values);
    expect(manifests).toHaveLength(count);
    for (const manifest of manifests) {
      const Kind = kinds[manifest.kind];
      if (!Kind) throw new Error(`No schema for ${manifest.kind}`);
      new Kind(manifest as never).validate();
    }
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it("runs every container without root, on a file system that it can't write to", async () => {
    const manifests = await render("full");
    const pods = manifests.flatMap(({ spec }) => (spec?.template ? [spec.template.spec] : []));
    expect(pods).toHaveLength(3);
    for (const pod of pods) {
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      expect(pod.automountServiceAccountToken).toBe(false);
      for (const { securityContext, volumeMounts, resources } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(volumeMounts).toHaveLength(1);
        expect(resources.limits.memory).toBeDefined();
      }
    }
  });

  it("gives an API the time in which balancers learn that it ends, and the requests under way theirs", async () => {
    const api = named(await render("full"), "Deployment", "understudy-api")?.spec?.template?.spec;
    expect(api?.terminationGracePeriodSeconds).toBe(45);
    expect(api?.containers[0]?.env).toContainEqual({ name: "API_DRAIN_SECONDS", value: "20" });
  });

  it("gives workers the time that they give their jobs, and scales them by what they could start", async () => {
    const manifests = await render("full");
    const worker = named(manifests, "Deployment", "understudy-worker");
    expect(worker?.spec?.replicas).toBeUndefined();
    expect(worker?.spec?.template?.spec.terminationGracePeriodSeconds).toBe(135);
    const [trigger] = named(manifests, "ScaledObject", "understudy-worker")?.spec?.triggers ?? [];
    expect(trigger?.metadata).toMatchObject({ threshold: "75" });
    expect(trigger?.metadata.query).toBe(
      'max(understudy_backlog_admissible_jobs{namespace="ai"}) + max(understudy_jobs_running{namespace="ai"})',
    );
  });

  it("names images by the digests that it is given, else by their tag alone", async () => {
    const images = (await render("full")).flatMap(({ spec }) =>
      (spec?.template?.spec.containers ?? []).map(({ image }) => image.replace(/\d+\.\d+\.\d+/, "x")),
    );
    expect(images.sort()).toEqual([
      "registry.example.com/ours/understudy-api:x",
      "registry.example.com/ours/understudy-migrate:x",
      "registry.example.com/ours/understudy-worker:x@sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996",
    ]);
  });

  it("lets event streams through, and what the operator says of the ingress comes first", async () => {
    const ingress = named(await render("full"), "Ingress", "understudy-api");
    expect(ingress?.metadata.annotations).toMatchObject({
      "nginx.ingress.kubernetes.io/proxy-buffering": "off",
      "nginx.ingress.kubernetes.io/proxy-read-timeout": "7200",
    });
  });

  it("makes its Secret before the migration that needs it, and says which value is missing", async () => {
    const manifests = await render("secrets");
    const weight = (kind: string, name: string) =>
      Number(named(manifests, kind, name)?.metadata.annotations?.["helm.sh/hook-weight"]);
    expect(weight("Secret", "understudy-secrets")).toBeLessThan(weight("Job", "understudy-migrate"));
    await expect(render()).rejects.toThrow("secrets.DATABASE_URL is needed, or existingSecret");
  });
});
