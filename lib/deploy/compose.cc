#include <algorithm>
#include <string>

#include "config/convert.h"
#include "config/units.h"
#include "deploy/amounts.h"
#include "deploy/command_line.h"
#include "deploy/readers.h"

namespace sampleproc::deploy {
namespace {

using config::Entry;
using config::Severity;
using config::Value;
using std::chrono::seconds;

Likeness LikenessOf(const Entry& service) {
  const Value* command = Find(&service.value, "entrypoint");
  if (command == nullptr) command = Find(&service.value, "command");
  const auto& words = Elements(command);
  const std::vector<std::string> line = SplitWords(TextOf(command));
  const std::string program =
      !words.empty() ? TextOf(&words.front()) : (line.empty() ? "" : line.front());
  return RateLikeness(service.key, TextOf(Find(&service.value, "image")), program);
}

// Services that run our program; without any those that are called like it, or the only one when it
// names no image that says otherwise.
bool IsChosen(const Value& document, const Entry& service) {
  const auto& services = Entries(Find(&document, "services"));
  Likeness best = Likeness::kNone;
  for (const Entry& each : services) best = std::max(best, LikenessOf(each));
  const Likeness likeness = LikenessOf(service);
  if (best == Likeness::kNone) {
    return services.size() == 1 && !Entries(&service.value).empty() &&
           Find(&service.value, "image") == nullptr;
  }
  return likeness == best;
}

// Puts variables in as compose does: from .env beside the file, or their defaults.
class Interpolator {
 public:
  Interpolator(const Source& source, const std::string& folder, Deployment& told)
      : source_(source), told_(told) {
    AddEnvironmentFile(folder + ".env", {}, true, environment_);
  }

  void Fill(Value& value) {
    if (auto* list = std::get_if<config::List>(&value.data)) {
      for (Value& element : *list) Fill(element);
    } else if (auto* table = std::get_if<config::Table>(&value.data)) {
      for (Entry& entry : *table) Fill(entry.value);
    } else if (auto* text = std::get_if<std::string>(&value.data)) {
      if (text->find('$') != std::string::npos) *text = Filled(*text, value.place);
    }
  }

 private:
  std::string Filled(std::string_view text, const config::Place& place) {
    std::string filled;
    while (!text.empty()) {
      const std::size_t dollar = text.find('$');
      filled += text.substr(0, dollar);
      if (dollar == std::string_view::npos) break;
      text.remove_prefix(dollar + 1);
      if (text.starts_with('$')) {
        filled += '$';
        text.remove_prefix(1);
      } else if (text.starts_with('{')) {
        const std::size_t end = std::min(text.find('}'), text.size());
        filled += ValueOf(text.substr(1, end - 1), place);
        text.remove_prefix(std::min(end + 1, text.size()));
      } else {
        const std::size_t end = std::min(text.find_first_not_of(kOfNames), text.size());
        if (end == 0) {
          filled += '$';
          continue;
        }
        filled += ValueOf(text.substr(0, end), place);
        text.remove_prefix(end);
      }
    }
    return filled;
  }

  // Of NAME, NAME-DEFAULT, NAME:-DEFAULT, NAME?WHY, NAME:?WHY, NAME+THEN, NAME:+THEN.
  std::string ValueOf(std::string_view expression, const config::Place& place) {
    const std::size_t end = std::min(expression.find_first_not_of(kOfNames), expression.size());
    const std::string name(expression.substr(0, end));
    std::string_view rest = expression.substr(end);
    const bool empty_is_unset = rest.starts_with(':');
    if (empty_is_unset) rest.remove_prefix(1);
    const Variable* variable = FindVariable(environment_, name);
    const bool set = variable != nullptr && !(empty_is_unset && variable->value.text.empty());
    if (rest.starts_with('+')) return set ? std::string(rest.substr(1)) : "";
    if (set) return variable->value.text;
    if (rest.starts_with('-')) return std::string(rest.substr(1));
    if (variable != nullptr && !rest.starts_with('?')) return "";
    told_.Report(Severity::kWarning, config::code::kDeployFile, source_.At("", place),
                 config::Shown(name) +
                     " is not set here and has no default, so that its value does not count in "
                     "this check",
                 "write a default, ${" + config::Shown(name) +
                     ":-VALUE}, or set it in .env beside "
                     "the file");
    return std::string(kUnknownValue);
  }

  static constexpr std::string_view kOfNames =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

  const Source& source_;
  Deployment& told_;
  Deployment environment_;
};

class ComposeReader {
 public:
  // `service` is an entry of the document's, which is what compose makes of the file's variables.
  ComposeReader(const Document& document, const Entry& service, const std::string& folder)
      : source_(*document.source),
        document_(document.value),
        folder_(folder),
        service_(&service.value) {
    deployment_.name = "service " + service.key;
    deployment_.where = source_.At(service.key, service.key_place);
  }

  Deployment Read() {
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

  // What comes from the shell that starts it cannot be known, and was told.
  void Add(const std::string& name, Fact value) {
    if (value.text.find(kUnknownValue) != std::string::npos) return;
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

  // "8099:8099", "127.0.0.1:8099:8099/tcp", "8000-8009:8090-8099", 8099, {target: 8099}
  void Ports() {
    for (const char* key : {"ports", "expose"}) {
      for (const Value& port : Elements(Find(service_, key))) {
        const Value* target = Find(&port, "target");
        std::string text = TextOf(target == nullptr ? &port : target);
        text = text.substr(0, text.find('/'));
        text = text.substr(text.rfind(':') + 1);
        const std::size_t dash = std::min(text.find('-'), text.size());
        const auto first = config::ParseInteger(text.substr(0, dash));
        const auto last = dash == text.size() ? first : config::ParseInteger(text.substr(dash + 1));
        const Fact at = At(target == nullptr ? port : *target);
        if (first && last && *first <= *last) {
          deployment_.ports.push_back({*first, *last, "the port of the container", at});
        } else if (text.find(kUnknownValue) == std::string::npos) {
          deployment_.Report(Severity::kError, config::code::kDeployPort, at, "is no port",
                             "write \"8099:8099\", a number, or a range such as "
                             "\"8000-8009:8090-8099\"");
        }
      }
    }
  }

  void HealthCheck() {
    const Value* test = Find(service_, {"healthcheck", "test"});
    if (test == nullptr) {
      deployment_.has_image_health = TextOf(Find(service_, {"healthcheck", "disable"})) != "true";
      return;
    }
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
      if (const auto time = ReadDuration(TextOf(grace))) {
        deployment_.grace = {*time, At(*grace)};
      } else if (TextOf(grace).find(kUnknownValue) == std::string::npos) {
        deployment_.Report(Severity::kError, config::code::kDeployGrace, At(*grace), "is no time",
                           "write 60s or 1m30s, for example");
      }
    }
    if (const Value* signal = Find(service_, "stop_signal")) {
      const Fact at = At(*signal);
      if (at.text.find(kUnknownValue) == std::string::npos) deployment_.stop_signal = at;
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
  const Value* service_;
  Deployment deployment_{
      .kind = Kind::kCompose, .grace_key = "stop_grace_period", .default_grace = seconds(10)};
};

}  // namespace

bool IsCompose(const Document& document) {
  return Find(&document.value, "services") != nullptr && Find(&document.value, "kind") == nullptr;
}

std::vector<Deployment> ReadCompose(const Document& document, const std::string& folder) {
  std::vector<Deployment> read;
  for (const Entry& service : Entries(Find(&document.value, "services"))) {
    if (!IsChosen(document.value, service)) continue;
    Deployment told;
    Interpolator interpolator(*document.source, folder, told);
    Entry one = service;
    interpolator.Fill(one.value);
    read.push_back(ComposeReader(document, one, folder).Read());
    std::ranges::move(told.diagnostics, std::back_inserter(read.back().diagnostics));
  }
  if (!read.empty()) return read;
  Deployment& none = read.emplace_back();
  none.kind = Kind::kCompose;
  none.is_there = false;
  none.where = document.source->At("", document.value.place);
  none.Report(Severity::kError, config::code::kDeployFile, none.where,
              "no service of sampleproc is in it",
              "its name or its image should have sampleproc in it");
  return read;
}

}  // namespace sampleproc::deploy
