import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import {
  assertInvariants,
  eventually,
  type Stack,
  startStack,
  temporaryDirectory,
} from "@understudy/testkit";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** All that someone writes who adds an agent: this file, and its line in the registry. */
const file = `import { partBytes } from "@understudy/contracts";
import { z } from "zod";
import { defineAgent } from "./define-agent.ts";

const input = z.strictObject({ words: z.array(z.string().min(1).max(40)).min(1).max(10) });

export const rhyme = defineAgent({
  name: "rhyme",
  agentId: "rhyme_ai",
  title: "Rhyme",
  summary: "Rhymes on words.",
  route: "rhyme",
  feature: "rhyme",
  input,
  output: z.object({ text: z.string() }),
  role: "caption",
  expectedCalls: 1,
  queue: { timeoutSeconds: 30, attempts: 3 },
  steps: ({ words }) => ({
    rhyme: {
      system: "Rhyme on these words.",
      maxOutputTokens: 64,
      partsBytesMax: partBytes(words.join(" ")),
    },
  }),
  run: async ({ words }, tools) => ({ text: await tools.generate("rhyme", [words.join(" ")]) }),
});
`;

let copy: Awaited<ReturnType<typeof temporaryDirectory>>;
let stack: Stack;

beforeAll(async () => {
  copy = await temporaryDirectory();
  copyWorkspace(copy.path);
  const agents = join(copy.path, "packages/agents/src");
  writeFileSync(join(agents, "rhyme.ts"), file);
  const registry = join(agents, "registry.ts");
  const text = readFileSync(registry, "utf8");
  const line = /= \[([^\]]*)\]/.exec(text)?.[1] ?? "";
  writeFileSync(
    registry,
    `import { rhyme } from "./rhyme.ts";\n${text.replace(`= [${line}]`, `= [rhyme, ${line.trim()}]`)}`,
  );
  stack = await startStack({ root: copy.path });
});

afterAll(async () => {
  await stack?.stop();
  await copy?.remove();
});

/** The sources, and links to what is installed. */
function copyWorkspace(to: string): void {
  for (const name of ["package.json", "tsconfig.base.json", "tsconfig.json"]) {
    cpSync(join(root, name), join(to, name));
  }
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
  for (const kind of ["apps", "packages"]) {
    for (const name of readdirSync(join(root, kind))) {
      cpSync(join(root, kind, name), join(to, kind, name), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (path) => !["test", "dist", ".turbo"].includes(basename(path)),
      });
    }
  }
}

it("an agent of one file and one line has its route, queue, worker, board entry and typed input", async () => {
  const body = { creatorId: "eminem", words: ["orange", "door hinge"] };
  const response = await stack.request("POST", "/api/ai/rhyme", body, { prefer: "wait=20" });
  const job = (await response.json()) as { id: string };
  expect([response.status, job]).toEqual([
    200,
    expect.objectContaining({
      agent: "rhyme",
      feature: "rhyme",
      status: "completed",
      result: { text: expect.stringMatching(/\w/) },
      agentsInvolved: ["rhyme_ai"],
      usage: expect.objectContaining({ calls: 1 }),
    }),
  ]);

  const id = await stack.submit("rhyme", { creatorId: "eminem", input: { words: ["bars"] } });
  await eventually(async () => expect((await stack.job(id)).status).toBe("completed"));

  const refused = await stack.request("POST", "/api/ai/rhyme", { creatorId: "eminem", words: [7] });
  expect([refused.status, await refused.json()]).toEqual([
    400,
    expect.objectContaining({ errors: [expect.objectContaining({ pointer: "#/words/0" })] }),
  ]);

  const { queues } = (await (
    await fetch(`${stack.url}/admin/queues/api/queues`, { headers: { cookie: await signIn() } })
  ).json()) as { queues: { name: string; displayName: string; counts: { completed: number } }[] };
  const entry = queues.find((queue) => queue.name === "rhyme");
  expect([entry?.displayName, entry?.counts.completed]).toEqual(["Rhyme", 2]);
  await assertInvariants(stack, [job.id, id]);
});

async function signIn(): Promise<string> {
  const response = await fetch(`${stack.url}/admin/sign-in`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams({ key: stack.adminKey }),
  });
  return response.headers
    .getSetCookie()
    .map((text) => text.split(";")[0])
    .join("; ");
}
