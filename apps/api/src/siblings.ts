import type { ParentProcess } from "@understudy/service";

/** How long each process may take to say how it is (two seconds for its own check), and all of them together. */
export const askMs = { own: 2_500, all: 3_000 };

/** What each process of an API says of itself. */
interface Own<Readiness> {
  alive: () => boolean;
  readiness: () => Promise<Readiness>;
}

/** How all processes are in which an API runs; this one alone, where it is the only one. */
export interface Siblings<Readiness> {
  /** Whether each is there and answers. */
  areAlive(): Promise<boolean>;
  /** Of each that is there; undefined where one is silent. */
  readiness(): Promise<(Readiness | undefined)[]>;
}

export function siblings<Readiness>(
  parent: ParentProcess | undefined,
  own: Own<Readiness>,
): Siblings<Readiness> {
  if (!parent) {
    return { areAlive: async () => own.alive(), readiness: async () => [await own.readiness()] };
  }
  parent.answer("alive", own.alive);
  parent.answer("readiness", own.readiness);
  return {
    areAlive: async () => (await parent.ask("alive", askMs.all)) === true,
    async readiness() {
      const all = (await parent.ask("readiness", askMs.all)) as (Readiness | null)[] | undefined;
      return all ? all.map((each) => each ?? undefined) : [undefined];
    },
  };
}
