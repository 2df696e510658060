import { verifyWebhook, WebhookVerificationError } from "@understudy/sdk";
import { drafts } from "../../../lib/drafts.ts";

/** Hears what became of jobs. The request goes to `verifyWebhook` as it is: not `await request.json()` before. */
export async function POST(request: Request): Promise<Response> {
  try {
    const event = await verifyWebhook(request, { secret: process.env.UNDERSTUDY_WEBHOOK_SECRET ?? "" });
    if (event.type === "job.completed" && event.data.agent === "chat" && event.data.result) {
      drafts.set(event.data.id, event.data.result.response);
    }
    return new Response(null, { status: 204 });
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return Response.json({ error: error.code, message: error.message }, { status: 400 });
  }
}
