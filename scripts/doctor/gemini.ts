import type { ModelRole } from "@understudy/contracts";
import { GeminiClient } from "@understudy/gemini";
import { type Candidate, modelNames, outputLimits } from "@understudy/ledger";
import { reasonOf } from "../client/command-error.ts";
import { findGeminiModel, type GeminiAccess, listGeminiModels } from "../client/gemini-models.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { RegisteredRoles } from "./models.ts";
import type { Settings } from "./settings.ts";

const check = "gemini";
const timeoutSeconds = 30;

/** Of the answer, thoughts not counted: as short as an answer can be. */
const answerTokens = 16;

/** What came of asking a model. */
type Reply =
  /** @property modelVersion who has answered, where another one did */
  { answers: true; modelVersion?: string } | { answers: false; why: string };

/**
 * Whether the models of each role answer. Where `isLive`, or the emulator answers, each is sent a real request through
 * the worker's own client; else Gemini is asked whether it has them, which is free.
 */
export async function checkGemini(
  access: GeminiAccess | undefined,
  settings: Settings,
  roles: RegisteredRoles | undefined,
  isLive: boolean,
): Promise<Finding[]> {
  if (!access) return [];
  const reached = await Promise.all(
    access.keys.map(async (key) => ({ key, ...(await reach({ ...access, keys: [key] })) })),
  );
  // What has no list, such as a gateway, may answer requests all the same.
  const refusal = isLive ? warn : fail;
  const refusals = reached.flatMap(({ why }) =>
    why === undefined
      ? []
      : [refusal(check, why, "see GEMINI_API_KEY, GEMINI_BASE_URL, and that it may be reached")],
  );
  if (refusals.length === reached.length && !isLive) return refusals;
  const isEmulated = reached.some((one) => one.isEmulated);
  const isReal = isLive || isEmulated;
  const findings = [...refusals, howAsked(access, isEmulated, isLive)];
  if (!roles) return findings;
  const good = reached.flatMap(({ key, why }) => (why === undefined ? [key] : []));
  const listing = { ...access, keys: good.length > 0 ? good : access.keys };
  const groups = groupsOf(roles, settings);
  const replies = isReal ? await callAll(access, settings, groups) : await findAll(listing, groups);
  return [
    ...findings,
    ...groups.map((group) => rolesFinding(group, replies, isReal)),
    ...(await Promise.all(roles.embed.map((model) => embedFinding(listing, model)))),
  ];
}

function howAsked({ url }: GeminiAccess, isEmulated: boolean, isLive: boolean): Finding {
  if (isEmulated) return warn(check, "the emulator answers", "unset GEMINI_BASE_URL for Gemini itself");
  if (isLive) return ok(check, paid);
  return ok(check, `${new URL(url).host} is asked for models only; --live sends each a real request`);
}

const paid =
  "real requests were sent, one small one to each model: some thousandths of a cent each, which stand in no book of ours";

/** Asks for the list, which is free. @returns `why` where there is none */
async function reach(access: GeminiAccess): Promise<{ why?: string; isEmulated: boolean }> {
  try {
    return await listGeminiModels(access, 1);
  } catch (error) {
    return { why: reasonOf(error), isEmulated: false };
  }
}

/** Roles of the same models and safety settings share a line, and the requests. */
interface Group {
  roles: [ModelRole, ...ModelRole[]];
  candidates: Candidate[];
  /** Their own safety settings, as JSON. */
  safety: string;
}

function groupsOf({ text }: RegisteredRoles, { GEMINI_SAFETY_SETTINGS = {} }: Settings): Group[] {
  const groups: Group[] = [];
  for (const { role, candidates } of text) {
    const names = candidates.map(({ model }) => model).join();
    const safety = JSON.stringify(GEMINI_SAFETY_SETTINGS[role] ?? {});
    const same = groups.find(
      (group) => group.safety === safety && group.candidates.map(({ model }) => model).join() === names,
    );
    if (same) same.roles.push(role);
    else groups.push({ roles: [role], candidates, safety });
  }
  return groups;
}

/** What is asked once, whichever roles ask it. */
const requestOf = (group: Group, { model }: Candidate) => `${model} ${group.safety}`;

/** Asks all at once, each once. @returns replies by `requestOf` */
async function askAll(
  groups: readonly Group[],
  ask: (candidate: Candidate, role: ModelRole) => Promise<Reply>,
): Promise<Map<string, Reply>> {
  const asked = new Map<string, Promise<Reply>>();
  for (const group of groups)
    for (const candidate of group.candidates) {
      const request = requestOf(group, candidate);
      if (!asked.has(request)) asked.set(request, ask(candidate, group.roles[0]));
    }
  return new Map(
    await Promise.all(
      [...asked].map(async ([request, reply]): Promise<[string, Reply]> => [request, await reply]),
    ),
  );
}

function findAll(access: GeminiAccess, groups: readonly Group[]): Promise<Map<string, Reply>> {
  return askAll(groups, ({ model }) => find(access, model));
}

async function find(access: GeminiAccess, model: string): Promise<Reply> {
  const answer = await findGeminiModel(access, model);
  if (answer.kind === "listed") return { answers: true };
  if (answer.kind === "unreachable") return { answers: false, why: answer.reason };
  return { answers: false, why: wordsOf(answer.httpStatus, answer.status, answer.message) };
}

async function callAll(
  { url: baseUrl, version: apiVersion, proxy }: GeminiAccess,
  { GEMINI_API_KEY: apiKey = "", GEMINI_SAFETY_SETTINGS: safetySettings }: Settings,
  groups: readonly Group[],
): Promise<Map<string, Reply>> {
  const gemini = new GeminiClient({ apiKey, baseUrl, apiVersion, safetySettings, ...(proxy && { proxy }) });
  try {
    return await askAll(groups, (candidate, role) => call(gemini, candidate, role));
  } finally {
    await gemini.close();
  }
}

/** A request as a worker sends it, with the thinking and the room that the registry has for the model. */
async function call(
  gemini: GeminiClient,
  { model, capabilities, prices }: Candidate,
  role: ModelRole,
): Promise<Reply> {
  const { maxOutputTokens, thinking } = outputLimits(capabilities, { maxOutputTokens: answerTokens });
  const generation = await gemini.generate({
    callId: `doctor_${role}_${model.replace(/^models\//, "")}`,
    model,
    role,
    system: "",
    parts: ["Answer with OK."],
    serviceTier: "standard",
    maxOutputTokens,
    thinking,
    timeoutSeconds,
    signal: new AbortController().signal,
  });
  switch (generation.kind) {
    case "answered": {
      const modelVersion = modelNames(generation.modelVersion ?? model)[1];
      return { answers: true, ...(modelVersion !== prices[0].model && { modelVersion }) };
    }
    case "refused":
      return {
        answers: false,
        why: wordsOf(generation.httpStatus, generation.errorCode, generation.words?.message),
      };
    case "lost":
      return {
        answers: false,
        why: wordsOf(undefined, `the answer was lost (${generation.reason})`, generation.words?.message),
      };
  }
}

function wordsOf(httpStatus: number | undefined, status: string, message = ""): string {
  return [[httpStatus, status.toUpperCase()].filter(Boolean).join(" "), message].filter(Boolean).join(": ");
}

function rolesFinding(group: Group, replies: Map<string, Reply>, isReal: boolean): Finding {
  const names = group.roles.join(", ");
  const asked = group.candidates.map((candidate) => ({
    candidate,
    reply: replies.get(requestOf(group, candidate)),
  }));
  const refusals = asked.flatMap(({ candidate, reply }) =>
    reply && !reply.answers ? [`${candidate.model} does not: ${reply.why}`] : [],
  );
  const first = asked.find(({ reply }) => reply?.answers);
  if (!first)
    return fail(
      check,
      `${names}: no model ${isReal ? "answers" : "is there"}. ${refusals.join("; ")}`,
      "set models that your project has: `npm run models -- roles`",
    );
  const { candidate, reply } = first;
  const other = reply?.answers ? reply.modelVersion : undefined;
  const told = `${names}: ${candidate.model} ${isReal ? "answers" : "is there"}${other === undefined ? "" : `, as ${other}`}`;
  if (refusals.length > 0)
    return warn(
      check,
      `${told}; ${refusals.join("; ")}`,
      "take what your project does not have out: `npm run models -- roles`",
    );
  if (other !== undefined && !candidate.routedTo.includes(other))
    return warn(
      check,
      told,
      `note it, so that it is billed rightly: \`npm run models -- set ${candidate.model} --routed-to ${other}\``,
    );
  return ok(check, told);
}

/** Embeddings have no call of their own yet, so the model is asked for alone. */
async function embedFinding(access: GeminiAccess, model: string): Promise<Finding> {
  const reply = await find(access, model);
  if (reply.answers) return ok(check, `embed: ${model} is there`);
  return warn(
    check,
    `embed: ${model} is not: ${reply.why}`,
    "set another: `npm run models -- roles embed …`",
  );
}
