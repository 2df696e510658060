// An app that hears of events and does nothing with them.
import { createServer } from "node:http";
import { serve } from "./peer.ts";

await serve(
  createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-length": 0 }).end());
  }),
);
