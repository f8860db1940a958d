// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

// What the benchmarks share that compare a path of ours with its limit in one run.

namespace tierwise::bench {

// The middle one of repeated measurements. REQUIRES: there are some.
inline double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// CPU of all threads of this process so far. What else runs on the machine hardly changes it.
inline double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// One row of the table of scripts/bench.
struct Row {
  std::string path;
  std::string limit;  // with its unit, as are the others
  std::string ours;
  std::string ratio;
  std::string target;
};

// Prints the row as scripts/bench reads it: marked, and separated by tabs.
inline void Print(const Row& row) {
  std::cout << absl::StrCat("ROW\t", row.path, "\t", row.limit, "\t", row.ours, "\t", row.ratio, "\t", row.target)
            << std::endl;
}

}  // namespace tierwise::bench
