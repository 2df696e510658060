import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const violet: MantineColorsTuple = [
  "#f1efff",
  "#dfdbfb",
  "#bbb4f2",
  "#968aea",
  "#7667e3",
  "#6251df",
  "#5746de",
  "#4838c5",
  "#3f31b0",
  "#35299b",
];

/** Dark enough for white words on it, in both schemes. */
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#d12f2f",
  "#c92a2a",
  "#b52525",
  "#a02020",
  "#8c1c1c",
];

/** Fonts of the system alone: the console works without the internet. */
export const theme = createTheme({
  primaryColor: "violet",
  primaryShade: { light: 6, dark: 5 },
  colors: { violet, red },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace',
  headings: { fontWeight: "650" },
});

/** Readable on all that they stand on: 4.5 : 1 at least. */
export const readableColors: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5c636b" },
  dark: { "--mantine-color-dimmed": "#a9b0b8", "--mantine-color-anchor": "#aaa0f2" },
});
