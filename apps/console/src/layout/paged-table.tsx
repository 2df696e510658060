import { Button, Center, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { DataTable, type DataTableColumn } from "mantine-datatable";
import type { ReactNode } from "react";
import type { Page } from "../api/understudy.ts";
import { ProblemNote } from "./problem-note.tsx";

interface PagedTableProps<Item> {
  /** What is asked for, filters included. */
  queryKey: readonly unknown[];
  /** One page of the API's list. */
  fetchPage: (cursor: string | undefined) => Promise<Page<Item>>;
  columns: DataTableColumn<Item>[];
  idOf: (item: Item) => string;
  /** What to say where there is nothing. */
  empty: ReactNode;
  label: string;
  refetchIntervalMs?: number;
}

/** A list of the API, page after page. */
export function PagedTable<Item>(props: PagedTableProps<Item>) {
  const { queryKey, fetchPage, columns, idOf, empty, label, refetchIntervalMs } = props;
  const list = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page<Item>) => page.nextCursor,
    // Filters that have just been typed must not take a row away from under the pointer.
    placeholderData: (before) => before,
    // Later pages are not fetched anew behind the reader's back.
    refetchInterval: ({ state }) =>
      (state.data?.pages.length ?? 0) > 1 ? false : (refetchIntervalMs ?? false),
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {list.error && <ProblemNote error={list.error} onRetry={() => void list.refetch()} />}
      <Table
        records={items}
        columns={columns}
        idOf={idOf}
        empty={empty}
        label={label}
        fetching={list.isLoading}
      />
      {list.hasNextPage && (
        <Center>
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            Show more
          </Button>
        </Center>
      )}
    </>
  );
}

interface TableProps<Item> {
  records: Item[];
  columns: DataTableColumn<Item>[];
  idOf: (item: Item) => string;
  empty: ReactNode;
  label: string;
  fetching?: boolean;
}

/** A table that scrolls sideways by itself where the screen is narrow. */
export function Table<Item>({ records, columns, idOf, empty, label, fetching = false }: TableProps<Item>) {
  return (
    <section aria-label={label}>
      <DataTable
        withTableBorder
        borderRadius="md"
        highlightOnHover
        verticalSpacing="xs"
        records={records as Record<string, unknown>[]}
        columns={columns as DataTableColumn<Record<string, unknown>>[]}
        idAccessor={(record) => idOf(record as Item)}
        fetching={fetching}
        minHeight={records.length === 0 ? 160 : 0}
        emptyState={
          <Text c="dimmed" size="sm" ta="center" px="md">
            {fetching ? "" : empty}
          </Text>
        }
        scrollAreaProps={{ type: "auto", viewportProps: { tabIndex: 0, role: "group", "aria-label": label } }}
      />
    </section>
  );
}
