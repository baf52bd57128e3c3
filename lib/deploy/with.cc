#include <algorithm>
#include <filesystem>
#include <memory>

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

// The files, read and told apart.
class Files {
 public:
  void Add(const std::string& path) {
    const auto text = base::ReadTextFile(path, base::Reading::kFirst);
    const std::string display = path == "-" ? "<stdin>" : path;
    names_.push_back(display);
    if (!text) {
      Complain({Origin::Kind::kFile, display, {}}, "cannot be read: " + text.error().message);
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
      diagnostics_.push_back({Severity::kError, config::code::kDeployFile, at.origin, "",
                              "not YAML: " + documents.error().message, "", at.source_line});
      return;
    }
    for (config::Value& document : *documents) AddDocument(source, std::move(document), path);
  }

  Deployment Read() {
    if (!diagnostics_.empty()) return {.diagnostics = std::move(diagnostics_)};
    if (!units_.empty() && documents_.empty()) return ReadUnits(units_);
    const auto compose = std::ranges::find_if(documents_, IsCompose);
    if (units_.empty() && compose != documents_.end() && documents_.size() == 1) {
      const std::string folder =
          std::filesystem::path(compose->source->display()).parent_path().string();
      return ReadCompose(*compose, folder.empty() ? "" : folder + "/");
    }
    if (units_.empty() && !documents_.empty() && compose == documents_.end()) {
      return ReadManifests(documents_);
    }
    Complain({Origin::Kind::kFile, names_.front(), {}},
             documents_.empty() && units_.empty() ? "is neither a unit nor a manifest: it is empty"
                                                  : "files of two kinds cannot be one deployment",
             "give a unit with its drop-ins, manifests, or one compose file");
    return {.diagnostics = std::move(diagnostics_)};
  }

  const std::vector<std::string>& names() const { return names_; }

 private:
  void Complain(Origin origin, std::string message, std::string hint = "") {
    diagnostics_.push_back({Severity::kError, config::code::kDeployFile, std::move(origin), "",
                            std::move(message), std::move(hint), ""});
  }

  // A kustomization brings the files that it lists.
  void AddDocument(const Source& source, config::Value document, const std::string& path) {
    const bool lists = TextOf(Find(&document, "kind")) == "Kustomization" && depth_ < 8;
    std::vector<std::string> listed;
    for (const config::Value& each : Elements(Find(&document, "resources"))) {
      listed.push_back(TextOf(&each));
    }
    if (Entries(&document).empty()) return;
    documents_.push_back({&source, std::move(document)});
    if (!lists) return;
    ++depth_;
    for (const std::string& name : listed) {
      std::filesystem::path file = std::filesystem::path(path).parent_path() / name;
      if (std::filesystem::is_directory(file)) file /= "kustomization.yaml";
      Add(file.lexically_normal().string());
    }
    --depth_;
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::string> names_;
  std::vector<UnitText> units_;
  std::vector<Document> documents_;
  std::vector<Diagnostic> diagnostics_;
  int depth_ = 0;
};

std::string FlagName(const Fact& word, const std::string& option) {
  return config::Where(word.origin) + ": " + option;
}

// Whether a configuration that the deployment names is on this machine too; it is reported if not.
bool IsHere(const std::string& path, const Fact& at, Deployment& deployment) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return true;
  deployment.Report(Severity::kWarning, config::code::kDeployFile, at,
                    config::Shown(path, 80) +
                        " is not on this machine, so that the defaults are "
                        "checked in its place",
                    "give a copy of it as FILE");
  return false;
}

// The options of serve among the words; a file that is named is read unless another one was given.
void ApplyWords(const std::vector<Fact>& words, LoadRequest& request, Deployment& deployment) {
  if (words.empty()) return;
  std::size_t at = 1;
  const bool ours = IsOurs(words.front().text);
  if (!ours || words.size() < 2 || words[1].text != "serve") {
    if (!ours && BaseName(words.front().text) == "sh") return;  // a shell's line is not looked into
    deployment.Report(
        Severity::kError, config::code::kDeployStart, words.front(),
        ours ? "the command is not \"sampleproc serve\"" : "does not start sampleproc",
        "the service is started by \"sampleproc serve\"");
    return;
  }
  std::vector<config::Flag> flags;
  for (++at; at < words.size(); ++at) {
    std::string option = words[at].text;
    std::string value;
    const std::size_t equals = option.find('=');
    if (option.starts_with("--") && equals != std::string::npos) {
      value = option.substr(equals + 1);
      option.erase(equals);
    } else if (at + 1 < words.size()) {
      value = words[++at].text;
    }
    if (option == "--config" || option == "-c") {
      if (!request.file && IsHere(value, words[at], deployment)) request.file = value;
    } else if (option == "--host" || option == "--port") {
      flags.push_back(
          {option == "--host" ? "http.host" : "http.port", value, FlagName(words[at], option)});
    } else if (option == "--set") {
      const std::size_t middle = std::min(value.find('='), value.size());
      const std::string key = value.substr(0, middle);
      flags.push_back({key, value.substr(std::min(middle + 1, value.size())),
                       FlagName(words[at], "--set " + config::Shown(key))});
    }
  }
  request.flags.insert(request.flags.begin(), flags.begin(), flags.end());
}

// The last one of each name, as they count.
const Variable* FindVariable(const Deployment& deployment, std::string_view name) {
  const auto found = std::ranges::find(deployment.variables.rbegin(), deployment.variables.rend(),
                                       name, &Variable::name);
  return found == deployment.variables.rend() ? nullptr : &*found;
}

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

}  // namespace

Loaded LoadWith(const std::vector<std::string>& files, LoadRequest request) {
  Files read;
  for (const std::string& file : files) read.Add(file);
  Deployment deployment = read.Read();
  request.environment.clear();
  // It is about another machine, or about this one as another user.
  request.machine.reset();
  // Only a unit starts what sees this system's files.
  if (deployment.kind != Kind::kUnit) request.files = config::Files::kNamed;
  ApplyWords(deployment.words, request, deployment);
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
  std::vector<Diagnostic> found =
      loaded.HasErrors() ||
              std::ranges::any_of(deployment.diagnostics,
                                  [](const Diagnostic& diagnostic) {
                                    return diagnostic.code == config::code::kDeployFile &&
                                           diagnostic.severity == Severity::kError;
                                  })
          ? std::move(deployment.diagnostics)
          : CheckDeployment(std::move(deployment), loaded.config);
  loaded.diagnostics.insert(loaded.diagnostics.end(), found.begin(), found.end());
  loaded.files.insert(loaded.files.end(), read.names().begin(), read.names().end());
  return loaded;
}

}  // namespace sampleproc::deploy
