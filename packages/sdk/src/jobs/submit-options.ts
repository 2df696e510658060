/** How jobs are submitted. */
export interface SubmitOptions {
  /**
   * Your own key: the same key and job within 24 hours give the same job. Of a batch it stands, with a job's place, for
   * each job that has none. A random one unless given.
   */
  idempotencyKey?: string | undefined;
  /** Aborts submitting, not what was submitted. */
  signal?: AbortSignal | undefined;
}
