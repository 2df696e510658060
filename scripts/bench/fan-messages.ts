import { randomUUID } from "node:crypto";
import { httpRequest } from "./load.ts";
import { authorization } from "./start-api.ts";

const creators = 100;
const fans = 1_000;

/** What an app sends for its fans' messages. */
export function chatRequests(): Buffer[] {
  return fanMessages().map((message) => httpRequest("POST", "/api/ai/chat", authorization, message));
}

/** The same messages for the messaging agent itself, of fans who are new: what was said before makes a job dearer. */
export function messagingRequests(): Buffer[] {
  const path = "/api/ai/agents/messaging/jobs";
  return fanMessages(randomUUID()).map(({ creatorId, ...input }) =>
    httpRequest("POST", path, authorization, { creatorId, input }),
  );
}

/** @param crowd tells fans of one turn from those of another */
export function fanMessages(crowd = "fan") {
  return Array.from({ length: fans }, (_, index) => ({
    creatorId: `creator_${index % creators}`,
    fanId: `${crowd}_${index}`,
    message: `Hi, it's fan ${index}! I loved your last video. When does the next one come out, and where?`,
  }));
}
