import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";

const hours = { "1": "the last hour", "24": "the last 24 hours", "168": "the last 7 days" } as const;

/** Runs many failed jobs again, by what they have in common. */
export function BulkRetry({
  agent,
  creatorId,
}: {
  agent: string | undefined;
  creatorId: string | undefined;
}) {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button variant="default" onClick={open}>
        Retry many…
      </Button>
      <Modal opened={opened} onClose={close} title="Retry failed jobs" centered>
        <BulkRetryForm agent={agent} creatorId={creatorId} onDone={close} />
      </Modal>
    </>
  );
}

interface BulkRetryFormProps {
  agent: string | undefined;
  creatorId: string | undefined;
  onDone: () => void;
}

function BulkRetryForm({ agent = "", creatorId = "", onDone }: BulkRetryFormProps) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const form = useForm({ initialValues: { agent, creatorId, code: "", hours: "24" } });
  const retry = useMutation({
    mutationFn: (values: typeof form.values) =>
      understudy.retryJobs({
        agent: values.agent || undefined,
        creatorId: values.creatorId || undefined,
        code: values.code || undefined,
        since: new Date(Date.now() - Number(values.hours) * 3_600_000).toISOString(),
      }),
    onSuccess: async ({ retried }) => {
      notifications.show({
        color: "green",
        message: `${retried.toLocaleString("en")} ${retried === 1 ? "job runs" : "jobs run"} again.`,
      });
      onDone();
      await queryClient.invalidateQueries();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => retry.mutate(values))}>
      <Stack>
        <Text size="sm">Finished steps are remembered: they are neither paid nor done again.</Text>
        <Group grow>
          <TextInput label="Agent" placeholder="all" {...form.getInputProps("agent")} />
          <TextInput label="Creator" placeholder="all" {...form.getInputProps("creatorId")} />
        </Group>
        <TextInput
          label="Code of the error"
          placeholder="all, or such as provider_unavailable"
          {...form.getInputProps("code")}
        />
        <Select
          label="Failed in"
          allowDeselect={false}
          data={Object.entries(hours).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps("hours")}
        />
        {retry.error && <ProblemNote error={retry.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={retry.isPending}>
            Retry them
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
