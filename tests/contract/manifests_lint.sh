#!/usr/bin/env bash
# The Kubernetes manifests are what Kubernetes' own schemas describe, and the JSON Schema of our TOML
# is understood by an editor's checker: it passes what is right and refuses what is not. The tools
# come from the npm registry, at versions that are known to work.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
command -v npm >/dev/null || "${root}/packaging/install-deps.sh" node
work=$(mktemp -d)
trap 'rm -rf "${work}"' EXIT
cd "${work}"
npm install --silent --no-audit --no-fund kubernetes-models@5.1.0 js-yaml@4.1.0 @taplo/cli@0.7.0

cat >manifests.mjs <<'END'
import fs from "node:fs";
import path from "node:path";
import yaml from "js-yaml";
import * as apps from "kubernetes-models/apps/v1";
import * as autoscaling from "kubernetes-models/autoscaling/v2";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";
const known = {
  "apps/v1": apps,
  "autoscaling/v2": autoscaling,
  "networking.k8s.io/v1": networking,
  "policy/v1": policy,
  v1: core,
};
let checked = 0;
function check(document, name) {
  const Model = known[document.apiVersion] && known[document.apiVersion][document.kind];
  if (!Model) return; // a kustomization, a kind that an operator brings
  new Model(document).validate();
  console.log(`${name}: ${document.kind} is valid`);
  ++checked;
}
const folder = process.argv[2];
for (const file of fs.readdirSync(folder)) {
  yaml.loadAll(fs.readFileSync(path.join(folder, file), "utf8"), (each) => check(each, file));
}
if (checked < 5) throw new Error(`only ${checked} manifests were checked`);
// A validator that finds nothing proves nothing.
const broken = yaml.load(fs.readFileSync(path.join(folder, "deployment.yaml"), "utf8"));
broken.spec.template.spec.containers[0].livenessProbe.periodSeconds = "ten";
try {
  check(broken, "broken");
} catch (error) {
  process.exit(0);
}
throw new Error("a broken manifest passed");
END
node manifests.mjs "${root}/packaging/kubernetes"

schema="file://${root}/config/sampleproc.schema.json"
sed -E 's/^#([a-z_]+ = )/\1/' "${root}/config/sampleproc.toml" >all-keys.toml
npx taplo check --schema "${schema}" "${root}/config/production.toml" all-keys.toml
printf '[http]\nprot = 1\n' >broken.toml
if npx taplo check --schema "${schema}" broken.toml 2>/dev/null; then
  printf 'taplo found nothing wrong with a key that does not exist\n' >&2
  exit 1
fi
