// generate_docs ROOT writes the documents below ROOT, generate_docs --check ROOT compares them with
// what stands there and fails when one differs.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/commands.h"
#include "apps/docs/documents.h"
#include "service/metrics.h"
#include "service/routes.h"

namespace sampleproc::apps {
namespace {

std::string ReadText(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The page about metrics: its tables are the code's, what stands before and after them stays.
std::string MetricsPage(const std::string& page) {
  constexpr std::string_view kMark =
      "<!-- generate_docs writes the tables from here to Labels -->\n";
  const std::size_t labels = page.find("## Labels\n");
  std::string made = page.substr(0, page.find(kMark));
  made += std::string(kMark) + '\n' + service::DescribeMetrics();
  return labels == page.npos ? made : made + page.substr(labels);
}

std::vector<std::pair<std::string, std::string>> Documents(const std::filesystem::path& root) {
  std::vector<std::pair<std::string, std::string>> documents = {
      {"config/openapi.json", service::DescribeRoutes({})},
      {"config/sampleproc.toml", SampleConfig()},
      {"config/sampleproc.schema.json", ConfigJsonSchema()},
      {"man/sampleproc.1", MainManPage()},
      {"man/sampleproc.toml.5", ConfigManPage()},
      {"completions/sampleproc.bash", BashCompletion()},
      {"completions/_sampleproc", ZshCompletion()},
      {"completions/sampleproc.fish", FishCompletion()},
      {"packaging/METRICS.md", MetricsPage(ReadText(root / "packaging/METRICS.md"))},
  };
  for (const Command& command : Commands()) {
    documents.emplace_back("man/sampleproc-" + std::string(command.name) + ".1",
                           CommandManPage(command));
  }
  return documents;
}

int Generate(bool check, const std::filesystem::path& root) {
  int different = 0;
  for (const auto& [name, text] : Documents(root)) {
    const std::filesystem::path path = root / name;
    if (ReadText(path) == text) continue;
    if (check) {
      std::cerr << name << " is not what the code says\n";
      ++different;
      continue;
    }
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    std::cout << name << " written\n";
  }
  if (different > 0) {
    std::cerr << "run 'build/release/apps/generate_docs .' in the source directory to update\n";
  }
  return different > 0 ? 1 : 0;
}

}  // namespace
}  // namespace sampleproc::apps

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool check = words.size() == 2 && words.front() == "--check";
  if (words.size() != (check ? 2u : 1u) || words.back().starts_with('-')) {
    std::cerr << "usage: generate_docs [--check] ROOT\n";
    return 2;
  }
  return sampleproc::apps::Generate(check, words.back());
}
