import { Alert, Button, Group, List, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ErasedFan } from "@understudy/contracts";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";

interface EraseFanProps {
  creatorId: string | undefined;
  fanId: string | undefined;
}

/** Erases all that is known of one fan, for good: so their id is typed again first. */
export function EraseFan(given: EraseFanProps) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button color="red" variant="light" onClick={open}>
        Erase a fan…
      </Button>
      <Modal opened={opened} onClose={close} title="Erase a fan" centered>
        <EraseFanForm {...given} onDone={close} />
      </Modal>
    </>
  );
}

function EraseFanForm({ creatorId = "", fanId = "", onDone }: EraseFanProps & { onDone: () => void }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const [creator, setCreator] = useState(creatorId);
  const [fan, setFan] = useState(fanId);
  const [again, setAgain] = useState("");
  const erase = useMutation({
    mutationFn: () => understudy.eraseFan(creator, fan),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  if (erase.data) return <Erased erased={erase.data} onDone={onDone} />;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        erase.mutate();
      }}
    >
      <Stack>
        <Alert color="orange">
          Their jobs' inputs and results, what agents learned of them, the memory of the conversation and
          texts that were kept for readers are gone for good. What the jobs cost stays on record.
        </Alert>
        <TextInput
          label="Creator"
          required
          value={creator}
          onChange={(event) => setCreator(event.currentTarget.value)}
        />
        <TextInput label="Fan" required value={fan} onChange={(event) => setFan(event.currentTarget.value)} />
        <TextInput
          label="The fan's id again"
          required
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {erase.error && <ProblemNote error={erase.error} />}
        <Button
          type="submit"
          color="red"
          disabled={fan === "" || creator === "" || again !== fan}
          loading={erase.isPending}
        >
          Erase for good
        </Button>
      </Stack>
    </form>
  );
}

function Erased({ erased, onDone }: { erased: ErasedFan; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="green" title={`${erased.fanId} is erased`}>
        <List size="sm">
          <List.Item>
            {erased.jobs} jobs, {erased.cancelled} of which were cancelled
          </List.Item>
          <List.Item>
            {erased.insights} insights, {erased.steps} steps, {erased.feedback} words of feedback
          </List.Item>
          <List.Item>
            {erased.streams} texts for readers{erased.memory && ", and the memory of the conversation"}
          </List.Item>
        </List>
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onDone}>Close</Button>
      </Group>
    </Stack>
  );
}
