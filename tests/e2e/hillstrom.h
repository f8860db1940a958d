// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tierwise {

inline constexpr char kHillstromExample[] = TIERWISE_SOURCE_DIR "/examples/hillstrom";

// Checks what `tierwise report hillstrom --json` printed against the figures published with the data: counts exactly,
// others to every digit that was printed.
void ExpectPublishedFigures(const nlohmann::json& report);

}  // namespace tierwise
