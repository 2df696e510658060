/** One line of the report. */
export interface Finding {
  check: string;
  status: "ok" | "warn" | "fail";
  /** What was found; holds no secret. */
  message: string;
  /** What to do about it. */
  todo?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, status: "ok", message });
export const warn = (check: string, message: string, todo: string): Finding => ({
  check,
  status: "warn",
  message,
  todo,
});
export const fail = (check: string, message: string, todo: string): Finding => ({
  check,
  status: "fail",
  message,
  todo,
});
