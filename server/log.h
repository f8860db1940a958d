// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tierwise {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// One field of a log line.
using LogField = std::pair<absl::string_view, std::string>;

// Structured log of the server: one line an entry on stderr, as text for people or as JSON for programs. Thread-safe.
// Set up once, before the first entry.
void SetUpLog(LogLevel lowest, LogFormat format);
void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace tierwise
