import { Anchor, Loader, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Link, Route, Routes } from "react-router";
import { Page } from "../layout/page.tsx";
import { ChargesPage } from "./charges/charges-page.tsx";
import { CallsPage } from "./costs/calls-page.tsx";
import { CreatorPage } from "./creators/creator-page.tsx";
import { CreatorsPage } from "./creators/creators-page.tsx";
import { JobPage } from "./jobs/job-page.tsx";
import { JobsPage } from "./jobs/jobs-page.tsx";
import { KeysPage } from "./keys/keys-page.tsx";
import { KnowledgePage } from "./knowledge/knowledge-page.tsx";
import { ModelsPage } from "./models/models-page.tsx";
import { PlaygroundPage } from "./playground/playground-page.tsx";
import { SettingsPage } from "./settings/settings-page.tsx";
import { EndpointPage } from "./webhooks/endpoint-page.tsx";
import { WebhooksPage } from "./webhooks/webhooks-page.tsx";

// Charts weigh more than all else together: only the pages that draw load them.
const OverviewPage = lazy(async () => ({
  default: (await import("./overview/overview-page.tsx")).OverviewPage,
}));
const CostsPage = lazy(async () => ({ default: (await import("./costs/costs-page.tsx")).CostsPage }));

/** Which page stands at which address. The API answers these paths with the console, and no others. */
export function Pages() {
  return (
    <Suspense fallback={<Loader aria-label="Loading" />}>
      <Routes>
        <Route path="/" element={<OverviewPage />} />
        <Route path="/costs" element={<CostsPage />} />
        <Route path="/costs/calls" element={<CallsPage />} />
        <Route path="/creators" element={<CreatorsPage />} />
        <Route path="/creators/:id" element={<CreatorPage />} />
        <Route path="/jobs" element={<JobsPage />} />
        <Route path="/jobs/:id" element={<JobPage />} />
        <Route path="/playground" element={<PlaygroundPage />} />
        <Route path="/charges" element={<ChargesPage />} />
        <Route path="/webhooks" element={<WebhooksPage />} />
        <Route path="/webhooks/:id" element={<EndpointPage />} />
        <Route path="/models" element={<ModelsPage />} />
        <Route path="/knowledge" element={<KnowledgePage />} />
        <Route path="/keys" element={<KeysPage />} />
        <Route path="/settings" element={<SettingsPage />} />
        <Route path="*" element={<NoSuchPage />} />
      </Routes>
    </Suspense>
  );
}

function NoSuchPage() {
  return (
    <Page title="No such page">
      <Text>
        There is no page at this address.{" "}
        <Anchor component={Link} to="/">
          Go to the overview
        </Anchor>
        .
      </Text>
    </Page>
  );
}
