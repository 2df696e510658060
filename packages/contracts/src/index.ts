export * from "./call.ts";
export * from "./cost.ts";
export * from "./creator.ts";
export * from "./ids.ts";
export * from "./job.ts";
export * from "./money.ts";
export * from "./problem.ts";
