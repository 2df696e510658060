import { Button, Group, SegmentedControl, TextInput } from "@mantine/core";
import type { CostStack } from "@understudy/contracts";
import type { CostFilters } from "../../api/understudy.ts";
import { FilterField } from "../../layout/filter-field.tsx";
import { useFilters } from "../../layout/use-filters.ts";
import { apiPeriod, type Period, presetPeriod, presets, readPeriod } from "./period.ts";

/** What is summed and how, as the address says. */
export interface CostView {
  period: Period;
  by: CostStack;
  /** As the API takes them. */
  filters: CostFilters;
}

const fields = ["creatorId", "agent", "model", "feature"] as const;
export const costStacks: readonly CostStack[] = ["agent", "model", "creator", "feature"];

/** Which filter narrows to one row of a table that is grouped so. */
export const filterOf = { agent: "agent", model: "model", creator: "creatorId", feature: "feature" } as const;

export function useCostView(): CostView {
  const { get } = useFilters();
  const period = readPeriod(get("from"), get("to"), new Date());
  const by = costStacks.find((stack) => stack === get("by")) ?? "agent";
  const named = Object.fromEntries(fields.map((field) => [field, get(field)]));
  return { period, by, filters: { ...apiPeriod(period), ...named } };
}

export function CostFilterBar({ view }: { view: CostView }) {
  const { get, set } = useFilters();
  const { period, by } = view;
  const now = new Date();
  return (
    <Group gap="sm" align="flex-end">
      <Button.Group className="wide-control">
        {presets.map((preset) => {
          const { from, to } = presetPeriod(preset, now);
          const isChosen = from === period.from && to === period.to;
          return (
            <Button
              key={preset}
              variant={isChosen ? "filled" : "default"}
              size="sm"
              px="sm"
              aria-pressed={isChosen}
              onClick={() => set({ from, to })}
            >
              {preset}
            </Button>
          );
        })}
      </Button.Group>
      <TextInput
        type="date"
        label="From (UTC day)"
        value={period.from}
        max={period.to}
        onChange={(event) => set({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label="To, included"
        value={period.to}
        min={period.from}
        onChange={(event) => set({ to: event.currentTarget.value })}
      />
      <FilterField
        label="Creator"
        value={get("creatorId")}
        onChange={(creatorId) => set({ creatorId })}
        width={140}
      />
      <FilterField
        label="Agent"
        value={get("agent")}
        onChange={(agent) => set({ agent })}
        placeholder="messaging_ai"
        width={140}
      />
      <FilterField label="Model" value={get("model")} onChange={(model) => set({ model })} width={150} />
      <FilterField
        label="Feature"
        value={get("feature")}
        onChange={(feature) => set({ feature })}
        width={140}
      />
      <SegmentedControl
        className="wide-control"
        aria-label="Stacked and summed by"
        value={by}
        onChange={(next) => set({ by: next })}
        data={costStacks.map((stack) => ({ value: stack, label: `by ${stack}` }))}
      />
    </Group>
  );
}
