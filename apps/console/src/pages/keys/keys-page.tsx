import { Button, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ApiKey, ApiKeySecret, AuditEntry } from "@understudy/contracts";
import type { DataTableColumn } from "mantine-datatable";
import { useState } from "react";
import { useUnderstudy } from "../../api/understudy-context.tsx";
import { ActionButton } from "../../layout/action-button.tsx";
import { Page } from "../../layout/page.tsx";
import { PagedTable } from "../../layout/paged-table.tsx";
import { ProblemNote } from "../../layout/problem-note.tsx";
import { StatusBadge, Usd, When } from "../../layout/show.tsx";
import { ShownOnce } from "../../layout/shown-once.tsx";
import { AddKeyForm } from "./add-key-form.tsx";

/** How long the secret before a rotation is good as well: time for the app to be given the new one. */
const graceSeconds = 86_400;

/** API keys of apps, and who has changed what. */
export function KeysPage() {
  const understudy = useUnderstudy();
  return (
    <Page
      title="Keys"
      lead="What apps sign their requests with. A key may be bound to creators, and to a budget for its whole life."
      actions={<AddKey />}
    >
      <PagedTable
        label="Keys"
        queryKey={["keys"]}
        fetchPage={(cursor) => understudy.keys({ cursor })}
        columns={keyColumns}
        idOf={({ id }) => id}
        empty="No key yet: only the admin key opens the API."
      />
      <Title order={2} size="h5">
        What was changed, and by whom
      </Title>
      <PagedTable
        label="Audit log"
        queryKey={["audit"]}
        fetchPage={(cursor) => understudy.audit({ cursor, limit: 20 })}
        columns={auditColumns}
        idOf={({ id }) => id}
        empty="Nothing was changed yet."
      />
    </Page>
  );
}

const keyColumns: DataTableColumn<ApiKey>[] = [
  {
    accessor: "name",
    title: "Name",
    render: ({ name, begins }) => (
      <>
        {name}
        <Text size="xs" c="dimmed">
          {begins}…
        </Text>
      </>
    ),
  },
  { accessor: "status", title: "Status", render: ({ status }) => <StatusBadge status={status} /> },
  { accessor: "scopes", title: "Scopes", render: ({ scopes }) => scopes.join(", ") },
  { accessor: "creatorIds", title: "Creators", render: ({ creatorIds }) => creatorIds?.join(", ") ?? "all" },
  {
    accessor: "spentUsd",
    title: "Spent",
    textAlign: "right",
    noWrap: true,
    render: ({ spentUsd, budgetUsd }) => (
      <>
        <Usd amount={spentUsd} />
        {budgetUsd !== null && (
          <Text size="xs" c="dimmed">
            of <Usd amount={budgetUsd} />
          </Text>
        )}
      </>
    ),
  },
  {
    accessor: "lastUsedAt",
    title: "Last used",
    render: ({ lastUsedAt }) => <When at={lastUsedAt ?? undefined} ago />,
  },
  { accessor: "expiresAt", title: "Expires", render: ({ expiresAt }) => <When at={expiresAt} /> },
  {
    accessor: "id",
    title: "",
    render: (key) => (key.status === "active" ? <KeyActions apiKey={key} /> : null),
  },
];

const auditColumns: DataTableColumn<AuditEntry>[] = [
  { accessor: "at", title: "When", noWrap: true, render: ({ at }) => <When at={at} /> },
  { accessor: "actor", title: "Who" },
  { accessor: "operation", title: "What" },
  { accessor: "target", title: "Of what", render: ({ target }) => target ?? "" },
  { accessor: "outcome", title: "Outcome", render: ({ outcome }) => outcome ?? "not known" },
];

function AddKey() {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button onClick={open}>Make a key</Button>
      <Modal opened={opened} onClose={close} title="Make a key" centered>
        <AddKeyForm onDone={close} />
      </Modal>
    </>
  );
}

function KeyActions({ apiKey: { id, name } }: { apiKey: ApiKey }) {
  const understudy = useUnderstudy();
  return (
    <Group gap="xs" wrap="nowrap">
      <RotateKey id={id} name={name} />
      <ActionButton
        size="xs"
        variant="default"
        act={() => understudy.revokeKey(id)}
        done={`${name} is revoked`}
        label={`Revoke ${name}`}
        confirm={{
          title: `Revoke ${name}?`,
          text: "Requests with it are refused from now on. That can't be undone.",
          verb: "Revoke",
        }}
      >
        Revoke
      </ActionButton>
    </Group>
  );
}

function RotateKey({ id, name }: { id: string; name: string }) {
  const understudy = useUnderstudy();
  const queryClient = useQueryClient();
  const [made, setMade] = useState<ApiKeySecret>();
  const [opened, { open, close }] = useDisclosure(false);
  const rotate = useMutation({
    mutationFn: () => understudy.rotateKey(id, graceSeconds),
    onSuccess: async (key) => {
      setMade(key);
      await queryClient.invalidateQueries();
    },
  });
  const end = () => {
    close();
    setMade(undefined);
  };
  return (
    <>
      <Button size="xs" variant="default" aria-label={`Rotate ${name}`} onClick={open}>
        Rotate
      </Button>
      <Modal opened={opened} onClose={end} title={`Rotate ${name}`} centered>
        {made ? (
          <ShownOnce what={`The new key of ${name}`} secret={made.key} onDone={end} />
        ) : (
          <Stack>
            <Text size="sm">
              The key as it is now stays good for a day, so that the app can be given the new one.
            </Text>
            {rotate.error && <ProblemNote error={rotate.error} />}
            <Button loading={rotate.isPending} onClick={() => rotate.mutate()} data-autofocus>
              Make a new secret
            </Button>
          </Stack>
        )}
      </Modal>
    </>
  );
}
