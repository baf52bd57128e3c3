#include <algorithm>
#include <utility>

#include "base/text_file.h"
#include "config/convert.h"
#include "config/environment_file.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {

using config::Severity;

bool IsOurs(std::string_view name) {
  const std::string_view base = BaseName(name);
  return std::ranges::any_of(
      kNames, [&](std::string_view each) { return base.find(each) != std::string_view::npos; });
}

Likeness RateLikeness(std::string_view name, std::string_view image, std::string_view program) {
  const auto exact = [](std::string_view text) {
    return std::ranges::find(kNames, BaseName(text)) != std::end(kNames);
  };
  if (exact(image) || exact(program)) return Likeness::kProgram;
  if (IsOurs(image) || IsOurs(program)) return Likeness::kProgramAlike;
  if (exact(name)) return Likeness::kName;
  return IsOurs(name) ? Likeness::kNameAlike : Likeness::kNone;
}

void AddImageVariables(Deployment& deployment) {
  for (const ImageVariable& variable : kImageVariables) {
    const std::string name(variable.name);
    deployment.variables.push_back(
        {name,
         {std::string(variable.value),
          {config::Origin::Kind::kEnvironment, name + " of the image", {}},
          ""}});
  }
}

void AddEnvironmentFile(const std::string& path, const Fact& at, bool may_be_missing,
                        Deployment& deployment) {
  const auto text = base::ReadTextFile(path, base::Reading::kFirst);
  if (!text) {
    if (may_be_missing) return;
    deployment.Report(Severity::kWarning, config::code::kDeployFile, at,
                      "the environment file " + config::Shown(path, 80) + " cannot be read here (" +
                          text.error().message +
                          "), so that its variables do not count in this check",
                      "check where it is");
    return;
  }
  config::EnvironmentFile file = config::ReadEnvironmentFile(*text, path);
  for (config::FileVariable& variable : file.variables) {
    Fact value{std::move(variable.value),
               {config::Origin::Kind::kFile, path, variable.place},
               std::move(variable.source_line)};
    deployment.variables.push_back({std::move(variable.name), std::move(value)});
  }
  std::ranges::move(file.diagnostics, std::back_inserter(deployment.diagnostics));
}

}  // namespace sampleproc::deploy
