import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { CsvButton } from "../../layout/csv-button.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { CostFigures } from "./cost-figures.tsx";
import { CostFilterBar, useCostView } from "./cost-filters.tsx";
import { CostTable } from "./cost-table.tsx";
import { SpendChart } from "./spend-chart.tsx";

/** Where the money went. All sums are the API's own. */
export function CostsPage() {
  const understudy = useUnderstudy();
  const view = useCostView();
  const { filters, by, period } = view;
  const costs = useQuery({
    queryKey: ["costs", filters, by],
    queryFn: () => understudy.costs(filters, by),
    placeholderData: (before) => before,
  });
  const series = useQuery({
    queryKey: ["costs", "series", filters, by],
    queryFn: () => understudy.costSeries(filters, by),
    placeholderData: (before) => before,
  });
  return (
    <Page
      title="Costs"
      lead="Of calls that have ended, by the UTC day of their start. Each amount is exact, to its last digit."
      actions={
        <CsvButton
          path="/admin/costs"
          query={{ ...filters, groupBy: by }}
          fileName={`understudy-costs-by-${by}-${period.from}-to-${period.to}.csv`}
        />
      }
    >
      <CostFilterBar view={view} />
      <Stack gap="md">
        <CostFigures
          filters={filters}
          costs={costs.data}
          isRestThere={!costs.isPending && !series.isPending}
        />
        <Loaded query={series} height={300}>
          {(data) => <SpendChart series={data} period={period} by={by} />}
        </Loaded>
        <Loaded query={costs} height={240}>
          {(data) => <CostTable costs={data} view={view} />}
        </Loaded>
      </Stack>
    </Page>
  );
}
