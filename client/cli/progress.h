// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "client/cli/terminal.h"

namespace tierwise {

// How far a long piece of work is, on the terminal's `err`: a bar drawn anew on a terminal, a line every ten seconds
// elsewhere. Not thread-safe.
class Progress {
 public:
  // `total_bytes` 0: not known, no share and no time left are shown. `unit`: what is counted.
  Progress(std::string label, int64_t total_bytes, Terminal& terminal, std::string unit = "rows");
  // Ends the bar's line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap enough for every row: draws at most five times a second.
  void Update(int64_t bytes, int64_t rows);

  // The same for work whose share is known, 0 to 1: "label  [#####.....]  48 %  step". Looks at the clock at each call.
  void UpdateShare(double share, const std::string& step);

  absl::Duration elapsed() const;

 private:
  void Draw(absl::FunctionRef<std::string(absl::Duration)> line);

  const std::string label_;
  const int64_t total_bytes_;
  const std::string unit_;
  Terminal& terminal_;
  const absl::Time start_;
  absl::Time drawn_;
  int64_t calls_ = 0;
  bool has_bar_ = false;
};

// One line: "label  [#####.....]  48 %  31,000 rows  52,300 rows/s  0:12 left".
std::string ProgressLine(const std::string& label, int64_t bytes, int64_t total_bytes, int64_t rows,
                         absl::Duration elapsed, const std::string& unit = "rows");

// 1234567 -> "1,234,567".
std::string WithThousands(int64_t number);

}  // namespace tierwise
