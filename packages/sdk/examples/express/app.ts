import { Understudy, UnderstudyError, verifyWebhook, WebhookVerificationError } from "@understudy/sdk";
import express, { type Express } from "express";

export interface Settings {
  understudyUrl: string;
  apiKey: string;
  /** `whsec_…`, as `understudy.webhooks.create` showed it once. */
  webhookSecret: string;
}

/** A web app that lets Understudy draft replies to fans, and hears by webhook when one is there. */
export function createApp({ understudyUrl, apiKey, webhookSecret }: Settings): Express {
  const understudy = new Understudy({ apiKey, baseUrl: understudyUrl });
  /** Drafts by your own id of the message. In place of your database. */
  const drafts = new Map<string, string | null>();
  /** Events that were taken: each may come more than once. In your database it is a unique column. */
  const taken = new Set<string>();
  const app = express();

  // Before express.json(): what is signed is the body as it came.
  app.post("/understudy/webhook", express.raw({ type: "application/json" }), async (request, response) => {
    const event = await verifyWebhook(request, { secret: webhookSecret });
    if (!taken.has(event.id) && event.type === "job.completed" && event.data.agent === "chat") {
      const { id, metadata, result } = event.data;
      // Null: not to be answered. Undefined: the fan was erased meanwhile.
      if (result) drafts.set(metadata?.messageId ?? id, result.response);
    }
    taken.add(event.id);
    response.sendStatus(204);
  });

  app.use(express.json());

  app.post("/messages", async (request, response) => {
    const { messageId, creatorId, fanId, text } = request.body;
    const { id } = await understudy.chat(
      { creatorId, fanId, message: text, options: { metadata: { messageId } } },
      // Should your own client send the message twice, there is one job all the same.
      { idempotencyKey: `message-${messageId}` },
    );
    response.status(202).json({ jobId: id });
  });

  app.get("/drafts/:messageId", (request, response) => {
    const draft = drafts.get(request.params.messageId);
    if (draft === undefined) response.sendStatus(404);
    else response.json({ draft });
  });

  app.use(
    (error: unknown, _request: express.Request, response: express.Response, next: express.NextFunction) => {
      if (error instanceof WebhookVerificationError) {
        response.status(400).json({ error: error.code });
      } else if (error instanceof UnderstudyError) {
        // A request that was not valid is your caller's fault, the rest is not.
        response.status(error.status === 400 ? 400 : 502).json({ error: error.code, errors: error.errors });
      } else {
        next(error);
      }
    },
  );

  return app;
}
