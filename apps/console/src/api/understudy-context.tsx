import { createContext, useContext } from "react";
import type { Understudy } from "./understudy.ts";

export const UnderstudyContext = createContext<Understudy | undefined>(undefined);

/** The API, as the signed-in person. */
export function useUnderstudy(): Understudy {
  const understudy = useContext(UnderstudyContext);
  if (!understudy) throw new Error("There is no API client around this component.");
  return understudy;
}
