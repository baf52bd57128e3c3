// The security checklist of the service that this one replaces, item by item, on one configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"
#include "config/loader.h"

namespace sampleproc::config {

enum class Verdict { kPassed, kFailed, kByHand };

struct ChecklistItem {
  std::string_view code;  // its title in CodeTexts is the item's text in the checklist
  Verdict verdict = Verdict::kPassed;
  std::string key;      // the key to blame, or that keeps it; "" where no key can change it
  std::string message;  // why, in one sentence without the key
  std::string hint;     // what to do about it; "" when it passed
  Origin origin;        // of `key`
};

// Every item, in the checklist's order. `loaded` must be without errors; its warnings count. One
// item cannot be seen in a configuration and is left to people (kByHand). `memory_limited`: the
// control group that the service runs in has a limit of memory. No side effects; any thread.
std::vector<ChecklistItem> CheckProduction(const Loaded& loaded, bool memory_limited);

// "passed", "failed", "by hand".
std::string_view VerdictName(Verdict verdict);

// For people: the counts on one line, then each item with its verdict and code, each line ended.
std::string FormatChecklist(const std::vector<ChecklistItem>& items);

// A failed item as a warning about its key.
Diagnostic ToDiagnostic(const ChecklistItem& item);

}  // namespace sampleproc::config
