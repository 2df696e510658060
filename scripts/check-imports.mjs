// Checks the rules of import. dependency-cruiser says nothing where it could read nothing, so this does.
import { cruise } from "dependency-cruiser";
import config from "../.dependency-cruiser.mjs";

const modulesMin = 100;

const { output } = await cruise(["apps", "packages", "scripts"], {
  ...config.options,
  ruleSet: config,
  validate: true,
});
const { violations, totalCruised } = output.summary;
for (const { rule, from, to } of violations) console.error(`✗ ${rule.name}: ${from} → ${to}`);
if (totalCruised < modulesMin) {
  console.error(`✗ Only ${totalCruised} modules were read: the check itself is broken.`);
  process.exit(1);
}
console.log(`${totalCruised} modules, ${violations.length} imports against the rules`);
if (violations.length > 0) process.exit(1);
