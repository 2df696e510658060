import { ActionIcon, Anchor, Badge, Card, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import type { ReactNode } from "react";
import { formatUsd, formatUsdShort } from "../money/usd.ts";
import { Icon } from "./icon.tsx";
import { timeAgo } from "./time-ago.ts";

/** An amount to its last digit. */
export function Usd({ amount }: { amount: string }) {
  return <span className="figure">{formatUsd(amount)}</span>;
}

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const momentThisYear = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});

/** A time in the reader's own zone; UTC, which the API speaks, in its tip. */
export function When({ at, ago = false }: { at: string | undefined; ago?: boolean }) {
  if (at === undefined) return <>–</>;
  const time = new Date(at);
  const local = moment.format(time);
  const short = time.getFullYear() === new Date().getFullYear() ? momentThisYear.format(time) : local;
  return (
    <time dateTime={at} title={`${local} · ${at}`}>
      {ago ? timeAgo(at, Date.now()) : short}
    </time>
  );
}

const statusColors: Record<string, string> = {
  queued: "blue",
  running: "violet",
  completed: "green",
  failed: "red",
  blocked: "orange",
  cancelled: "gray",
  settled: "green",
  started: "violet",
  released: "gray",
  unknown: "orange",
  delivered: "green",
  pending: "blue",
  closed: "green",
  draft: "gray",
  enabled: "green",
  disabled: "gray",
  paused: "orange",
  revoked: "gray",
  expired: "gray",
  active: "green",
  deprecated: "orange",
  unavailable: "red",
  retired: "gray",
};

/** A state in its colour, never told by the colour alone. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <Badge variant="light" color={statusColors[status] ?? "gray"} tt="none" className="status-badge">
      {status}
    </Badge>
  );
}

/** An id by its beginning and its end, which tell ids apart; whole in its tip. */
export function shortId(id: string): string {
  return `${id.slice(0, 8)}…${id.slice(-6)}`;
}

export function CopyId({ id }: { id: string }) {
  return (
    <Group gap={4} wrap="nowrap" component="span">
      <Text span ff="monospace" size="sm" style={{ overflowWrap: "anywhere" }}>
        {id}
      </Text>
      <CopyButton value={id}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? "Copied" : "Copy"}>
            <ActionIcon
              variant="subtle"
              size="sm"
              color={copied ? "green" : "gray"}
              aria-label={`Copy ${id}`}
              onClick={copy}
            >
              <Icon name={copied ? "check" : "copy"} size={15} />
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}

interface FigureProps {
  label: string;
  value: ReactNode;
  /** Under the value. */
  note?: ReactNode;
  tone?: "bad" | undefined;
  children?: ReactNode;
}

/** One figure that is read at a glance. */
export function Figure({ label, value, note, tone, children }: FigureProps) {
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={26} fw={650} lh={1.25} className="figure" {...(tone === "bad" && { c: "var(--tone-bad)" })}>
        {value}
      </Text>
      {note && (
        <Text component="div" size="xs" c="dimmed">
          {note}
        </Text>
      )}
      {children}
    </Card>
  );
}

/** An amount at a glance; in full in its tip. */
export function ShortUsd({ amount }: { amount: string }) {
  return <span title={formatUsd(amount)}>{formatUsdShort(amount)}</span>;
}

/** Where something was read: a link where it is one. */
export function Source({ text }: { text: string }) {
  const host = /^https?:\/\//.test(text) && URL.canParse(text) ? new URL(text).hostname : "";
  if (host === "") return text;
  return (
    <Anchor href={text} size="sm" target="_blank" rel="noreferrer">
      {host}
    </Anchor>
  );
}
