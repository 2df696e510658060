import { Button, MultiSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Scope, scopes } from "@understudy/contracts";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { ShownOnce } from "../../layout/shown-once.tsx";

const choices = Object.keys(scopes).map((scope) => ({
  value: scope,
  label: `${scope}: ${scopes[scope as Scope]}`,
}));

/** Makes a key, and shows it the only time that it can be seen. */
export function AddKeyForm({ onDone }: { onDone: () => void }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const form = useForm({
    initialValues: {
      name: "",
      scopes: ["jobs:write", "jobs:read"],
      creatorIds: [] as string[],
      budgetUsd: "",
    },
    validate: { scopes: (chosen) => (chosen.length === 0 ? "One scope at least" : null) },
  });
  const add = useMutation({
    mutationFn: ({ name, scopes: chosen, creatorIds, budgetUsd }: typeof form.values) =>
      understudy.addKey({
        name,
        scopes: chosen as Scope[],
        ...(creatorIds.length > 0 && { creatorIds }),
        ...(budgetUsd.trim() !== "" && { budgetUsd: budgetUsd.trim() }),
      }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  if (add.data) return <ShownOnce what="This key" secret={add.data.key} onDone={onDone} />;
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))}>
      <Stack>
        <TextInput label="Name" required description="What it is for" {...form.getInputProps("name")} />
        <MultiSelect label="Scopes" data={choices} {...form.getInputProps("scopes")} />
        <TagsInput
          label="Creators"
          description="For this key no others exist; left empty, all do"
          {...form.getInputProps("creatorIds")}
        />
        <TextInput
          label="Budget in USD"
          description="What its jobs may cost in all, for its whole life; left empty, no bound"
          inputMode="decimal"
          {...form.getInputProps("budgetUsd")}
        />
        {add.error && <ProblemNote error={add.error} />}
        <Button type="submit" loading={add.isPending}>
          Make the key
        </Button>
      </Stack>
    </form>
  );
}
