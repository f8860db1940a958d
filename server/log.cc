// SPDX-License-Identifier: Apache-2.0
#include "server/log.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tierwise {
namespace {

LogLevel g_lowest = LogLevel::kInfo;
LogFormat g_format = LogFormat::kText;

const char* NameOfLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string JsonString(absl::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void SetUpLog(LogLevel lowest, LogFormat format) {
  g_lowest = lowest;
  g_format = format;
}

void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) {
  if (level < g_lowest) return;
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  std::string line;
  if (g_format == LogFormat::kJson) {
    line = absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", NameOfLevel(level),
                        "\",\"message\":", JsonString(message));
    for (const auto& [name, value] : fields) absl::StrAppend(&line, ",", JsonString(name), ":", JsonString(value));
    absl::StrAppend(&line, "}\n");
  } else {
    line = absl::StrCat(time, " ", NameOfLevel(level), " ", message);
    for (const auto& [name, value] : fields) absl::StrAppend(&line, " ", name, "=", JsonString(value));
    absl::StrAppend(&line, "\n");
  }
  // One write a line: lines of several threads do not mix.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace tierwise
