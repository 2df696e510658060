import { Stack } from "@mantine/core";
import { Page } from "../../layout/page.tsx";
import { RegistryCard } from "./registry-card.tsx";
import { RolesCard } from "./roles-card.tsx";

/** Which models there are, how long they live, and which answer for a role. */
export function ModelsPage() {
  return (
    <Page title="Models" lead="A change applies to the next call, in every process within 30 seconds.">
      <Stack>
        <RolesCard />
        <RegistryCard />
      </Stack>
    </Page>
  );
}
