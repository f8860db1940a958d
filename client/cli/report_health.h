// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "client/cli/report_text.h"

namespace tierwise {

// Failures, then warnings, each with its message; what was found to be in order in one line, or where `is_full` check
// by check.
std::string RenderHealth(const v1::Report& report, int width, bool has_color, bool is_full);

// What to do with each variant, over all tiers and in each; then the rules that say so, each once. Tiers for which what
// holds over all tiers holds share a row unless `is_full`. Empty without decisions.
std::string RenderDecisions(const v1::Report& report, int width, bool has_color, bool is_full);

}  // namespace tierwise
