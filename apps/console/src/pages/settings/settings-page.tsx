import { Stack } from "@mantine/core";
import { Page } from "../../layout/page.tsx";
import { PlansCard } from "./plans-card.tsx";
import { PricesCard } from "./prices-card.tsx";
import { SessionsCard } from "./sessions-card.tsx";
import { SpendingCard } from "./spending-card.tsx";

/** What counts for everyone. */
export function SettingsPage() {
  return (
    <Page title="Settings" lead="A change applies at once.">
      <Stack>
        <SpendingCard />
        <SessionsCard />
        <PlansCard />
        <PricesCard />
      </Stack>
    </Page>
  );
}
