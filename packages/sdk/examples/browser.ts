import { Understudy } from "@understudy/sdk";

/**
 * Shows a draft in the browser while it is written, by the token that your server made for this one job.
 * @param show called with the text so far; what counts is the last
 */
export async function followDraft(
  { jobId, token, baseUrl }: { jobId: string; token: string; baseUrl: string },
  show: (text: string) => void,
): Promise<void> {
  const understudy = new Understudy({ apiKey: token, baseUrl });
  let text = "";
  for await (const event of understudy.jobs.handle<{ response: string | null }>(jobId).stream()) {
    if (event.event === "token") text += event.data.text;
    if (event.event === "retract") text = "";
    if (event.event === "done")
      text = (event.data.status === "completed" && event.data.result?.response) || "";
    show(text);
  }
}
