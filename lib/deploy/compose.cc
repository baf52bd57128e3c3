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
using std::chrono::seconds;

class ComposeReader {
 public:
  ComposeReader(const Document& document, const std::string& folder)
      : source_(*document.source), document_(document.value), folder_(folder) {}

  Deployment Read() {
    FindService();
    if (service_ == nullptr) {
      deployment_.where = source_.At("", document_.place);
      deployment_.Report(Severity::kError, config::code::kDeployFile, deployment_.where,
                         "no service of sampleproc is in it",
                         "its name or its image should have sampleproc in it");
      return std::move(deployment_);
    }
    AddImageVariables(deployment_);
    Variables();
    Words();
    Ports();
    HealthCheck();
    Limits();
    Mounts();
    return std::move(deployment_);
  }

 private:
  Fact At(const Value& value) const { return source_.At(TextOf(&value), value.place); }

  void FindService() {
    const auto& services = Entries(Find(&document_, "services"));
    for (const bool only_one : {false, true}) {
      for (const Entry& entry : services) {
        if (IsOurs(entry.key) || IsOurs(TextOf(Find(&entry.value, "image"))) ||
            (only_one && services.size() == 1)) {
          service_ = &entry.value;
          deployment_.where = source_.At(entry.key, entry.key_place);
          return;
        }
      }
    }
  }

  void Variables() {
    const Value* files = Find(service_, "env_file");
    if (files != nullptr && !TextOf(files).empty()) EnvironmentFile(*files);
    for (const Value& file : Elements(files)) {
      const Value* path = Find(&file, "path");
      EnvironmentFile(path == nullptr ? file : *path);
    }
    const Value* environment = Find(service_, "environment");
    for (const Entry& entry : Entries(environment)) Add(entry.key, At(entry.value));
    for (const Value& line : Elements(environment)) {
      Fact fact = At(line);
      const std::size_t equals = fact.text.find('=');
      if (equals == std::string::npos) continue;  // from whoever starts it
      const std::string name = fact.text.substr(0, equals);
      fact.text.erase(0, equals + 1);
      Add(name, std::move(fact));
    }
  }

  void EnvironmentFile(const Value& path) {
    AddEnvironmentFile(folder_ + TextOf(&path), At(path), false, deployment_);
  }

  // "${NAME:-8099}" is 8099 unless somebody says otherwise; what has no default cannot be known.
  void Add(const std::string& name, Fact value) {
    std::string& text = value.text;
    const std::size_t begin = text.find("${");
    if (begin != std::string::npos) {
      const std::size_t end = text.find('}', begin);
      const std::size_t fallback = text.find(":-", begin);
      if (end == std::string::npos || fallback == std::string::npos || fallback > end) return;
      text = text.substr(0, begin) + text.substr(fallback + 2, end - fallback - 2) +
             text.substr(end + 1);
    }
    deployment_.variables.push_back({name, std::move(value)});
  }

  void Words() {
    const bool own = Find(service_, "entrypoint") != nullptr;
    const Value* command = Find(service_, "command");
    if (command == nullptr && !own) return;
    if (!own) deployment_.words.push_back(Word("sampleproc", *command));
    for (const Value* words : {Find(service_, "entrypoint"), command}) {
      if (words == nullptr) continue;
      for (const Value& word : Elements(words)) deployment_.words.push_back(At(word));
      for (std::string& word : SplitWords(TextOf(words))) {
        deployment_.words.push_back(Word(std::move(word), *words));
      }
    }
  }

  Fact Word(std::string text, const Value& at) const {
    return source_.At(std::move(text), at.place);
  }

  // "8099:8099", "127.0.0.1:8099:8099/tcp", 8099, {target: 8099}
  void Ports() {
    for (const char* key : {"ports", "expose"}) {
      for (const Value& port : Elements(Find(service_, key))) {
        const Value* target = Find(&port, "target");
        std::string text = TextOf(target == nullptr ? &port : target);
        text = text.substr(0, text.find('/'));
        const auto number = config::ParseInteger(text.substr(text.rfind(':') + 1));
        if (number) {
          deployment_.ports.push_back(
              {*number, "the port of the container", At(target == nullptr ? port : *target)});
        }
      }
    }
  }

  void HealthCheck() {
    const Value* test = Find(service_, {"healthcheck", "test"});
    if (test == nullptr) return;
    Probe probe{ProbeKind::kHealth, At(*test), false, {}};
    probe.path.text.clear();
    for (const Value& word : Elements(test)) {
      for (std::string& part : SplitWords(TextOf(&word))) probe.words.push_back(std::move(part));
    }
    for (std::string& word : SplitWords(TextOf(test))) probe.words.push_back(std::move(word));
    if (!probe.words.empty() && probe.words.front().starts_with("CMD")) {
      probe.words.erase(probe.words.begin());
    }
    if (!probe.words.empty()) deployment_.probes.push_back(std::move(probe));
  }

  void Limits() {
    const Value* grace = Find(service_, "stop_grace_period");
    if (grace != nullptr) {
      if (const auto time = ReadDuration(TextOf(grace))) deployment_.grace = {*time, At(*grace)};
    }
    for (const Value* memory : {Find(service_, "mem_limit"),
                                Find(service_, {"deploy", "resources", "limits", "memory"})}) {
      if (memory == nullptr) continue;
      if (const auto bytes = ReadSize(TextOf(memory), true)) {
        deployment_.memory = {*bytes, At(*memory)};
      }
    }
  }

  void Mounts() {
    for (const Value& volume : Elements(Find(service_, "volumes"))) {
      const Value* target = Find(&volume, "target");
      std::string text = TextOf(target == nullptr ? &volume : target);
      if (target == nullptr) {
        const std::size_t colon = text.find(':');
        if (colon != std::string::npos) text = text.substr(colon + 1);
        text = text.substr(0, text.find(':'));
      }
      deployment_.mounts.push_back(std::move(text));
    }
    for (const char* key : {"secrets", "configs"}) {
      for (const Value& secret : Elements(Find(service_, key))) {
        const Value* source = Find(&secret, "source");
        const std::string name = TextOf(source == nullptr ? &secret : source);
        const std::string target = TextOf(Find(&secret, "target"));
        const std::string folder = std::string_view(key) == "secrets" ? "/run/secrets/" : "/";
        deployment_.mounts.push_back(
            target.starts_with('/') ? target : folder + (target.empty() ? name : target));
        if (Find(&document_, {key, name}) != nullptr) continue;
        deployment_.Report(Severity::kError, config::code::kDeployCredential,
                           At(source == nullptr ? secret : *source),
                           config::Shown(name) + " is not among the file's " + key,
                           "define it below " + std::string(key) + " at the top level");
      }
    }
  }

  const Source& source_;
  const Value& document_;
  const std::string folder_;
  const Value* service_ = nullptr;
  Deployment deployment_{.kind = Kind::kCompose,
                         .grace_key = "stop_grace_period",
                         .default_grace = seconds(10),
                         .memory_key = "mem_limit"};
};

}  // namespace

bool IsCompose(const Document& document) {
  return Find(&document.value, "services") != nullptr && Find(&document.value, "kind") == nullptr;
}

Deployment ReadCompose(const Document& document, const std::string& folder) {
  return ComposeReader(document, folder).Read();
}

}  // namespace sampleproc::deploy
