import { z } from "zod";

/** Dots alone would be read as a way through folders where they stand in a path. */
const name = /^(?!\.+$)[A-Za-z0-9_.-]{1,64}$/;

const nameSchema = () =>
  z.string().regex(name, "must be 1 to 64 letters, digits, '_', '.' or '-', not dots alone");

/** The tenant whose limits apply and who is charged. */
export const creatorId = nameSchema();

/** One fan of a creator, as the app knows them. */
export const fanId = nameSchema();

export const jobId = z.string().regex(/^job_[0-9A-Za-z]{1,60}$/, "must be a job's id, such as job_01J…");
