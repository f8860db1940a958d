// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace tierwise {

// A version by semver.org 2.0.0, borrowed from the text that it was parsed from. Build metadata is dropped: precedence
// ignores it.
struct SemanticVersion {
  absl::string_view major, minor, patch;  // decimal digits without leading zeros, of any length
  absl::string_view prerelease;           // dot-separated identifiers; empty for a release
};

// Nothing where `text` is not a version. Allocates nothing.
std::optional<SemanticVersion> ParseSemanticVersion(absl::string_view text);

// Negative, 0 or positive as `a` is before, equal to or after `b` in precedence (semver.org, section 11). Allocates
// nothing.
int ComparePrecedence(const SemanticVersion& a, const SemanticVersion& b);

}  // namespace tierwise
