// A durable accept as it is usually written: one insert and one add for each request.
import { createServer } from "node:http";
import { newId, openDatabase } from "@understudy/database";
import { createJobs } from "@understudy/jobs";
import { Queue } from "bullmq";
import express from "express";
import { z } from "zod";
import { peerOptions, serve } from "./peer.ts";

/** As many as the API's own pool has. */
const connectionsMax = 10;

const { databaseUrl, redisUrl } = peerOptions(z.object({ databaseUrl: z.string(), redisUrl: z.string() }));
const database = openDatabase(databaseUrl, connectionsMax);
const queue = new Queue("naive", { connection: { url: redisUrl } });

const app = express();
app.use(express.json());
app.post("/api/ai/chat", async (request, response) => {
  const { creatorId, ...input } = request.body as { creatorId: string };
  const id = newId("job");
  const common = { agent: "chat", feature: "fan_message", model: "gemini-3.5-flash-lite", priority: 100 };
  await createJobs(database, [
    { ...common, id, creatorId, createCreator: true, inputBytes: 2, requiredUsd: "0", input },
  ]);
  await queue.add("chat", { jobId: id, creatorId }, { jobId: id });
  response.status(202).json({ id, agent: "chat", creatorId, status: "queued" });
});

await serve(createServer(app));
