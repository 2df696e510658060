import type { ProblemExplanation } from "@understudy/contracts";

/** A page that explains codes; without scripts. @param items what is explained, in order */
export function problemPage(title: string, items: readonly ProblemExplanation[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Understudy</title>
<style>
  :root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
  body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  article { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: 0.5rem 0; }
  h2 { font: 600 1.05rem ui-monospace, monospace; margin: 0.5rem 0; }
  code { font-family: ui-monospace, monospace; }
  p { margin: 0.4rem 0; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>What each <code>code</code> means, and what to do. <a href="/problems">All codes</a></p>
${items.map(article).join("\n")}
</body>
</html>
`;
}

function article({ code, where, title, advice, retryable }: ProblemExplanation): string {
  return `<article id="${where}-${code}">
<h2><a href="/problems/${code}">${code}</a></h2>
<p>${where === "job" ? "In the <code>error</code> of a job: " : ""}${text(title)}</p>
<p><strong>What to do:</strong> ${text(advice)}</p>
<p>${retryable ? "Asked again later, it may go well." : "Asked again unchanged, it will be refused again."}</p>
</article>`;
}

/** Our own words: what stands between backticks is code. */
function text(words: string): string {
  return escapeHtml(words).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

function escapeHtml(words: string): string {
  return words
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
