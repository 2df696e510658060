import { BarChart } from "@mantine/charts";
import { Card, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { CostSeries } from "@understudy/contracts";
import { formatUsd, formatUsdShort, sumUsd, usdForDrawing } from "../../money/usd.ts";
import { daysOf, type Period } from "./period.ts";

const colors = ["violet.6", "teal.6", "blue.6", "orange.6", "pink.6", "lime.6", "cyan.6"];

const othersName = "others";

interface Stacked {
  name: string;
  label: string;
  color: string;
  costsUsd: string[];
}

/** Spend a UTC day, each day made of the dearest keys and the rest. Bars are drawn from floats; words are exact. */
export function SpendChart({ series, period, by }: { series: CostSeries; period: Period; by: string }) {
  const stacks = stacksOf(series);
  const amounts = amountsByDay(series, stacks);
  const data = daysOf(period).map((day) => ({
    day,
    ...Object.fromEntries(
      stacks.map(({ name }) => [name, usdForDrawing(amounts.get(day)?.get(name) ?? "0")]),
    ),
  }));
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          Spend by UTC day and {by}
        </Title>
        <Text size="sm" c="dimmed">
          in all {formatUsd(series.totalUsd)}
        </Text>
      </Group>
      {stacks.length === 0 ? (
        <Text c="dimmed" size="sm">
          No call has ended in this period.
        </Text>
      ) : (
        <BarChart
          h={280}
          data={data}
          dataKey="day"
          type="stacked"
          series={stacks}
          withLegend
          gridAxis="y"
          xAxisProps={{ tickFormatter: (day: string) => day.slice(5), minTickGap: 12 }}
          yAxisProps={{ width: 72 }}
          valueFormatter={(value) => formatUsdShort(value.toFixed(6))}
          barProps={{ isAnimationActive: false, maxBarSize: 56 }}
          barChartProps={{ accessibilityLayer: false }}
          tooltipProps={{
            content: ({ label }) => (
              <DayTip day={String(label)} stacks={stacks} amounts={amounts.get(String(label))} />
            ),
          }}
        />
      )}
    </Card>
  );
}

/** What one day cost, from the API's decimal strings. */
function DayTip({
  day,
  stacks,
  amounts,
}: {
  day: string;
  stacks: Stacked[];
  amounts: Map<string, string> | undefined;
}) {
  if (!amounts) return null;
  return (
    <Paper withBorder shadow="md" p="sm">
      <Text size="sm" fw={600}>
        {day}: {formatUsd(sumUsd([...amounts.values()]))}
      </Text>
      <Stack gap={2} mt={4}>
        {stacks.map(({ name, label }) => (
          <Group key={name} justify="space-between" gap="lg">
            <Text size="xs">{label}</Text>
            <Text size="xs" className="figure">
              {formatUsd(amounts.get(name) ?? "0")}
            </Text>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}

/** Names of series are paths into the data for the chart: keys with dots would lead nowhere. */
function stacksOf({ series, others }: CostSeries): Stacked[] {
  const stacks = series.map(({ key, costsUsd }, index) => ({
    name: `key${index}`,
    label: key,
    color: colors[index % colors.length] ?? "violet.6",
    costsUsd,
  }));
  if (others) {
    stacks.push({
      name: othersName,
      label: `${others.keys} others`,
      color: "gray.5",
      costsUsd: others.costsUsd,
    });
  }
  return stacks;
}

function amountsByDay({ days }: CostSeries, stacks: Stacked[]): Map<string, Map<string, string>> {
  return new Map(
    days.map((day, index) => [
      day,
      new Map(stacks.map(({ name, costsUsd }) => [name, costsUsd[index] ?? "0"])),
    ]),
  );
}
