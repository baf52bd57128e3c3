// Diagnostics for programs: a JSON document, and annotations for a GitHub workflow's log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/changes.h"
#include "config/loader.h"
#include "config/production.h"

namespace sampleproc::config {

// One configuration that was checked.
struct Checked {
  std::string subject;  // the file as it was named, or where the configuration came from
  Loaded loaded;
  std::optional<std::vector<ChecklistItem>> production = std::nullopt;  // when it was asked for
};

// One line of JSON for all of them; config/validate-config.schema.json describes it:
//
//   {"valid":false,"errors":1,"warnings":0,"configurations":[
//     {"subject":"a.toml","valid":false,"errors":1,"warnings":0,"files":["a.toml"],"diagnostics":[
//       {"severity":"error","code":"SP1004","title":"value out of range","key":"http.port",
//        "message":"70000 is out of range; allowed is 0 to 65535","hint":"",
//        "origin":{"kind":"file","name":"a.toml","line":2,"column":8,"length":5},
//        "source_line":"port = 70000"}]}]}
//
// With `production` each configuration has "production": [{"code":"SP1402","title":"Set allowed
// hosts","verdict":"failed","key":"http.allowed_hosts","message":...,"hint":...,"origin":...}] too;
// the verdict is "passed", "failed" or "by hand"; the origin is there where there is a key.
//
// `key`, `hint` and `source_line` may be "". The place is there only for kind "file", and only when
// it is known; the other kinds are "environment", "flag" and "default".
// With `changes` the document has "changes": [{"key":"http.port","before":"8099","after":"9000",
// "applied_by":"restart","origin":...}] too; values are TOML.
std::string FormatJson(const std::vector<Checked>& checked,
                       const std::vector<Change>* changes = nullptr);

// "::error file=a.toml,line=2,col=8,endColumn=13,title=SP1004 value out of range::http.port: ..."
// and a line break: what GitHub shows beside the line of a change.
std::string FormatGithub(const Diagnostic& diagnostic);

}  // namespace sampleproc::config
