import { Group, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ProblemNote } from "./problem-note.tsx";

interface PageProps {
  title: string;
  /** Under the title. */
  lead?: ReactNode;
  /** Beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, lead, actions, children }: PageProps) {
  useDocumentTitle(`${title} · Understudy`);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-end" gap="sm">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          {lead && (
            <Text component="div" c="dimmed" size="sm">
              {lead}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

interface LoadedProps<Data> {
  query: Pick<UseQueryResult<Data>, "data" | "error" | "refetch">;
  /** Height of what will stand here, in px. */
  height?: number;
  children: (data: Data) => ReactNode;
}

/** What a request brought; until then a place for it. Where a later one fails, what was there stays, and says so. */
export function Loaded<Data>({ query, height = 120, children }: LoadedProps<Data>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    if (query.error) return <ProblemNote error={query.error} onRetry={retry} />;
    return <Skeleton height={height} aria-busy="true" />;
  }
  return (
    <>
      {query.error && <ProblemNote error={query.error} onRetry={retry} />}
      {children(query.data)}
    </>
  );
}
