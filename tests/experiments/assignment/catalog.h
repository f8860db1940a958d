// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "experiments/assignment/snapshot.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/base/definitions.h"
#include "experiments/base/problems.h"

namespace tierwise {

// 2024-05-01T12:00:00Z.
inline constexpr int64_t kNow = 1'714'564'800'000'000;

// A definition from its text form, normalized. The test fails where it cannot be.
v1::Definition Parse(const std::string& text);

// A small shop: attributes `country` (STRING), `spend` (DOUBLE), `plan` (STRING); tiering `value` with the tiers gold
// (spend >= 1000), silver (spend >= 100) and bronze; metrics `visit` and `revenue`; layer `email`. Version 1.
Definitions Shop();

// A draft `id` in the shop: variants control, small, large; a plan for gold (1:1:2), silver (1:1:0) and none for
// bronze.
v1::Campaign Draft(const std::string& id);

void Put(const v1::Campaign& campaign, Definitions& definitions);

// Creates and launches `campaign` as of kNow, pinning the present version.
v1::Campaign PutLaunched(const v1::Campaign& campaign, Definitions& definitions);

// The compiled definitions, which pin nothing but their own version. The test fails where they do not compile.
std::shared_ptr<const Snapshot> MustCompile(const Definitions& definitions);

// What is wrong with `definitions`, each as "field: description".
std::vector<std::string> ProblemsIn(const Definitions& definitions);

// A user's attributes in a snapshot of the shop; strings are borrowed.
UserAttributes Shopper(const Snapshot& snapshot, double spend, absl::string_view country = "CN");

// "user-17".
std::string UserId(int number);

}  // namespace tierwise
