// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "experiments/base/problems.h"

namespace tierwise {

// How many items a page has that was asked for with `requested`; InvalidArgument unless that is 0 (the default) to
// 1,000.
inline absl::StatusOr<int> PageSize(int requested) {
  constexpr int kDefaultPageSize = 100;
  constexpr int kMaxPageSize = 1000;
  if (requested < 0 || requested > kMaxPageSize) {
    return InvalidField("page_size",
                        absl::StrCat("must be from 1 to ", kMaxPageSize, "; 0 or unset is ", kDefaultPageSize));
  }
  return requested == 0 ? kDefaultPageSize : requested;
}

}  // namespace tierwise
