import type { Scope } from "@understudy/contracts";
import type { Caller } from "./caller.ts";
import { ProblemError } from "./problem-error.ts";

/**
 * Lets nobody through without a scope.
 * @param pointers fields of the body that need it, where the whole request does not
 * @throws a 403 problem that names it
 */
export function checkScope({ scopes }: Caller, scope: Scope, pointers: readonly string[] = []): void {
  if (scopes.has(scope)) return;
  throw new ProblemError(403, "forbidden_scope", `The API key may not do this: it needs ${scope}.`, {
    members: { scope },
    ...(pointers.length > 0 && {
      errors: pointers.map((pointer) => ({ pointer, detail: `needs the scope ${scope}` })),
    }),
  });
}
