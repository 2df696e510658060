import type { RegisteredModel } from "@understudy/contracts";

/** From when on the end of a model in a role is told of, as alerts tell of it. */
const noticeMs = 60 * 86_400_000;

/** Models of roles that will end within 60 days, the soonest first. */
export function retiring(models: readonly RegisteredModel[], now: Date): RegisteredModel[] {
  return models
    .filter(({ status, retiresAt, roles }) => {
      if (status === "retired" || retiresAt === undefined || roles.length === 0) return false;
      const inMs = Date.parse(retiresAt) - now.getTime();
      return inMs > 0 && inMs <= noticeMs;
    })
    .sort((one, other) => String(one.retiresAt).localeCompare(String(other.retiresAt)));
}
