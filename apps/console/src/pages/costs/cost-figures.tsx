import { SimpleGrid, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { CostEfficiency, Costs } from "@understudy/contracts";
import type { CostFilters } from "../../api/understudy.ts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { Figure, ShortUsd, Usd } from "../../layout/show.tsx";
import { percentOf, sumUsd } from "../../money/usd.ts";

interface CostFiguresProps {
  filters: CostFilters;
  costs: Costs | undefined;
  /** The rest of the page is answered: what takes the database longest is asked for last. */
  isRestThere: boolean;
}

/** What the period came to, what of it bought nothing, and what caching and thinking did. */
export function CostFigures({ filters, costs, isRestThere }: CostFiguresProps) {
  const understudy = useUnderstudy();
  const efficiency = useQuery({
    queryKey: ["costs", "efficiency", filters],
    queryFn: () => understudy.costEfficiency(filters),
    enabled: isRestThere,
    placeholderData: (before) => before,
  });
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="md">
      <Figure
        label="Cost"
        value={costs ? <ShortUsd amount={costs.total.costUsd} /> : "…"}
        note={
          costs && (
            <>
              <Usd amount={costs.total.costUsd} />
              {costs.forecast && (
                <span title={costs.forecast.method}>
                  {" "}
                  · month's forecast <ShortUsd amount={costs.forecast.forecastUsd} />
                </span>
              )}
            </>
          )
        }
      />
      {efficiency.data && <EfficiencyFigures efficiency={efficiency.data} />}
      {efficiency.isPending && !efficiency.error && <Skeleton height={104} />}
      {efficiency.error && <ProblemNote error={efficiency.error} onRetry={() => void efficiency.refetch()} />}
    </SimpleGrid>
  );
}

function EfficiencyFigures({ efficiency }: { efficiency: CostEfficiency }) {
  const { costUsd, failedUsd, blockedUsd, retriedUsd, unknownUsd, cacheSavedUsd, thoughtsUsd } = efficiency;
  const wastedUsd = sumUsd([failedUsd, blockedUsd, retriedUsd]);
  return (
    <>
      <Figure
        label="Waste"
        value={<ShortUsd amount={wastedUsd} />}
        note={
          <>
            {percentOf(wastedUsd, costUsd)} % · failed <ShortUsd amount={failedUsd} /> · retried{" "}
            <ShortUsd amount={retriedUsd} /> · blocked <ShortUsd amount={blockedUsd} /> · unknown up to{" "}
            <ShortUsd amount={unknownUsd} />
          </>
        }
      />
      <Figure
        label="Saved by caching"
        value={<ShortUsd amount={cacheSavedUsd} />}
        note={`${percentOf(efficiency.cachedTokens, efficiency.inputTokens)} % of the input tokens were cached`}
      />
      <Figure
        label="Thinking"
        value={<ShortUsd amount={thoughtsUsd} />}
        note={`${percentOf(thoughtsUsd, costUsd)} % of the cost · ${efficiency.thoughtTokens.toLocaleString("en")} tokens`}
      />
    </>
  );
}
