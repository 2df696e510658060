import type { IconName } from "./icon.tsx";

interface Destination {
  path: string;
  label: string;
  icon: IconName;
}

/** The console's pages, in the order of the navigation. */
export const destinations: readonly Destination[] = [
  { path: "/", label: "Overview", icon: "overview" },
  { path: "/costs", label: "Costs", icon: "costs" },
  { path: "/creators", label: "Creators", icon: "creators" },
  { path: "/jobs", label: "Jobs", icon: "jobs" },
  { path: "/playground", label: "Playground", icon: "playground" },
  { path: "/charges", label: "Charges", icon: "charges" },
  { path: "/webhooks", label: "Webhooks", icon: "webhooks" },
  { path: "/models", label: "Models", icon: "models" },
  { path: "/knowledge", label: "Knowledge", icon: "knowledge" },
  { path: "/keys", label: "Keys", icon: "keys" },
  { path: "/settings", label: "Settings", icon: "settings" },
];

/** Pages of the API itself. */
export const neighbours: readonly Destination[] = [
  { path: "/admin/queues", label: "Bull Board", icon: "queues" },
  { path: "/docs", label: "API reference", icon: "docs" },
];
