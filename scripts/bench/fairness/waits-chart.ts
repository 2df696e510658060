import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { type Variant, variantNames, variants } from "./variants.ts";

use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const size = { width: 1_100, height: 460 };

/** Told apart by people who don't see red or green, too (Okabe and Ito). */
const colours: Record<Variant, string> = {
  unloaded: "#999999",
  lanes: "#0072b2",
  recheck: "#e69f00",
  fifo: "#d55e00",
};

/** Shorter waits are drawn as so long: the axis is logarithmic. */
const leastMs = 1;
const mostMs = 100_000;

interface Panel {
  processes: number;
  waitsMs: Record<Variant, number[]>;
}

/** Draws which share of the light creators' jobs had started after how long, a panel for each number of workers. */
export function drawWaits(file: string, panels: readonly Panel[]): void {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  const width = 100 / panels.length;
  const left = (index: number) => index * width + 6;
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: "sans-serif" },
    backgroundColor: "#ffffff",
    color: Object.values(colours),
    title: [
      { text: "How long light creators wait beside a hot one", left: "center", top: 8 },
      ...panels.map(({ processes }, index) => ({
        text: `${processes} worker process${processes > 1 ? "es" : ""}`,
        textStyle: { fontSize: 13 },
        left: `${left(index)}%`,
        top: 66,
      })),
    ],
    legend: { top: 38, itemGap: 40, data: Object.values(variants) },
    grid: panels.map((_, index) => ({
      left: `${left(index)}%`,
      width: `${width - 9}%`,
      top: 96,
      bottom: 60,
    })),
    xAxis: panels.map((_, gridIndex) => ({
      type: "log" as const,
      gridIndex,
      min: leastMs,
      max: mostMs,
      name: "wait from accepted to started, ms",
      nameLocation: "middle" as const,
      nameGap: 32,
      axisLabel: { formatter: (ms: number) => ms.toLocaleString("en") },
    })),
    yAxis: panels.map((_, gridIndex) => ({
      type: "value" as const,
      gridIndex,
      min: 0,
      max: 1,
      axisLabel: { formatter: (share: number) => `${Math.round(share * 100)} %` },
    })),
    series: panels.flatMap(({ waitsMs }, index) =>
      variantNames.map((variant) => ({
        type: "line" as const,
        name: variants[variant],
        xAxisIndex: index,
        yAxisIndex: index,
        step: "end" as const,
        showSymbol: false,
        lineStyle: { width: 2 },
        data: distribution(waitsMs[variant]),
      })),
    ),
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, chart.renderToSVGString());
  chart.dispose();
}

function distribution(sortedMs: readonly number[]): [number, number][] {
  return sortedMs.map((ms, index) => [Math.max(leastMs, ms), (index + 1) / sortedMs.length]);
}
