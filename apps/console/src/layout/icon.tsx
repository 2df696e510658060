/** Outlines in a box of 24 by 24. */
const outlines = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  costs:
    "M12 3v18M16.5 7.5C16 6 14.3 5 12 5 9.500 5 7.500 6.300 7.500 8.500c0 5 9 2.500 9 7.200 0 2.200-2 3.300-4.500 3.300s-4.500-1.200-4.800-3",
  creators:
    "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21v-1.500A5.500 5.500 0 0 1 7.500 14h3a5.500 5.500 0 0 1 5.500 5.500V21M16 3.300a4 4 0 0 1 0 7.400M22 21v-1.500a5.500 5.500 0 0 0-4-5.300",
  jobs: "M8 6h13M8 12h13M8 18h13M3.500 6h.01M3.500 12h.01M3.500 18h.01",
  playground: "M6 4l14 8-14 8z",
  charges: "M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6",
  webhooks:
    "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.700-5.700l-1.300 1.300M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.700 5.700l1.300-1.300",
  knowledge:
    "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.500 10.900c.6.500.900 1.200.900 2.100h5.200c0-.900.300-1.600.900-2.100A6 6 0 0 0 12 3z",
  models: "M12 3l8 4.500v9L12 21l-8-4.500v-9zM4 7.500l8 4.500 8-4.500M12 12v9",
  keys: "M15.500 8.500h.01M14.500 14a5.500 5.500 0 1 0-5.200-3.700L3 16.600V21h4.400v-2.500H10V16l1.500-1.500c.9.300 1.900-.500 3-.500z",
  settings:
    "M4 7h10M18 7h2M4 17h2M10 17h10M16 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  queues: "M4 5h16v5H4zM4 14h16v5H4zM8 7.500h.01M8 16.500h.01",
  docs: "M6 3h9l4 4v14H6zM14 3v5h5M9 13h6M9 17h6",
  external: "M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400M2 12h2M20 12h2M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4 8.500 8.500 0 1 0 20 14.500z",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  warning: "M12 4L2.500 20h19zM12 10v4M12 17h.01",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  check: "M5 12.500l5 5L20 7",
} as const;

export type IconName = keyof typeof outlines;

/** A small picture beside words, or in place of them: then whatever holds it has a label. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={outlines[name]} />
    </svg>
  );
}
