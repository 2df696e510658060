import {
  jobErrorGuide,
  type ProblemCode,
  type ProblemExplanation,
  problemCodes,
  problemExplanation,
  problemGuide,
} from "@understudy/contracts";
import type { Request, Response } from "express";
import { z } from "zod";
import { defineRoute, type Reply, type Route, type sent as Sent, sent } from "../http/define-route.ts";
import { ProblemError } from "../http/problem-error.ts";
import { problemPage } from "../http/problem-page.ts";

const explained: readonly ProblemExplanation[] = [
  ...Object.entries(problemGuide).map(([code, advice]) => ({
    code,
    where: "api" as const,
    title: problemCodes[code as ProblemCode],
    ...advice,
  })),
  ...Object.entries(jobErrorGuide).map(([code, rest]) => ({ code, where: "job" as const, ...rest })),
];

const codes = [...new Set(explained.map(({ code }) => code))];

/** Of a page that has nothing but its own style. */
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

/** What every code means and what to do about it: where a problem's `type` leads. */
export function problemRoutes(): Route[] {
  const common = { method: "get", tag: "Operations", scope: "public" } as const;
  const answers = {
    200: {
      description: "What each code means, what to do, and whether the same may go well later.",
      schema: z.object({ items: z.array(problemExplanation) }),
      text: { "text/html": "<!doctype html>…" },
    },
  };

  const all = defineRoute({
    ...common,
    path: "/problems",
    id: "listProblems",
    summary: "Explain all codes",
    description: "Those of the API's problems, and those of jobs' errors. A page, or JSON by `Accept`.",
    answers,
    handle: ({ request, response, reply }) =>
      page(request, response, "Problems", explained) ?? reply(200, { items: [...explained] }),
  });

  const one = defineRoute({
    ...common,
    path: "/problems/{code}",
    id: "readProblem",
    summary: "Explain a code",
    description: "Where a problem's `type` leads. A page, or JSON by `Accept`.",
    params: { code: z.enum(codes) },
    example: { params: { code: "lane_full" } },
    absent: {
      code: () => new ProblemError(404, "not_found", "There is no such code: /problems lists them."),
    },
    answers,
    problems: { 404: ["not_found"] },
    handle({ params: { code }, request, response, reply }) {
      const items = explained.filter((item) => item.code === code);
      return page(request, response, code, items) ?? reply(200, { items });
    },
  });

  return [all, one];
}

/** Sends the page to a browser; undefined for programs, which get JSON. */
function page(
  request: Request,
  response: Response,
  title: string,
  items: readonly ProblemExplanation[],
): Reply | typeof Sent | undefined {
  if (request.accepts(["json", "html"]) !== "html") return undefined;
  response.set("content-security-policy", pagePolicy).type("html").send(problemPage(title, items));
  return sent;
}
