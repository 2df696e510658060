// Express as its documentation shows it.
import { createServer } from "node:http";
import express from "express";
import { z } from "zod";
import { peerOptions, serve } from "./peer.ts";

const { headers, body } = peerOptions(
  z.object({ headers: z.record(z.string(), z.string()), body: z.string() }),
);
const answer: unknown = JSON.parse(body);

const app = express();
app.get("/healthz", (_request, response) => {
  response.set(headers).json(answer);
});

await serve(createServer(app));
