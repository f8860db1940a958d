// SPDX-License-Identifier: Apache-2.0
#include "client/cli/progress.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace tierwise {
namespace {

constexpr absl::Duration kRedraw = absl::Milliseconds(200);
constexpr absl::Duration kNextLine = absl::Seconds(10);
constexpr int64_t kCallsPerLook = 256;  // reading the clock for every row would show
constexpr size_t kBarWidth = 24;

// "[#####.....]   48 %".
std::string ShareBar(double share) {
  const size_t filled = static_cast<size_t>(share * kBarWidth);
  return absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '.'), "]",
                      absl::StrFormat("  %3.0f %%", std::floor(100 * share)));
}

}  // namespace

std::string WithThousands(int64_t number) {
  std::string text = absl::StrCat(number);
  const size_t first_digit = number < 0 ? 1 : 0;
  for (size_t end = text.size(); end > first_digit + 3;) {
    end -= 3;
    text.insert(end, 1, ',');
  }
  return text;
}

std::string ProgressLine(const std::string& label, int64_t bytes, int64_t total_bytes, int64_t rows,
                         absl::Duration elapsed, const std::string& unit) {
  const double seconds = std::max(absl::ToDoubleSeconds(elapsed), 1e-3);
  const std::string rate =
      absl::StrCat(WithThousands(rows), " ", unit, "  ",
                   WithThousands(std::llround(static_cast<double>(rows) / seconds)), " ", unit, "/s");
  if (total_bytes <= 0) return absl::StrCat(label, "  ", rate);
  const double share = std::clamp(static_cast<double>(bytes) / static_cast<double>(total_bytes), 0.0, 1.0);
  std::string line = absl::StrCat(label, "  ", ShareBar(share), "  ", rate);
  if (share > 0 && share < 1) {
    const int64_t left = std::llround(seconds * (1 - share) / share);
    absl::StrAppend(&line, absl::StrFormat("  %d:%02d left", left / 60, left % 60));
  }
  return line;
}

Progress::Progress(std::string label, int64_t total_bytes, Terminal& terminal, std::string unit)
    : label_(std::move(label)),
      total_bytes_(total_bytes),
      unit_(std::move(unit)),
      terminal_(terminal),
      start_(absl::Now()),
      drawn_(start_) {}

Progress::~Progress() {
  if (has_bar_) terminal_.err << "\r\033[K" << std::flush;
}

absl::Duration Progress::elapsed() const { return absl::Now() - start_; }

void Progress::Update(int64_t bytes, int64_t rows) {
  if (calls_++ % kCallsPerLook != 0) return;
  Draw([&](absl::Duration elapsed) { return ProgressLine(label_, bytes, total_bytes_, rows, elapsed, unit_); });
}

void Progress::UpdateShare(double share, const std::string& step) {
  Draw([&](absl::Duration) { return absl::StrCat(label_, "  ", ShareBar(std::clamp(share, 0.0, 1.0)), "  ", step); });
}

void Progress::Draw(absl::FunctionRef<std::string(absl::Duration)> line) {
  const absl::Time now = absl::Now();
  if (now - drawn_ < (terminal_.err_is_tty ? kRedraw : kNextLine)) return;
  drawn_ = now;
  const std::string text = line(now - start_);
  if (terminal_.err_is_tty) {
    terminal_.err << '\r' << text << "\033[K" << std::flush;
    has_bar_ = true;
  } else {
    terminal_.err << text << std::endl;
  }
}

}  // namespace tierwise
