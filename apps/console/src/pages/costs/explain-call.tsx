import { Alert, Group, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { CallExplanation } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Loaded } from "../../layout/page.tsx";
import { CopyId, Source, StatusBadge, Usd } from "../../layout/show.tsx";
import { isUsd } from "../../money/usd.ts";

/** "Explain this cent": a call's cost, line by line, as the API works it out. */
export function ExplainCall({ callId, onClose }: { callId: string | undefined; onClose: () => void }) {
  const understudy = useUnderstudy();
  const explanation = useQuery({
    queryKey: ["explain", callId],
    queryFn: () => understudy.explainCall(callId ?? ""),
    enabled: callId !== undefined,
  });
  return (
    <Modal
      opened={callId !== undefined}
      onClose={onClose}
      title="What this call cost, and why"
      size="xl"
      centered
    >
      {callId !== undefined && (
        <Loaded query={explanation} height={200}>
          {(data) => <Explanation explanation={data} />}
        </Loaded>
      )}
    </Modal>
  );
}

function Explanation({ explanation }: { explanation: CallExplanation }) {
  const { lines, totalUsd, callId, status, model, serviceTier, estimated, note, unknownUsd } = explanation;
  return (
    <Stack>
      <Group gap="sm">
        <CopyId id={callId} />
        <StatusBadge status={status} />
        <Text size="sm">
          {model}, {serviceTier}
        </Text>
      </Group>
      {note && <Alert color="blue">{note}</Alert>}
      {estimated && (
        <Alert color="orange">
          The usage was missing or contradictory: this is the upper bound of what it can be.
        </Alert>
      )}
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>What</Table.Th>
              <Table.Th ta="right">Tokens</Table.Th>
              <Table.Th ta="right">USD a million</Table.Th>
              <Table.Th ta="right">Cost</Table.Th>
              <Table.Th>Price from</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody className="figure">
            {lines.map((line) => (
              <Table.Tr key={line.what}>
                <Table.Td>{line.what}</Table.Td>
                <Table.Td ta="right">{line.tokens?.toLocaleString("en") ?? "–"}</Table.Td>
                <Table.Td ta="right">
                  {line.usdPerMillion === null ? "–" : <Usd amount={line.usdPerMillion} />}
                </Table.Td>
                <Table.Td ta="right">
                  <Usd amount={line.usd} />
                </Table.Td>
                <Table.Td>
                  <Source text={line.source} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Table.Tr>
              <Table.Th colSpan={3}>Total</Table.Th>
              <Table.Th ta="right" data-testid="explained-total">
                <Usd amount={totalUsd} />
              </Table.Th>
              <Table.Th />
            </Table.Tr>
          </Table.Tfoot>
        </Table>
      </Table.ScrollContainer>
      {status === "unknown" && <SettleUnknown callId={callId} unknownUsd={unknownUsd} />}
    </Stack>
  );
}

/** An operator's word about a call whose answer was lost. */
function SettleUnknown({ callId, unknownUsd }: { callId: string; unknownUsd: string }) {
  const understudy = useUnderstudy();
  const [costUsd, setCostUsd] = useState("");
  return (
    <Group align="flex-end" gap="sm">
      <TextInput
        label="What Gemini's bill says it cost, in USD"
        description={`At most ${unknownUsd} was held for it`}
        value={costUsd}
        onChange={(event) => setCostUsd(event.currentTarget.value)}
        error={costUsd !== "" && !isUsd(costUsd) && "A decimal number, such as 0.0031"}
      />
      <ActionButton
        disabled={!isUsd(costUsd)}
        act={() => understudy.settleCall(callId, { costUsd })}
        done="The call is settled."
      >
        Settle
      </ActionButton>
      <ActionButton
        variant="default"
        act={() => understudy.settleCall(callId, { writeOff: true })}
        done="The call is written off: nobody pays for it."
        confirm={{
          title: "Write this call off?",
          text: "Nobody is charged for it, now or later.",
          verb: "Write it off",
        }}
      >
        Write off
      </ActionButton>
    </Group>
  );
}
