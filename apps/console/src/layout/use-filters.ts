import { useSearchParams } from "react-router";

/** Filters that stand in the address, so that a view can be shared, kept and gone back to. */
export function useFilters() {
  const [search, setSearch] = useSearchParams();
  return {
    /** Undefined where it is not set. */
    get: (name: string): string | undefined => search.get(name) ?? undefined,
    /** What is undefined or empty is taken out; typing in a field makes no history. */
    set(changes: Record<string, string | undefined | null>) {
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value) next.set(name, value);
            else next.delete(name);
          }
          return next;
        },
        { replace: true },
      );
    },
  };
}
