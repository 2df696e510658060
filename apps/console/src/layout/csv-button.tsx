import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import type { Query } from "../api/send.ts";
import { useUnderstudy } from "../api/understudy-context.tsx";
import { Icon } from "./icon.tsx";

/** Saves a route's answer as CSV: the API's own, so that its figures are those of the page. */
export function CsvButton({ path, query, fileName }: { path: string; query: Query; fileName: string }) {
  const understudy = useUnderstudy();
  const save = useMutation({
    mutationFn: () => understudy.csv(path, query),
    onSuccess: (file) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = fileName;
      link.click();
      URL.revokeObjectURL(link.href);
    },
    onError: (error) => notifications.show({ color: "red", title: "No CSV", message: error.message }),
  });
  return (
    <Button
      variant="default"
      leftSection={<Icon name="download" />}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      CSV
    </Button>
  );
}
