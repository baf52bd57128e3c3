// From the text of a file to a Deployment. What cannot be understood is a diagnostic in it.
#pragma once

#include <string>
#include <vector>

#include "deploy/deployment.h"

namespace sampleproc::deploy {

// One YAML document and the file that it stands in, which outlives it.
struct Document {
  const Source* source;
  config::Value value;
};

struct UnitText {
  const Source* source;
  std::string text;
};

// Whether the text is that of a systemd unit or drop-in: it has a line "[Service]" or "[Socket]".
bool IsUnit(std::string_view text);
bool IsCompose(const Document& document);

// A unit and its drop-ins, in the order in which they count.
Deployment ReadUnits(const std::vector<UnitText>& units);

// The container of ours among the manifests, with the config maps that stand beside it. A fragment
// of a container (probes, resources) does, too.
Deployment ReadManifests(const std::vector<Document>& documents);

// The service of ours in a compose file. `folder` is where its env_file is looked for.
Deployment ReadCompose(const Document& document, const std::string& folder);

// Adds the variables of the file `path`; a line that sets nothing is a diagnostic.
void AddEnvironmentFile(const std::string& path, const Fact& at, bool may_be_missing,
                        Deployment& deployment);

// Adds what the image of ours sets for each container.
void AddImageVariables(Deployment& deployment);

// Whether an image, a program or a service of this name is ours.
bool IsOurs(std::string_view name);

}  // namespace sampleproc::deploy
