/** A service could not be set up. The message is one line for people, and says what to do. */
export class LocalServiceError extends Error {
  override readonly name = "LocalServiceError";
}
