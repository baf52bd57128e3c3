#include <algorithm>
#include <filesystem>
#include <string>

#include "config/convert.h"
#include "config/units.h"
#include "deploy/amounts.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {
namespace {

using config::Entry;
using config::Severity;
using config::Value;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kOfAContainer[] = {"livenessProbe", "readinessProbe", "startupProbe",
                                              "resources",     "lifecycle",      "containerPort"};

bool IsFragment(const Value& document) {
  return Find(&document, "kind") == nullptr &&
         std::ranges::any_of(kOfAContainer, [&document](std::string_view key) {
           const Value* value = Find(&document, key);
           // A list of resources is a kustomization's.
           return value != nullptr && !std::holds_alternative<config::List>(value->data);
         });
}

// The pod's spec: of a Pod, of what makes pods, of what makes what makes pods.
const Value* PodOf(const Value& document) {
  for (const Value* pod : {Find(&document, {"spec", "template", "spec"}),
                           Find(&document, {"spec", "jobTemplate", "spec", "template", "spec"}),
                           Find(&document, {"spec"})}) {
    if (Find(pod, "containers") != nullptr) return pod;
  }
  return nullptr;
}

// A container of ours, the pod that it is in (nullptr for a fragment) and the document of both.
struct Place {
  const Document* document;
  const Value* pod;
  const Value* container;
};

Likeness LikenessOf(const Value& container) {
  const auto& command = Elements(Find(&container, "command"));
  return RateLikeness(TextOf(Find(&container, "name")), TextOf(Find(&container, "image")),
                      command.empty() ? "" : TextOf(&command.front()));
}

// All containers of the pod that are most like ours.
void FindInPod(const Document& document, std::vector<Place>& places) {
  const Value* pod = PodOf(document.value);
  if (pod == nullptr && IsFragment(document.value)) {
    places.push_back({&document, nullptr, &document.value});
  }
  const auto& containers = Elements(Find(pod, "containers"));
  Likeness best = Likeness::kNone;
  for (const Value& container : containers) best = std::max(best, LikenessOf(container));
  for (const Value& container : containers) {
    if (best != Likeness::kNone && LikenessOf(container) == best) {
      places.push_back({&document, pod, &container});
    }
  }
}

std::vector<Place> FindContainers(const std::vector<Document>& documents) {
  std::vector<Place> places;
  for (const Document& document : documents) FindInPod(document, places);
  if (!places.empty()) return places;
  // The only container of what is called like ours, or that names no image that says otherwise.
  for (const Document& document : documents) {
    const Value* pod = PodOf(document.value);
    const auto& containers = Elements(Find(pod, "containers"));
    if (containers.size() == 1 && (Find(&containers.front(), "image") == nullptr ||
                                   IsOurs(TextOf(Find(&document.value, {"metadata", "name"}))))) {
      places.push_back({&document, pod, &containers.front()});
    }
  }
  return places;
}

class ManifestReader {
 public:
  ManifestReader(const std::vector<Document>& documents, const Place& place)
      : documents_(documents),
        source_(place.document->source),
        document_(&place.document->value),
        pod_(place.pod),
        container_(place.container) {}

  Deployment Read() {
    deployment_.name = TextOf(Find(document_, "kind")) + " " +
                       TextOf(Find(document_, {"metadata", "name"})) + ", container " +
                       TextOf(Find(container_, "name"));
    deployment_.where = At(*container_);
    AddImageVariables(deployment_);
    Variables();
    Words();
    Ports();
    Probes();
    Stop();
    Limits();
    Mounts();
    Services();
    return std::move(deployment_);
  }

 private:
  Fact At(const Value& value) const { return source_->At(TextOf(&value), value.place); }

  void Variables() {
    for (const Value& from : Elements(Find(container_, "envFrom"))) {
      if (const Value* name = Find(&from, {"configMapRef", "name"})) ConfigMap(TextOf(name), from);
    }
    for (const Value& variable : Elements(Find(container_, "env"))) {
      const std::string name = TextOf(Find(&variable, "name"));
      const Value* value = Find(&variable, "value");
      if (value != nullptr) {
        if (!std::holds_alternative<std::string>(value->data)) {
          deployment_.Report(Severity::kError, config::code::kDeployFile, At(*value),
                             name + " is a number or a truth value; Kubernetes takes text only",
                             "write it in quotes: \"" + TextOf(value) + "\"");
        }
        deployment_.variables.push_back({name, At(*value)});
      } else if (const Value* key = Find(&variable, {"valueFrom", "configMapKeyRef", "key"})) {
        const std::string map = TextOf(Find(&variable, {"valueFrom", "configMapKeyRef", "name"}));
        OfConfigMap(map, TextOf(key), name);
      }
    }
  }

  // The data of a ConfigMap among the documents, and of those of its name that kustomizations make
  // or add to it: the outermost, which is read first, comes last and counts.
  template <typename Take>
  bool EachOfConfigMap(const std::string& name, Take take) {
    bool found = false;
    for (auto each = documents_.rbegin(); each != documents_.rend(); ++each) {
      const Document& document = *each;
      const std::string kind = TextOf(Find(&document.value, "kind"));
      if (kind == "ConfigMap" && TextOf(Find(&document.value, {"metadata", "name"})) == name) {
        for (const Entry& entry : Entries(Find(&document.value, "data"))) {
          take(entry.key, document.source->At(TextOf(&entry.value), entry.value.place));
        }
        found = true;
      }
      for (const Value& made : Elements(Find(&document.value, "configMapGenerator"))) {
        if (TextOf(Find(&made, "name")) != name) continue;
        found = true;
        for (const Value& file : Elements(Find(&made, "envs"))) {
          OfEnvironmentFile(document, file, take);
        }
        for (const Value& literal : Elements(Find(&made, "literals"))) {
          const std::string text = TextOf(&literal);
          const std::size_t equals = std::min(text.find('='), text.size());
          take(text.substr(0, equals),
               document.source->At(text.substr(std::min(equals + 1, text.size())), literal.place));
        }
      }
    }
    return found;
  }

  template <typename Take>
  void OfEnvironmentFile(const Document& document, const Value& file, Take take) {
    const Fact at = document.source->At(TextOf(&file), file.place);
    const std::string path =
        (std::filesystem::path(document.source->display()).parent_path() / at.text).string();
    Deployment read;
    AddEnvironmentFile(path, at, false, read);
    for (Variable& variable : read.variables) take(variable.name, std::move(variable.value));
    std::ranges::move(read.diagnostics, std::back_inserter(deployment_.diagnostics));
  }

  void ConfigMap(const std::string& name, const Value& at) {
    const bool found = EachOfConfigMap(name, [this](const std::string& key, Fact value) {
      deployment_.variables.push_back({key, std::move(value)});
    });
    if (found) return;
    deployment_.Report(Severity::kWarning, config::code::kDeployFile, At(at),
                       "the config map " + config::Shown(name) +
                           " is not among the files, so that its variables do not count in this "
                           "check",
                       "give its file with another --with, or the kustomization");
  }

  void OfConfigMap(const std::string& map, const std::string& wanted, const std::string& name) {
    EachOfConfigMap(map, [&](const std::string& key, Fact value) {
      if (key == wanted) deployment_.variables.push_back({name, std::move(value)});
    });
  }

  void Words() {
    const auto& command = Elements(Find(container_, "command"));
    const auto& arguments = Elements(Find(container_, "args"));
    if (command.empty() && !arguments.empty()) {
      deployment_.words.push_back(At(arguments.front()));
      deployment_.words.back().text = "sampleproc";
    }
    for (const Value& word : command) deployment_.words.push_back(At(word));
    for (const Value& word : arguments) deployment_.words.push_back(At(word));
  }

  void Ports() {
    for (const Value& port : Elements(Find(container_, "ports"))) {
      const Value* number = Find(&port, "containerPort");
      const auto parsed = config::ParseInteger(TextOf(number));
      if (!parsed) continue;
      // Of several unnamed or named ports others may be of something else; the first is ours.
      const std::string name = TextOf(Find(&port, "name"));
      named_.emplace_back(name, *parsed);
      if (named_.size() == 1)
        deployment_.ports.push_back({*parsed, *parsed, "containerPort", At(*number)});
    }
  }

  // A number, or the name of one of the container's ports; a name that is none is reported.
  void PortOf(const Value* port, std::string_view what) {
    if (port == nullptr) return;
    const std::string text = TextOf(port);
    if (const auto number = config::ParseInteger(text)) {
      deployment_.ports.push_back({*number, *number, what, At(*port)});
      return;
    }
    for (const auto& [name, number] : named_) {
      if (name != text) continue;
      // The first is looked at as the container's own.
      if (name != named_.front().first)
        deployment_.ports.push_back({number, number, what, At(*port)});
      return;
    }
    deployment_.Report(Severity::kError, config::code::kDeployPort, At(*port),
                       "the container has no port of the name " + config::Shown(text),
                       "give one of its ports that name, or write the number");
  }

  void Probes() {
    struct Row {
      std::string_view key;
      ProbeKind kind;
      std::string_view port;
    };
    constexpr Row kRows[] = {
        {"startupProbe", ProbeKind::kStartup, "the startup probe's port"},
        {"livenessProbe", ProbeKind::kLiveness, "the liveness probe's port"},
        {"readinessProbe", ProbeKind::kReadiness, "the readiness probe's port"},
    };
    for (const Row& row : kRows) {
      const Value* probe = Find(container_, row.key);
      if (const Value* get = Find(probe, "httpGet")) {
        const Value* path = Find(get, "path");
        Fact fact = path == nullptr ? At(*get) : At(*path);
        if (path == nullptr) fact.text = "/";
        deployment_.probes.push_back(
            {row.kind, std::move(fact), TextOf(Find(get, "scheme")) == "HTTPS", {}});
        PortOf(Find(get, "port"), row.port);
      } else if (const Value* exec = Find(probe, "exec")) {
        Command(*exec, row.kind);
      } else if (probe != nullptr) {
        PortOf(Find(probe, {"tcpSocket", "port"}), row.port);
      }
    }
  }

  void Command(const Value& exec, ProbeKind kind) {
    const Value* command = Find(&exec, "command");
    if (command == nullptr) {
      deployment_.Report(Severity::kError, config::code::kDeployProbe, At(exec),
                         "exec has no command, which Kubernetes wants within it",
                         "write exec: {command: [\"sampleproc\", \"health\"]}");
      command = &exec;  // as compose writes a test
    }
    Probe made{kind, At(*command), false, {}};
    made.path.text.clear();
    for (const Value& word : Elements(command)) made.words.push_back(TextOf(&word));
    deployment_.probes.push_back(std::move(made));
  }

  void Stop() {
    const Value* grace = Find(pod_ == nullptr ? document_ : pod_, "terminationGracePeriodSeconds");
    if (grace != nullptr) {
      const auto time = config::ParseInteger(TextOf(grace));
      if (time && *time >= 0 && *time < kForever / seconds(1)) {
        deployment_.grace = {seconds(*time), At(*grace)};
      } else {
        deployment_.Report(Severity::kError, config::code::kDeployGrace, At(*grace),
                           "is no number of seconds", "write 60, for example");
      }
    }
    if (const Value* signal = Find(container_, {"lifecycle", "stopSignal"})) {
      deployment_.stop_signal = At(*signal);
    }
    if (const Value* nap = Find(container_, {"lifecycle", "preStop", "sleep", "seconds"})) {
      deployment_.pre_stop = ReadDuration(TextOf(nap)).value_or(milliseconds(0));
    }
    std::string command;
    for (const Value& word :
         Elements(Find(container_, {"lifecycle", "preStop", "exec", "command"}))) {
      command += TextOf(&word) + " ";
    }
    if (!command.empty()) deployment_.pre_stop = SleepIn(command);
  }

  void Limits() {
    const Value* memory = Find(container_, {"resources", "limits", "memory"});
    if (memory == nullptr) return;
    if (const auto bytes = ReadSize(TextOf(memory), false)) {
      deployment_.memory = {*bytes, At(*memory)};
    } else {
      deployment_.Report(Severity::kError, config::code::kDeployMemory, At(*memory),
                         "is no amount of memory", "write 1Gi or 700Mi, for example");
    }
  }

  void Mounts() {
    for (const Value& mount : Elements(Find(container_, "volumeMounts"))) {
      deployment_.mounts.push_back(TextOf(Find(&mount, "mountPath")));
      const std::string name = TextOf(Find(&mount, "name"));
      const auto& volumes = Elements(Find(pod_, "volumes"));
      const bool known = pod_ == nullptr || std::ranges::any_of(volumes, [&](const Value& volume) {
                           return TextOf(Find(&volume, "name")) == name;
                         });
      if (known) continue;
      deployment_.Report(Severity::kError, config::code::kDeployCredential, At(mount),
                         "the pod has no volume " + config::Shown(name), "list it below volumes");
    }
  }

  // Every port of each Service that selects our pod leads to us, or to a container beside us.
  void Services() {
    for (const Document& document : documents_) {
      if (!Selects(document.value)) continue;
      const Source* const pods = std::exchange(source_, document.source);
      for (const Value& port : Elements(Find(&document.value, {"spec", "ports"}))) {
        const Value* target = Find(&port, "targetPort");
        if (target == nullptr) target = Find(&port, "port");
        if (!IsOfAnother(TextOf(target))) PortOf(target, "the Service's target port");
      }
      source_ = pods;
    }
  }

  bool Selects(const Value& service) const {
    if (TextOf(Find(&service, "kind")) != "Service" || pod_ == nullptr) return false;
    const auto& selector = Entries(Find(&service, {"spec", "selector"}));
    if (selector.empty()) return false;
    const Value* labels = nullptr;
    for (const Value* metadata :
         {Find(document_, {"spec", "template", "metadata"}), Find(document_, "metadata")}) {
      if (labels == nullptr) labels = Find(metadata, "labels");
      if (Find(document_, {"spec", "template"}) != nullptr) break;  // a pod's own only
    }
    // Of what has no labels the name has to do.
    return std::ranges::all_of(selector, [&](const Entry& wanted) {
      const std::string text = TextOf(&wanted.value);
      return labels == nullptr ? IsOurs(text) : TextOf(Find(labels, wanted.key)) == text;
    });
  }

  // Whether a container beside ours in the pod has the port of this number or name.
  bool IsOfAnother(const std::string& wanted) const {
    for (const Value& container : Elements(Find(pod_, "containers"))) {
      if (&container == container_) continue;
      for (const Value& port : Elements(Find(&container, "ports"))) {
        if (TextOf(Find(&port, "name")) == wanted ||
            TextOf(Find(&port, "containerPort")) == wanted) {
          return true;
        }
      }
    }
    return false;
  }

  const std::vector<Document>& documents_;
  const Source* source_;
  const Value* document_;
  const Value* pod_;
  const Value* container_;
  std::vector<std::pair<std::string, std::int64_t>> named_;
  Deployment deployment_{.kind = Kind::kPod,
                         .grace_key = "terminationGracePeriodSeconds",
                         .default_grace = seconds(30)};
};

}  // namespace

std::vector<Deployment> ReadManifests(const std::vector<Document>& documents) {
  std::vector<Deployment> read;
  for (const Place& place : FindContainers(documents)) {
    read.push_back(ManifestReader(documents, place).Read());
  }
  if (!read.empty()) return read;
  Deployment& none = read.emplace_back();
  none.kind = Kind::kPod;
  none.is_there = false;
  none.where = documents.front().source->At("", documents.front().value.place);
  none.Report(Severity::kError, config::code::kDeployFile, none.where,
              "no container of sampleproc is in it",
              "its name, its image or its command should have sampleproc in it");
  return read;
}

}  // namespace sampleproc::deploy
