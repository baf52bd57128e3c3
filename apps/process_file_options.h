// The command line of process-file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "apps/config_options.h"
#include "files/annotated_video.h"
#include "frame/raw_description.h"

namespace sampleproc::apps {

struct ProcessFileOptions {
  ConfigOptions config;
  std::vector<std::string> inputs;
  std::size_t jobs = 0;  // 0: one for each CPU
  bool recursive = false;
  std::string files_from;  // empty: none
  bool null_separated = false;
  std::vector<std::string> requests;
  std::string raw;     // as given; empty: not wanted
  std::string camera;  // likewise
  bool fail_fast = false;
  std::size_t max_failures = 0;  // 0: any number
  bool timings = false;
  std::string resume;   // empty: not wanted
  std::string compare;  // likewise
  std::string diff_html;
  std::string annotate;
  std::string events;
  std::string output = "-";
  bool append = false;  // to the output
  bool quiet = false;
  std::string format = "ndjson";

  // What --raw says; nothing when it was not given or is wrong (see ProblemWith).
  std::optional<frame::RawDescription> RawPixels() const { return frame::ParseRawDescription(raw); }

  // Whether --annotate names a video, not a directory.
  bool DrawsVideo() const { return files::IsMeantAsVideo(annotate); }
};

// Declares the options, which must outlive the app.
void DeclareProcessFile(CLI::App& app, ProcessFileOptions& options);

// What is wrong with the options together, "" when nothing is.
std::string ProblemWith(const ProcessFileOptions& options);

// Whether what a folder has by that path is the run's output, or a file beside it in which that is
// written first.
bool IsOutputOf(const ProcessFileOptions& options, const std::string& path);

// What is said of a run that found nothing in its inputs, or that was given but a list without
// names.
std::string NothingFound(const ProcessFileOptions& options, bool has_empty_list);

// What is said of a run that ended with the last failure that the options allow.
std::string GaveUp(const ProcessFileOptions& options);

}  // namespace sampleproc::apps
