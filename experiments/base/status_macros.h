// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Abseil 20220623 has no status macros: these are the project's own, here and nowhere else.

// Returns from the calling function with the status of `expression` unless it is OK.
#define TIERWISE_RETURN_IF_ERROR(expression)                                    \
  do {                                                                          \
    if (::absl::Status tierwise_status = (expression); !tierwise_status.ok()) { \
      return tierwise_status;                                                   \
    }                                                                           \
  } while (false)

// Evaluates `expression` (an absl::StatusOr<T>); returns its status from the calling function, or assigns its value to
// `lhs`, which may declare a variable.
#define TIERWISE_ASSIGN_OR_RETURN(lhs, expression) \
  TIERWISE_ASSIGN_OR_RETURN_IMPL_(TIERWISE_CONCAT_(tierwise_statusor_, __LINE__), lhs, expression)

#define TIERWISE_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expression) \
  auto statusor = (expression);                                    \
  if (!statusor.ok()) return std::move(statusor).status();         \
  lhs = std::move(statusor).value()
#define TIERWISE_CONCAT_(a, b) TIERWISE_CONCAT_INNER_(a, b)
#define TIERWISE_CONCAT_INNER_(a, b) a##b
