import type { NewInsight } from "@understudy/agents";
import type { ClaimedJob } from "@understudy/jobs";
import { findPersonalData, plainText } from "@understudy/knowledge";
import { z } from "zod";

const dataBytesMax = 16_384;

const shareable = z.object({
  type: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  confidence: z.number().min(0).max(1),
  text: z
    .string()
    .trim()
    .min(1)
    .max(4000)
    .refine((text) => text.isWellFormed() && !text.includes("\0"), "can't be stored"),
  data: z
    .record(z.string(), z.json())
    .default({})
    .refine((data) => JSON.stringify(data).length <= dataBytesMax, "is too large"),
  scope: z.enum(["creator", "everyone"]),
  fanId: z.string().optional(),
  expiresAt: z.date().optional(),
});

/**
 * An insight as it may be stored.
 * @throws where it can't be, or is meant for everyone and has something personal in it: the error names its kind,
 * never what it says
 */
export function parseNewInsight(
  insight: Omit<NewInsight, "step">,
  job: ClaimedJob,
): z.infer<typeof shareable> {
  const parsed = shareable.parse(insight);
  if (parsed.scope === "everyone") refusePersonal(parsed, job);
  return parsed;
}

function refusePersonal({ text, data, fanId }: z.infer<typeof shareable>, job: ClaimedJob): void {
  if (fanId !== undefined) throw new Error("An insight for everyone tells of no fan.");
  const known = [
    { kind: "the creator's id", text: job.creatorId },
    { kind: "the creator's name", text: job.profile?.displayName ?? "" },
    { kind: "the fan's id", text: job.fanId ?? "" },
  ];
  for (const said of [text, ...leavesOf(data)]) {
    const [found] = findPersonalData(plainText(said), known);
    if (found) throw new Error(`An insight for everyone must not hold ${found.kind}.`);
  }
}

/** Every key and value, as text. Of a number only its whole part can be somebody's. */
function leavesOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(Math.trunc(value))];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => [key, ...leavesOf(entry)]);
}
