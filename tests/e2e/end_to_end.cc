// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/end_to_end.h"

#include <fstream>
#include <ostream>

namespace tierwise {
namespace {

constexpr absl::Duration kCommandTimeout = absl::Seconds(120);

}  // namespace

std::map<std::string, std::string> CommandEnvironment(const std::string& address) {
  return {{"TIERWISE_SERVER", address}, {"USER", "mei"}, {"NO_COLOR", "1"}};
}

void PrintTo(const CommandResult& result, std::ostream* out) {
  *out << "exit code " << result.exit_code << ", output:\n" << result.out << "errors:\n" << result.err;
}

CommandResult RunCommand(const std::string& address, const std::vector<std::string>& arguments,
                         const std::string& input) {
  std::vector<std::string> command = {kCommandBinary};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process process({.command = command, .environment = CommandEnvironment(address), .input = input});
  const int exit_code = process.Wait(kCommandTimeout);
  return {exit_code, process.Out(), process.Err()};
}

void WriteFile(const std::string& path, absl::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  EXPECT_TRUE(file.flush()) << path;
}

std::string EndToEndTest::MustTierwise(const std::vector<std::string>& arguments, const std::string& input) const {
  const CommandResult result = Tierwise(arguments, input);
  EXPECT_EQ(result.exit_code, 0) << testing::PrintToString(arguments) << '\n' << result.out << result.err;
  return result.out;
}

nlohmann::json EndToEndTest::MustJson(const std::vector<std::string>& arguments) const {
  const std::string text = MustTierwise(arguments);
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(json.is_discarded()) << text;
  return json;
}

CommandResult EndToEndTest::Apply(absl::string_view yaml, const std::vector<std::string>& more) const {
  const std::string path = folder_.File("definitions.yaml");
  WriteFile(path, yaml);
  std::vector<std::string> arguments = {"apply", "-f", path};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Tierwise(arguments);
}

}  // namespace tierwise
