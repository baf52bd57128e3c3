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

// The containers of ours among the manifests, with the config maps that stand beside them. A
// fragment of a container (probes, resources) is one, too. One at least: without any it has the
// error.
std::vector<Deployment> ReadManifests(const std::vector<Document>& documents);

// The services of ours in a compose file; without any one that has the error. `folder` is where its
// env_file, and .env, are looked for.
std::vector<Deployment> ReadCompose(const Document& document, const std::string& folder);

// Adds the variables of the file `path`; a line that sets nothing is a diagnostic.
void AddEnvironmentFile(const std::string& path, const Fact& at, bool may_be_missing,
                        Deployment& deployment);

// Adds what the image of ours sets for each container.
void AddImageVariables(Deployment& deployment);

inline constexpr std::string_view kNames[] = {"sampleproc", "sample-processor", "sample_processor"};

// Whether an image, a program or a service of this name is ours: it has one of kNames in it.
bool IsOurs(std::string_view name);

// How sure it is that a container is one of ours, least first. What it runs says more than its
// name: "sampleproc-logs" may ship the logs of ours.
enum class Likeness { kNone, kNameAlike, kName, kProgramAlike, kProgram };
Likeness RateLikeness(std::string_view name, std::string_view image, std::string_view program);

}  // namespace sampleproc::deploy
