#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "base/text_file.h"
#include "config/convert.h"
#include "config/print.h"
#include "deploy/check.h"
#include "deploy/readers.h"
#include "deploy/yaml_reader.h"

namespace sampleproc::deploy {
namespace {

using config::Diagnostic;
using config::Loaded;
using config::LoadRequest;
using config::Origin;
using config::Severity;

// A file of hostile depth, width or length must not keep the check busy.
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxFiles = 128;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxDeployments = 64;

// What a kustomization may do to manifests that this check does not do after it.
constexpr std::string_view kPatches[] = {"patches",         "patchesStrategicMerge",
                                         "patchesJson6902", "replacements",
                                         "transformers",    "generators",
                                         "helmCharts",      "vars"};

bool IsKustomization(const config::Value& document, const std::filesystem::path& path) {
  const std::string kind = TextOf(Find(&document, "kind"));
  if (!kind.empty()) return kind == "Kustomization" || kind == "Component";
  const std::string name = path.filename();
  return name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization";
}

// The files, read and told apart.
class Files {
 public:
  void Add(const std::string& path) { Add(path, {Origin::Kind::kFile, Display(path), {}}, ""); }

  std::vector<Deployment> Read() {
    std::vector<Deployment> read;
    if (!HasErrors()) read = ReadThem();
    if (read.empty()) read.emplace_back().is_there = false;
    auto& first = read.front().diagnostics;
    first.insert(first.begin(), diagnostics_.begin(), diagnostics_.end());
    return read;
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  static std::string Display(const std::string& path) { return path == "-" ? "<stdin>" : path; }

  bool HasErrors() const {
    return std::ranges::find(diagnostics_, Severity::kError, &Diagnostic::severity) !=
           diagnostics_.end();
  }

  // `lister` and `line` are blamed when the file cannot be taken: where it is listed.
  void Add(const std::string& path, const Origin& lister, const std::string& line) {
    std::error_code error;
    const std::string real = std::filesystem::weakly_canonical(path, error).string();
    if (path != "-" && !seen_.insert(error ? path : real).second) return;
    const std::string display = Display(path);
    if (depth_ > kMaxDepth || names_.size() >= kMaxFiles) {
      Complain(lister, "kustomizations may list each other 8 deep, and 128 files at most",
               "render with \"kustomize build\" and check the result", line);
      return;
    }
    const auto text = base::ReadTextFile(path, base::Reading::kFirst);
    names_.push_back(display);
    if (!text) {
      Complain({Origin::Kind::kFile, display, {}}, "cannot be read: " + text.error().message);
      return;
    }
    bytes_ += text->size();
    if (bytes_ > kMaxBytes) {
      Complain({Origin::Kind::kFile, display, {}}, "the files are more than 4 MiB together");
      return;
    }
    sources_.push_back(std::make_unique<Source>(display, *text));
    const Source& source = *sources_.back();
    if (IsUnit(*text)) {
      units_.push_back({&source, *text});
      return;
    }
    auto documents = ReadYaml(*text);
    if (!documents) {
      const Fact at = source.At("", documents.error().place);
      Complain(at.origin, "not YAML: " + documents.error().message, "", at.source_line);
      return;
    }
    for (config::Value& document : *documents) AddDocument(source, std::move(document), path);
  }

  std::vector<Deployment> ReadThem() {
    if (!units_.empty() && documents_.empty()) return {ReadUnits(units_)};
    const auto compose = std::ranges::find_if(documents_, IsCompose);
    if (units_.empty() && compose != documents_.end() && documents_.size() == 1) {
      const std::string folder =
          std::filesystem::path(compose->source->display()).parent_path().string();
      return ReadCompose(*compose, folder.empty() ? "" : folder + "/");
    }
    if (units_.empty() && !documents_.empty() && compose == documents_.end()) {
      return ReadManifests(documents_);
    }
    if (units_.empty() && documents_.size() > 1 && std::ranges::all_of(documents_, IsCompose)) {
      Complain({Origin::Kind::kFile, names_.back(), {}},
               "compose files are not put together here, and one is checked at a time",
               "have compose do it: docker compose -f FILE -f FILE config | sampleproc "
               "validate-config --with -");
      return {};
    }
    Complain({Origin::Kind::kFile, names_.front(), {}},
             documents_.empty() && units_.empty() ? "is neither a unit nor a manifest: it is empty"
                                                  : "files of two kinds cannot be one deployment",
             "give a unit with its drop-ins, manifests, or one compose file");
    return {};
  }

  void Complain(Origin origin, std::string message, std::string hint = "", std::string line = "") {
    diagnostics_.push_back({Severity::kError, config::code::kDeployFile, std::move(origin), "",
                            std::move(message), std::move(hint), std::move(line)});
  }

  void AddDocument(const Source& source, config::Value document, const std::string& path) {
    if (Entries(&document).empty()) {
      const bool is_list = !Elements(&document).empty();
      if (!is_list && TextOf(&document).empty()) return;
      const Fact at = source.At("", document.place);
      Complain(at.origin,
               "is neither a unit nor a manifest: it is " +
                   std::string(is_list ? "a list" : "a mere value") + ", with no keys at its top",
               is_list ? "write each manifest as a document of its own, with \"---\" between them"
                       : "give a unit with its drop-ins, manifests, or one compose file",
               at.source_line);
      return;
    }
    const std::string kind = TextOf(Find(&document, "kind"));
    if (kind.ends_with("List") && Find(&document, "items") != nullptr) {
      for (const config::Value& item : Elements(Find(&document, "items"))) {
        AddDocument(source, item, path);
      }
      return;
    }
    documents_.push_back({&source, std::move(document)});
    if (IsKustomization(documents_.back().value, path)) {
      const config::Value kustomization = documents_.back().value;
      AddListed(source, kustomization, std::filesystem::path(path).parent_path());
    }
  }

  // A kustomization brings the files that it lists.
  void AddListed(const Source& source, const config::Value& kustomization,
                 const std::filesystem::path& folder) {
    for (const std::string_view key : kPatches) {
      const config::Value* patches = Find(&kustomization, key);
      if (patches == nullptr) continue;
      const Fact at = source.At("", patches->place);
      diagnostics_.push_back(
          {Severity::kWarning, config::code::kDeployFile, at.origin, "",
           std::string(key) + " of a kustomization are not applied: what is checked is what stands "
                              "in the files before",
           "render with \"kustomize build\" and check the result: kustomize build FOLDER | "
           "sampleproc validate-config --with -",
           at.source_line});
    }
    ++depth_;
    for (const std::string_view key : {"resources", "components", "bases"}) {
      for (const config::Value& each : Elements(Find(&kustomization, key))) {
        AddListed(source.At(TextOf(&each), each.place), folder);
      }
    }
    --depth_;
  }

  void AddListed(const Fact& listed, const std::filesystem::path& folder) {
    if (listed.text.find("://") != std::string::npos ||
        listed.text.find('@') != std::string::npos || listed.text.starts_with("github.com/")) {
      Complain(listed.origin, "stands on another machine, and is not fetched",
               "render with \"kustomize build\" and check the result", listed.source_line);
      return;
    }
    std::filesystem::path file = folder / listed.text;
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) {
      for (const char* name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
        if (std::filesystem::exists(file / name, error)) {
          file /= name;
          break;
        }
      }
    }
    Add(file.lexically_normal().string(), listed.origin, listed.source_line);
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::string> names_;
  std::set<std::string> seen_;  // by their real paths
  std::size_t bytes_ = 0;
  std::vector<UnitText> units_;
  std::vector<Document> documents_;
  std::vector<Diagnostic> diagnostics_;
  int depth_ = 0;
};

void Relocate(const Deployment& deployment, Loaded& loaded) {
  const auto place = [&deployment](Origin& origin) -> const Variable* {
    if (origin.kind != Origin::Kind::kEnvironment) return nullptr;
    const Variable* variable = FindVariable(deployment, origin.name);
    if (variable != nullptr) origin = variable->value.origin;
    return variable;
  };
  for (auto& [key, origin] : loaded.origins) place(origin);
  const std::vector<config::Key> schema = config::MakeSchema(loaded.config);
  for (Diagnostic& diagnostic : loaded.diagnostics) {
    const Variable* variable = place(diagnostic.origin);
    const config::Key* key = FindKey(schema, diagnostic.key);
    if (variable != nullptr && (key == nullptr || !key->secret)) {
      diagnostic.source_line = variable->value.source_line;
    }
  }
}

// Whether the configuration as a whole is not what was asked for. With a variable that is none the
// service starts; of keys that have no good value only what follows from their values is unknown.
bool IsBroken(const Loaded& loaded) {
  return std::ranges::any_of(loaded.diagnostics, [&loaded](const Diagnostic& each) {
    return each.severity == Severity::kError && each.code != config::code::kUnknownVariable &&
           !loaded.origins.contains(each.key);
  });
}

// What the check of the deployment found, but for what is said of a key that is wrong anyway.
void AddFound(std::vector<Diagnostic> found, Loaded& loaded) {
  std::set<std::string> wrong;
  for (const Diagnostic& each : loaded.diagnostics) {
    if (each.severity == Severity::kError && !each.key.empty()) wrong.insert(each.key);
  }
  for (Diagnostic& each : found) {
    if (!wrong.contains(each.key)) loaded.diagnostics.push_back(std::move(each));
  }
}

Loaded LoadOne(Deployment deployment, LoadRequest request,
               const std::vector<StartOption>& options) {
  request.environment.clear();
  // It is about another machine, or about this one as another user.
  request.machine.reset();
  request.looks_for_modules = false;
  // Only a unit starts what sees this system's files.
  if (deployment.kind != Kind::kUnit) request.files = config::Files::kNamed;
  const std::vector<config::Flag> given = request.flags;
  ApplyWords(options, request, deployment);
  for (std::size_t i = 0; i < deployment.variables.size(); ++i) {
    const Variable variable = deployment.variables[i];
    if (&deployment.variables[i] != FindVariable(deployment, variable.name)) continue;
    if (variable.name == "SAMPLEPROC_CONFIG" &&
        (request.file || !IsHere(variable.value.text, variable.value, deployment))) {
      continue;
    }
    request.environment.emplace_back(variable.name, variable.value.text);
  }
  Loaded loaded = config::Load(request);
  Relocate(deployment, loaded);
  if (deployment.port_option) {
    request.flags = given;
    deployment.port_without_option = config::Load(request).config.http.port;
  }
  const bool can_check = deployment.is_there && !IsBroken(loaded);
  AddFound(can_check ? CheckDeployment(std::move(deployment), loaded.config)
                     : std::move(deployment.diagnostics),
           loaded);
  return loaded;
}

}  // namespace

std::vector<config::Checked> LoadWith(const std::vector<std::string>& files,
                                      const LoadRequest& request,
                                      const std::vector<StartOption>& options) {
  Files read;
  for (const std::string& file : files) read.Add(file);
  std::vector<Deployment> deployments = read.Read();
  for (Deployment& deployment : deployments) Unwrap(deployment);
  // A job that runs another command of ours beside the service is not the service.
  if (!std::ranges::all_of(deployments, IsOtherCommand)) std::erase_if(deployments, IsOtherCommand);
  if (deployments.size() > kMaxDeployments) {
    deployments[kMaxDeployments - 1].Report(
        Severity::kError, config::code::kDeployFile, deployments[kMaxDeployments].where,
        "64 containers are checked at once, and not this one and those behind it",
        "give fewer files at a time");
    deployments.resize(kMaxDeployments);
  }
  std::vector<config::Checked> all;
  for (Deployment& deployment : deployments) {
    const std::string name = deployments.size() > 1 ? " (" + deployment.name + ")" : "";
    Loaded loaded = LoadOne(std::move(deployment), request, options);
    loaded.files.insert(loaded.files.end(), read.names().begin(), read.names().end());
    std::string subject = config::DescribeSources(loaded) + name;
    all.push_back({std::move(subject), std::move(loaded)});
  }
  return all;
}

}  // namespace sampleproc::deploy
