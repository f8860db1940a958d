// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"

namespace tierwise {

// A root of the continuous `f` in [lower, upper] by Brent's method (Brent 1973, chapter 4), to within about
// `tolerance` + 4e-16 |root|. NaN where f(lower) and f(upper) have the same sign or a value met on the way is NaN.
double FindRoot(absl::FunctionRef<double(double)> f, double lower, double upper, double tolerance);

}  // namespace tierwise
