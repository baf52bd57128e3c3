// What an option's value may be, in our own words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sampleproc::apps {

// Options whose values are checked while the command line is read: what is wrong says what would be
// right ("--jobs must be an integer from 1 to 512") and is bad use. `value` must outlive the app.
CLI::Option* AddNumber(CLI::App& app, const std::string& option, std::size_t& value,
                       std::size_t least, std::size_t most, const std::string& help);
// The choices can be asked for with ChoicesOf.
CLI::Option* AddChoice(CLI::App& app, const std::string& option, std::string& value,
                       std::vector<std::string_view> choices, const std::string& help);

// The words that an option of AddChoice takes, blanks between them; "" of any other option.
std::string ChoicesOf(CLI::Option& option);

}  // namespace sampleproc::apps
