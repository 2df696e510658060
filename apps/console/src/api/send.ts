import type { Problem } from "@understudy/contracts";

/** An answer of the API that is not what was asked for: its problem details, or what can be said without them. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "ApiProblem";
    this.problem = problem;
  }
}

/** What a query may hold; what is undefined or empty is left out. */
export type Query = Record<string, string | number | boolean | undefined>;

export interface Request {
  query?: Query | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
  accept?: string;
}

/** The path with its query. */
export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Sends one request to the API of this page's own origin. @throws ApiProblem where it is not answered with 2xx */
export async function send(
  method: string,
  path: string,
  headers: Record<string, string>,
  request: Request = {},
): Promise<Response> {
  const { query, body, signal, accept = "application/json" } = request;
  const response = await fetch(withQuery(path, query), {
    method,
    headers: {
      accept,
      ...headers,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    credentials: "same-origin",
    cache: "no-store",
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiProblem(unreachable);
  });
  if (!response.ok) throw new ApiProblem(await readProblem(response));
  return response;
}

const unreachable: Problem = {
  type: "about:blank",
  title: "Unreachable",
  status: 0,
  detail: "The API can't be reached. It may be restarting, or the network is away.",
  code: "unreachable",
  requestId: "",
  retryable: true,
};

/** A proxy in between may answer with something else than a problem. */
async function readProblem(response: Response): Promise<Problem> {
  const given = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return {
    type: "about:blank",
    title: response.statusText,
    detail: `The answer was ${response.status}, without a word why.`,
    code: "no_problem_details",
    retryable: response.status >= 500,
    requestId: response.headers.get("x-request-id") ?? "",
    ...given,
    status: response.status,
  };
}
