import { AreaChart } from "@mantine/charts";
import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Costs, Overview } from "@understudy/contracts";
import { Link } from "react-router";
import { pageWith } from "../../api/understudy.ts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { Loaded, Page } from "../../layout/page.tsx";
import { Figure, ShortUsd } from "../../layout/show.tsx";
import { AlertsCard } from "./alerts-card.tsx";
import { jobsAMinute } from "./jobs-a-minute.ts";
import { FailuresCard, WaitingCard } from "./overview-cards.tsx";

const liveMs = 3_000;

/** What an operator looks at first; it stays current by itself. */
export function OverviewPage() {
  const understudy = useUnderstudy();
  const overview = useQuery({
    queryKey: ["overview"],
    queryFn: understudy.overview,
    refetchInterval: liveMs,
  });
  const costs = useQuery({
    queryKey: ["overview", "costs"],
    queryFn: () => understudy.costs({}, "day"),
    refetchInterval: 10_000,
  });
  return (
    <Page title="Overview" lead={<AnsweredBy overview={overview.data} />}>
      <Loaded query={overview} height={320}>
        {(data) => (
          <Stack gap="md">
            <SimpleGrid cols={{ base: 2, sm: 3, xl: 6 }} spacing="md">
              <Figure
                label="Jobs a minute"
                value={jobsAMinute(data.minutes)}
                note="mean of the last five full minutes"
              />
              <Figure
                label="Waiting"
                value={data.waiting.total.toLocaleString("en")}
                note={
                  <Anchor size="xs" component={Link} to="/jobs?status=queued">
                    see them
                  </Anchor>
                }
              />
              <Figure
                label="Running"
                value={data.running.toLocaleString("en")}
                note={
                  <Anchor size="xs" component={Link} to="/jobs?status=running">
                    see them
                  </Anchor>
                }
              />
              <Figure
                label="Failed in 24 hours"
                value={(data.lastDay.failed + data.lastDay.blocked).toLocaleString("en")}
                tone={data.lastDay.failed > 0 ? "bad" : undefined}
                note={`${data.lastDay.completed.toLocaleString("en")} completed`}
              />
              <SpendFigures costs={costs.data} budgetUsd={data.platformQuotaUsd} />
            </SimpleGrid>
            <MinutesCard minutes={data.minutes} />
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              <WaitingCard waiting={data.waiting} />
              <FailuresCard failures={data.failures} />
            </SimpleGrid>
          </Stack>
        )}
      </Loaded>
      <AlertsCard />
    </Page>
  );
}

function AnsweredBy({ overview }: { overview: Overview | undefined }) {
  if (!overview) return null;
  const isEmulated = overview.provider === "emulator";
  return (
    <Group gap="xs">
      <Badge variant="light" color={isEmulated ? "orange" : "green"} tt="none" className="status-badge">
        {isEmulated ? "the emulator answers" : "Gemini answers"}
      </Badge>
      <span>
        {isEmulated
          ? `in place of ${overview.defaultModel}: no reply is Gemini's, no cost is real`
          : overview.defaultModel}
      </span>
    </Group>
  );
}

function SpendFigures({ costs, budgetUsd }: { costs: Costs | undefined; budgetUsd: string | null }) {
  const today = new Date().toISOString().slice(0, 10);
  const spentToday = costs?.rows.find((row) => row.key === today)?.costUsd ?? "0";
  const costsOf = (day: string) => pageWith("/costs", { from: day, to: day });
  return (
    <>
      <Figure
        label="Spent today (UTC)"
        value={costs ? <ShortUsd amount={spentToday} /> : "…"}
        note={
          <Anchor size="xs" component={Link} to={costsOf(today)}>
            by agent
          </Anchor>
        }
      />
      <Figure
        label="Spent this month"
        value={costs ? <ShortUsd amount={costs.total.costUsd} /> : "…"}
        note={
          costs?.forecast && (
            <span title={costs.forecast.method}>
              forecast <ShortUsd amount={costs.forecast.forecastUsd} />
              {budgetUsd !== null && (
                <>
                  {" "}
                  of <ShortUsd amount={budgetUsd} />
                </>
              )}
            </span>
          )
        }
      />
    </>
  );
}

function MinutesCard({ minutes }: { minutes: Overview["minutes"] }) {
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  return (
    <Card withBorder>
      <Title order={2} size="h5" mb="sm">
        The last hour, by minute
      </Title>
      <AreaChart
        h={200}
        data={minutes.map(({ at, ...counts }) => ({ at: clock.format(new Date(at)), ...counts }))}
        dataKey="at"
        series={[
          { name: "accepted", label: "Accepted", color: "blue.6" },
          { name: "completed", label: "Completed", color: "green.6" },
          { name: "failed", label: "Failed or blocked", color: "red.6" },
        ]}
        curveType="monotone"
        withDots={false}
        withLegend
        fillOpacity={0.12}
        gridAxis="y"
        yAxisProps={{ allowDecimals: false, width: 42 }}
        areaChartProps={{ accessibilityLayer: false }}
        areaProps={{ isAnimationActive: false }}
      />
      <Text className="visually-hidden">
        {`In the last hour ${sum(minutes, "accepted")} jobs were accepted, ${sum(minutes, "completed")} completed and ${sum(minutes, "failed")} failed or were blocked.`}
      </Text>
    </Card>
  );
}

function sum(minutes: Overview["minutes"], field: "accepted" | "completed" | "failed"): number {
  return minutes.reduce((total, minute) => total + minute[field], 0);
}
