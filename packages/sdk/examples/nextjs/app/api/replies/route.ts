import { UnderstudyError } from "@understudy/sdk";
import { understudy } from "../../../lib/understudy.ts";

/** Parse it as you parse whatever comes from a browser; the API parses it again. */
interface Message {
  creatorId: string;
  fanId: string;
  message: string;
}

/** Enqueues a reply, and gives the browser a token with which it may follow this one job. */
export async function POST(request: Request): Promise<Response> {
  const { creatorId, fanId, message } = (await request.json()) as Message;
  try {
    const job = await understudy().chat({ creatorId, fanId, message });
    return Response.json(
      { jobId: job.id, ...(await job.createToken({ expiresInSeconds: 600 })) },
      { status: 202 },
    );
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return Response.json(
      { error: error.code, errors: error.errors },
      { status: error.status === 400 ? 400 : 502 },
    );
  }
}
