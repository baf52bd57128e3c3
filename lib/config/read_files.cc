#include "config/read_files.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "base/text_file.h"
#include "detect/labels.h"
#include "detect/model_file.h"

namespace sampleproc::config {

bool IsStep(const std::string& name, const Config& config) {
  const auto has = [&name](const std::vector<std::string>& pipeline) {
    return std::ranges::find(pipeline, name) != pipeline.end();
  };
  return has(config.process.pipeline) || std::ranges::any_of(config.cameras, [&](const auto& each) {
           return has(each.second.pipeline);
         });
}

bool RunsOnnx(const Config& config, bool alone) {
  using detect::RuntimeChoice;
  return std::ranges::any_of(config.process.detectors, [&](const auto& each) {
    const bool runs = alone ? each.runtime == RuntimeChoice::kOnnxRuntime
                            : each.runtime != RuntimeChoice::kOpencv;
    return runs && IsStep(each.name, config);
  });
}

std::vector<NamedFile> FilesRead(const std::vector<Key>& schema, const Config& config) {
  std::vector<NamedFile> files;
  const auto add = [&files](std::string key, std::string path, bool is_secret, bool is_needed) {
    if (!path.empty()) files.push_back({std::move(key), std::move(path), is_secret, is_needed});
  };
  for (const Key& key : schema) {
    if (!key.file && !key.secret_file) continue;
    add(std::string(key.path), std::get<std::string>(key.get(config)), key.secret_file,
        key.path != kOnnxruntimeKey || RunsOnnx(config, true));
  }
  for (const detect::DetectorOptions& each : config.process.detectors) {
    const bool is_step = IsStep(each.name, config);
    const std::string section = "detector." + each.name;
    if (!each.model.empty()) {
      add(section + ".model", detect::ModelPath(each, config.process.models).string(), false,
          is_step);
    }
    add(section + ".labels", detect::LabelsFile(each), false, is_step);
  }
  for (const auto& [id, camera] : config.cameras) {
    const bool is_file = camera.url.find("://") == std::string::npos;
    add(CameraSection(id) + ".url", is_file ? camera.url : "", false, false);
    add(CameraSection(id) + ".password_file", camera.password_file, true, false);
    add(CameraSection(id) + ".ca_file", camera.ca_file, false, false);
  }
  return files;
}

std::string PasswordFault(const std::string& path) {
  if (!base::CanBeReread(path)) return "";
  const auto text = base::ReadOneLine(path, base::Reading::kAgain);
  if (!text) return "the file cannot be read: " + text.error().message;
  return text->empty() ? "the file is empty" : "";
}

std::string PasswordFaults(const Config& config) {
  std::string faults;
  for (const NamedFile& file : FilesRead(MakeSchema(config), config)) {
    if (!file.key.ends_with("password_file")) continue;
    const std::string fault = PasswordFault(file.path);
    if (fault.empty()) continue;
    if (!faults.empty()) faults += "; ";
    faults += file.key + " " + file.path + ": " + fault;
  }
  return faults;
}

}  // namespace sampleproc::config
