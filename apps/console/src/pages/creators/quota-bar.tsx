import { Group, Progress, Text } from "@mantine/core";
import type { Quota } from "@understudy/contracts";
import { formatUsd, percentOf } from "../../money/usd.ts";

/** How much of a month's quota is spent, held for calls under way, and perhaps spent by lost ones. */
export function QuotaBar({ quota }: { quota: Quota }) {
  const { quotaUsd, spentUsd, heldUsd, unknownUsd } = quota;
  if (quotaUsd === null) {
    return (
      <Text size="sm" className="figure">
        {formatUsd(spentUsd)} <span className="dimmed">of no quota</span>
      </Text>
    );
  }
  const parts = [
    { name: "spent", amount: spentUsd, color: "violet" },
    { name: "held", amount: heldUsd, color: "blue" },
    { name: "unknown", amount: unknownUsd, color: "orange" },
  ];
  const told = parts
    .filter(({ amount }) => amount !== "0")
    .map(({ name, amount }) => `${formatUsd(amount)} ${name}`);
  return (
    <div>
      <Progress.Root size="md" aria-hidden="true">
        {parts.map(({ name, amount, color }) => (
          <Progress.Section key={name} value={Number(percentOf(amount, quotaUsd))} color={color} />
        ))}
      </Progress.Root>
      <Group justify="space-between" gap="xs" mt={2}>
        <Text size="xs" className="figure">
          {told.length > 0 ? told.join(" · ") : "nothing spent"} of {formatUsd(quotaUsd)}
        </Text>
        <Text size="xs" fw={600} className="figure">
          {quota.percentUsed} %
        </Text>
      </Group>
    </div>
  );
}
