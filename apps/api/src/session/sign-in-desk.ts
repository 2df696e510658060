import type { Session } from "@understudy/contracts";
import type { Logger } from "@understudy/service";
import type { ApiTelemetry } from "@understudy/telemetry";
import type { Request, Response } from "express";
import type { AuditLog } from "../audit/audit-log.ts";
import { nobody } from "../http/caller.ts";
import { presentProblem } from "../http/problem-responses.ts";
import type { Sessions } from "./sessions.ts";
import type { SignInLimits } from "./sign-in-limits.ts";

interface SignInDeskDependencies {
  sessions: Sessions;
  limits: SignInLimits;
  audit: AuditLog;
  telemetry: Pick<ApiTelemetry, "signIn">;
  logger: Logger;
}

/** The one way to a session: how often it may be tried is bounded, and each try is on record. */
export class SignInDesk {
  readonly #dependencies: SignInDeskDependencies;

  constructor(dependencies: SignInDeskDependencies) {
    this.#dependencies = dependencies;
  }

  /** Signs a person in. @throws a 401, 403 or 429 problem where it does not */
  async signIn(key: string, request: Request, response: Response): Promise<Session> {
    const { sessions, limits, audit, telemetry, logger } = this.#dependencies;
    const address = request.ip ?? "";
    const requestId = String(response.locals.requestId);
    const action = { operation: "signIn", target: null, requestId, changes: { address } };
    try {
      const signIn = async () => {
        const person = await sessions
          .personWith(key)
          .catch((error: unknown) => audit.refuse({ ...action, caller: nobody }, error));
        return await audit.record({ ...action, caller: person }, () =>
          sessions.begin(person, request, response),
        );
      };
      // Strangers who fail must not lock out who has the admin key, which nobody can guess.
      const begun = sessions.isAdminKey(key) ? await signIn() : await limits.around(address, signIn);
      telemetry.signIn("ok");
      return begun;
    } catch (error) {
      const { code } = presentProblem(error, requestId).problem;
      telemetry.signIn(code);
      // Of what is not even tried the metric says enough.
      if (code !== "too_many_sign_ins") logger.warn({ address, code, requestId }, "nobody was signed in");
      throw error;
    }
  }
}
