import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./send.ts";

/** Under which key the session is kept; a 401 anywhere ends it. */
export const sessionKey = ["session"];

/** A session that ended elsewhere ends here: the sign-in is shown, over the page that one was on. */
export function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError(error, query) {
        if (query.queryKey[0] !== sessionKey[0] && isSignedOut(error)) client.setQueryData(sessionKey, null);
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        // A 4xx is not another one the second time.
        retry: (count, error) => count < 2 && !(error instanceof ApiProblem && !error.problem.retryable),
        retryDelay: (count) => 500 * 2 ** count,
      },
    },
  });
  return client;
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status === 401;
}
