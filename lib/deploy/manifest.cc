#include <algorithm>
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
           return Find(&document, key) != nullptr;
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

bool IsOurContainer(const Value& container) {
  const auto& command = Elements(Find(&container, "command"));
  return IsOurs(TextOf(Find(&container, "name"))) || IsOurs(TextOf(Find(&container, "image"))) ||
         (!command.empty() && IsOurs(TextOf(&command.front())));
}

class ManifestReader {
 public:
  explicit ManifestReader(const std::vector<Document>& documents) : documents_(documents) {}

  Deployment Read() {
    FindContainer();
    if (container_ == nullptr) {
      deployment_.where = documents_.front().source->At("", documents_.front().value.place);
      deployment_.Report(Severity::kError, config::code::kDeployFile, deployment_.where,
                         "no container of sampleproc is in it",
                         "its name, its image or its command should have sampleproc in it");
      return std::move(deployment_);
    }
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

  void FindContainer() {
    for (const bool only_one : {false, true}) {
      for (const Document& document : documents_) {
        const Value* pod = PodOf(document.value);
        if (pod == nullptr && IsFragment(document.value)) {
          return Choose(document, nullptr, &document.value);
        }
        const auto& containers = Elements(Find(pod, "containers"));
        for (const Value& container : containers) {
          if (IsOurContainer(container) || (only_one && containers.size() == 1)) {
            return Choose(document, pod, &container);
          }
        }
      }
    }
  }

  void Choose(const Document& document, const Value* pod, const Value* container) {
    source_ = document.source;
    pod_ = pod;
    container_ = container;
    document_ = &document.value;
  }

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

  // The data of a ConfigMap among the documents, or of one that a kustomization makes.
  template <typename Take>
  bool EachOfConfigMap(const std::string& name, Take take) {
    for (const Document& document : documents_) {
      const std::string kind = TextOf(Find(&document.value, "kind"));
      if (kind == "ConfigMap" && TextOf(Find(&document.value, {"metadata", "name"})) == name) {
        for (const Entry& entry : Entries(Find(&document.value, "data"))) {
          take(entry.key, document.source->At(TextOf(&entry.value), entry.value.place));
        }
        return true;
      }
      for (const Value& made : Elements(Find(&document.value, "configMapGenerator"))) {
        if (TextOf(Find(&made, "name")) != name) continue;
        for (const Value& literal : Elements(Find(&made, "literals"))) {
          const std::string text = TextOf(&literal);
          const std::size_t equals = std::min(text.find('='), text.size());
          take(text.substr(0, equals),
               document.source->At(text.substr(std::min(equals + 1, text.size())), literal.place));
        }
        return true;
      }
    }
    return false;
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
      if (named_.size() == 1) deployment_.ports.push_back({*parsed, "containerPort", At(*number)});
    }
  }

  // A number, or the name of one of the container's ports; a name that is none is reported.
  void PortOf(const Value* port, std::string_view what) {
    if (port == nullptr) return;
    const std::string text = TextOf(port);
    if (const auto number = config::ParseInteger(text)) {
      deployment_.ports.push_back({*number, what, At(*port)});
      return;
    }
    for (const auto& [name, number] : named_) {
      if (name == text) return;  // looked at as the container's own
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
      } else if (const Value* command = Find(probe, {"exec", "command"})) {
        Probe made{row.kind, At(*command), false, {}};
        made.path.text.clear();
        for (const Value& word : Elements(command)) made.words.push_back(TextOf(&word));
        deployment_.probes.push_back(std::move(made));
      } else if (probe != nullptr) {
        PortOf(Find(probe, {"tcpSocket", "port"}), row.port);
      }
    }
  }

  void Stop() {
    const Value* grace = Find(pod_ == nullptr ? document_ : pod_, "terminationGracePeriodSeconds");
    if (grace != nullptr) {
      if (const auto time = ReadDuration(TextOf(grace))) deployment_.grace = {*time, At(*grace)};
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

  // A Service of the same files that selects by number sends to that port.
  void Services() {
    for (const Document& document : documents_) {
      if (TextOf(Find(&document.value, "kind")) != "Service") continue;
      const Source* const pods = std::exchange(source_, document.source);
      const auto& ports = Elements(Find(&document.value, {"spec", "ports"}));
      if (ports.size() == 1) {
        const Value* target = Find(&ports.front(), "targetPort");
        PortOf(target != nullptr ? target : Find(&ports.front(), "port"),
               "the Service's target port");
      }
      source_ = pods;
    }
  }

  const std::vector<Document>& documents_;
  const Source* source_ = nullptr;
  const Value* document_ = nullptr;
  const Value* pod_ = nullptr;
  const Value* container_ = nullptr;
  std::vector<std::pair<std::string, std::int64_t>> named_;
  Deployment deployment_{.kind = Kind::kPod,
                         .grace_key = "terminationGracePeriodSeconds",
                         .default_grace = seconds(30),
                         .memory_key = "resources.limits.memory"};
};

}  // namespace

Deployment ReadManifests(const std::vector<Document>& documents) {
  return ManifestReader(documents).Read();
}

}  // namespace sampleproc::deploy
