#include "support/python.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "support/temp_dir.h"

namespace sampleproc::testing {

std::string RunPython(const std::string& script, const std::string& input) {
  const TempDir dir;
  std::ofstream(dir.path() / "script.py", std::ios::binary) << script;
  std::ofstream(dir.path() / "input", std::ios::binary) << input;
  const std::string command = SAMPLEPROC_PYTHON " '" + (dir.path() / "script.py").string() +
                              "' < '" + (dir.path() / "input").string() + "'";
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char block[65536];
  for (std::size_t got; (got = fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, got);
  REQUIRE(pclose(pipe) == 0);
  return output;
}

}  // namespace sampleproc::testing
