import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { RegisteredModel } from "@understudy/contracts";
import type { ModelChange } from "../../api/understudy.ts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";

interface ModelFormProps {
  model: RegisteredModel;
  /** Of all models, any of which may answer in its place. */
  names: readonly string[];
  onDone: () => void;
}

const statuses = ["active", "deprecated", "retired"] as const;

/** How a model stands, until when, and who answers in its place. What it can do is changed by command. */
export function ModelForm({ model, names, onDone }: ModelFormProps) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      // What Gemini has said for a project of ours is no status to choose.
      status: model.status === "unavailable" ? null : (model.status as string | null),
      retiresAt: model.retiresAt ?? "",
      routedTo: (model.routedTo ?? null) as string | null,
      source: model.source,
    },
    validate: {
      retiresAt: (text) =>
        text === "" || isTime(text) ? null : "A day, such as 2027-05-07 (UTC), or a time with its offset",
    },
  });
  const save = useMutation({
    mutationFn: (values: typeof form.values) =>
      understudy.changeModel(model.provider, model.model, changeOf(values)),
    onSuccess: async () => {
      notifications.show({ color: "green", message: `${model.model} is changed.` });
      onDone();
      await queryClient.invalidateQueries();
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        <Select
          label="Status"
          placeholder="unavailable: Gemini says that it is not there"
          data={[...statuses]}
          allowDeselect={false}
          {...form.getInputProps("status")}
        />
        <TextInput
          label="Retires"
          placeholder="no end is announced"
          description="A day (UTC), or a time with its offset"
          {...form.getInputProps("retiresAt")}
        />
        <Select
          label="Routed to"
          placeholder="nobody answers in its place"
          data={names.filter((name) => name !== model.model)}
          clearable
          searchable
          {...form.getInputProps("routedTo")}
        />
        <TextInput label="Where it was read" required {...form.getInputProps("source")} />
        <Text size="sm" c="dimmed">
          A model that is retired is called no more. What it can do: npm run models -- set.
        </Text>
        {save.error && <ProblemNote error={save.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface Values {
  status: string | null;
  retiresAt: string;
  routedTo: string | null;
  source: string;
}

function changeOf({ status, retiresAt, routedTo, source }: Values): ModelChange {
  const chosen = statuses.find((one) => one === status);
  return {
    ...(chosen && { status: chosen }),
    retiresAt: retiresAt === "" ? null : new Date(retiresAt).toISOString(),
    routedTo,
    source,
  };
}

/** A day alone is read as UTC, a time without an offset would be read as the browser's. */
function isTime(text: string): boolean {
  const isWhole = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  return isWhole && !Number.isNaN(Date.parse(text));
}
