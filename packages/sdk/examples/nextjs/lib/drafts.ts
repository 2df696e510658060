/** Drafts by job. In place of your database: one process' memory is not shared by a serverless app's instances. */
export const drafts = new Map<string, string | null>();
