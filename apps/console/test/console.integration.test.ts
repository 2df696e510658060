import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Call, CallExplanation, Roles } from "@understudy/contracts";
import { chromiumArguments, ensureChromium, eventually, type Stack, startStack } from "@understudy/testkit";
import axe from "axe-core";
import { parse } from "csv-parse/sync";
import { Decimal } from "decimal.js";
import { type Browser, chromium, type Page } from "playwright-core";

/** What a person sees first of something, at the latest. */
const timeout = 20_000;

let stack: Stack;
let browser: Browser;
let page: Page;
let receiver: Server;
const received: string[] = [];
/** What the console has asked the API for: method and path. */
const asked = new Set<string>();

beforeAll(async () => {
  const executablePath = await ensureChromium();
  receiver = createServer((request, response) => {
    received.push(String(request.headers["webhook-id"]));
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  stack = await startStack({ environment: { WORKER_ATTEMPT_SECONDS: "60" } });
  browser = await chromium.launch({ executablePath, args: chromiumArguments });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true });
  page = await context.newPage();
  page.setDefaultTimeout(timeout);
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.startsWith("/api/")) asked.add(`${request.method().toLowerCase()} ${pathname}`);
  });
});

afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await new Promise((resolve) => receiver.close(resolve));
});

/** Lets a script of a test end the pauses of the page: what they are to run stands in `pending`. */
const rememberTimers = `
  const { setTimeout, clearTimeout } = window;
  window.pending = new Map();
  window.setTimeout = (run, ...rest) => {
    const timer = setTimeout(run, ...rest);
    pending.set(timer, run);
    return timer;
  };
  window.clearTimeout = (timer) => {
    pending.delete(timer);
    clearTimeout(timer);
  };
`;

async function open(path: string): Promise<void> {
  await page.goto(`${stack.url}${path}`);
}

/** Of an amount as it is shown: `$1,234.50`. */
function amount(text: string | null): string {
  return new Decimal((text ?? "").replace(/[$,]/g, "")).toFixed();
}

describe("an operator", () => {
  it("signs in with the admin key, and with no other", async () => {
    await open("/costs");
    await page.getByLabel("Admin key").fill("us_live_not_the_key_000000000000000");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That is not the admin key.").waitFor();
    await page.getByLabel("Admin key").fill(stack.adminKey);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Costs" }).waitFor();
  });

  it("runs a chat in the playground, sees it stream, and follows its cost to the cent", async () => {
    await stack.rule({
      match: { method: "streamGenerateContent" },
      respond: { chunkDelayMs: 150 },
      times: 1,
    });
    await open("/playground");
    await page.getByText("the emulator answers").waitFor();
    await page.getByLabel("fanId").fill("fan_7");
    await page.getByRole("textbox", { name: /^message/ }).fill("When is your next show in Berlin?");
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByTestId("draft").waitFor();
    await page.getByTestId("reply").waitFor();
    const cost = amount(await page.getByTestId("job-cost").textContent());
    const id = /job_\w+/.exec(
      String(await page.getByRole("link", { name: "the job's whole story" }).getAttribute("href")),
    )?.[0];
    expect((await stack.job(String(id))).usage.costUsd).toBe(cost);

    await page.getByRole("button", { name: "Explain the cost of" }).first().click();
    const explained = amount(await page.getByTestId("explained-total").textContent());
    const { items } = (await (await stack.request("GET", `/api/ai/admin/calls?jobId=${id}`)).json()) as {
      items: Call[];
    };
    const explanation = (await (
      await stack.request("GET", `/api/ai/admin/calls/${items[0]?.id}/explain`)
    ).json()) as CallExplanation;
    expect(explained).toBe(explanation.totalUsd);
    expect(Decimal.sum(...items.map(({ costUsd }) => costUsd ?? "0")).toFixed()).toBe(cost);
    await page.keyboard.press("Escape");
  });

  it("downloads a CSV whose sum is the page's total", async () => {
    await open("/costs");
    const shown = amount(await page.getByTestId("cost-total").textContent());
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "CSV" }).click(),
    ]);
    const rows: { key: string; costUsd: string }[] = parse(readFileSync(await download.path(), "utf8"), {
      columns: true,
    });
    const sum = Decimal.sum("0", ...rows.filter(({ key }) => key !== "total").map(({ costUsd }) => costUsd));
    expect(sum.toFixed()).toBe(shown);
    expect(new Decimal(shown).gt(0)).toBe(true);
  });

  it("changes a creator's plan", async () => {
    await open("/creators/demo");
    await page.getByLabel("Plan").first().click();
    await page.getByRole("option", { name: "pro" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("demo's terms are changed.").waitFor();
    const creator = (await (await stack.request("GET", "/api/ai/creators/demo")).json()) as { plan: string };
    expect(creator.plan).toBe("pro");
  });

  it("finds a failed job by its error, and retries it", async () => {
    await stack.rule({
      match: { contains: "fails-once" },
      respond: {
        status: 400,
        json: { error: { code: 400, message: "unusual wording", status: "INVALID_ARGUMENT" } },
      },
      times: 1,
    });
    const id = await stack.submit("test", { creatorId: "demo", input: { prompt: "fails-once" } });
    await eventually(async () => expect((await stack.job(id)).status).toBe("failed"));
    const { error } = await stack.job(id);
    await open("/jobs");
    await page.getByLabel("Search").fill(String(error?.code));
    await page.waitForURL(/q=/);
    await page.locator(`a[href="/jobs/${id}"]`).click();
    // "Retry many…" of the list may be on the screen still.
    await page.getByRole("button", { name: "Retry", exact: true }).click();
    await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));
    await page.getByText("Completed", { exact: true }).waitFor();
  });

  it("goes where it is clicked, though a filter was typed just before", async () => {
    const id = await stack.submit("test", { creatorId: "demo", input: { prompt: "Open me at once." } });
    await open("/jobs");
    await page.locator(`a[href="/jobs/${id}"]`).waitFor();
    await page.evaluate(rememberTimers);
    await page.getByLabel("Search").fill("demo");
    // A slow browser: the pause after which what was typed counts is over before the job's page is shown.
    await page.evaluate(`
      document.activeElement.blur();
      document.querySelector('a[href="/jobs/${id}"]').click();
      for (const run of pending.values()) run();
    `);
    await page.getByText("Open me at once.").first().waitFor();
    expect(new URL(page.url()).pathname).toBe(`/jobs/${id}`);
  });

  it("warns of a model that retires, chooses others for a role, and keeps one from being left without", async () => {
    const retiresAt = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    await open("/models");
    await page.getByRole("button", { name: "Change gemini-3.5-flash-lite", exact: true }).click();
    await page.getByLabel("Retires").fill("soon");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("A day, such as 2027-05-07 (UTC)").waitFor();
    await page.getByLabel("Retires").fill(retiresAt);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("gemini-3.5-flash-lite is changed.").waitFor();
    await page.getByText("Models of roles retire soon").waitFor();

    await page.getByRole("button", { name: "Change role draft" }).click();
    await page.getByRole("button", { name: "Take gemini-3.5-flash-lite out" }).click();
    await page.getByRole("combobox", { name: "Add a model" }).click();
    await page.getByRole("option", { name: "gemini-3.8-flash" }).click();
    await page.getByRole("button", { name: "Put gemini-3.8-flash first" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Role draft is answered by gemini-3.8-flash, gemini-3.1-flash-lite.").waitFor();
    const read = async (query = "") =>
      ((await (await stack.request("GET", `/api/ai/admin/roles${query}`)).json()) as Roles).roles;
    expect((await read()).draft).toEqual(["gemini-3.8-flash", "gemini-3.1-flash-lite"]);

    await page.getByRole("combobox", { name: "For", exact: true }).click();
    await page.getByRole("option", { name: "plan pro" }).click();
    await page.getByText("(as for all)").first().waitFor();
    await page.getByRole("button", { name: "Change role check" }).click();
    await page.getByRole("button", { name: "Put gemini-3.1-flash-lite first" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Let check be as for all" }).waitFor();
    expect(await read("?plan=pro")).toEqual({ check: ["gemini-3.1-flash-lite", "gemini-3.5-flash-lite"] });
    await page.getByRole("button", { name: "Let check be as for all" }).click();
    await page.getByText("check of plan pro is as for all.").waitFor();
    expect(await read("?plan=pro")).toEqual({});

    await page.getByRole("button", { name: "Change gemini-embedding-2", exact: true }).click();
    await page.getByRole("combobox", { name: "Status" }).click();
    await page.getByRole("option", { name: "retired" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Then no model could be called for embed").waitFor();
    await page.keyboard.press("Escape");
  });

  it("replays a webhook", async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const made = await stack.request("POST", "/api/ai/webhooks", { url, events: ["job.completed"] });
    const endpoint = (await made.json()) as { id: string };
    await stack.submit("test", { creatorId: "demo", input: { prompt: "Tell the app." } });
    await eventually(() => expect(received).toHaveLength(1));
    await open(`/webhooks/${endpoint.id}`);
    await page.getByText("delivered", { exact: true }).last().waitFor();
    await page.getByText("0 under way · 0 due · 0 waiting").waitFor();
    await page
      .getByRole("button", { name: /^Replay dlv_/ })
      .first()
      .click();
    await eventually(() => expect(received).toHaveLength(2));
    expect(received[1]).toBe(received[0]);
  });
});

const pages = {
  Overview: "/",
  Costs: "/costs",
  Calls: "/costs/calls",
  Creators: "/creators",
  demo: "/creators/demo",
  Jobs: "/jobs",
  Playground: "/playground",
  Charges: "/charges",
  Webhooks: "/webhooks",
  Models: "/models",
  Knowledge: "/knowledge?creatorId=demo",
  Keys: "/keys",
  Settings: "/settings",
};

describe("every page", () => {
  async function violations(path: string, rules = ""): Promise<string[]> {
    const found = (await page.evaluate(
      `axe.run(document, { resultTypes: ['violations']${rules} }).then(({ violations }) => violations)`,
    )) as axe.Result[];
    return found
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${path}: ${id} at ${nodes[0]?.target.join(" ")}`);
  }

  async function wear(colorScheme: "light" | "dark"): Promise<void> {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    // Some colours change by and by.
    await page.evaluate(`
      Promise.allSettled(document.getAnimations().flatMap((one) => one instanceof CSSTransition ? [one.finished] : []))
        .then(() => {})
    `);
  }

  it("has nothing that axe finds serious, light or dark", async () => {
    const found: string[] = [];
    for (const [title, path] of Object.entries(pages)) {
      await open(path);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.waitForLoadState("networkidle");
      // Into the page's own world by the debugger, which its content security policy does not bind.
      await page.evaluate(axe.source);
      await wear("light");
      found.push(...(await violations(path)));
      await wear("dark");
      // The other theme differs in its colours alone.
      found.push(...(await violations(`${path}, dark`, ", runOnly: ['color-contrast']")));
    }
    expect(found).toEqual([]);
  });
});

it("the console asks for nothing that is not in the OpenAPI document", async () => {
  const { paths } = (await (await stack.request("GET", "/openapi.json")).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => new RegExp(`^${method} ${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`)),
  );
  expect(asked.size).toBeGreaterThan(20);
  expect([...asked].filter((request) => !documented.some((route) => route.test(request)))).toEqual([]);
});
