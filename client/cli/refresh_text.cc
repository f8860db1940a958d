// SPDX-License-Identifier: Apache-2.0
#include "client/cli/refresh_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/message_text.h"
#include "client/cli/progress.h"
#include "client/cli/text_table.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

std::string Took(const v1::Refresh& refresh) {
  if (!refresh.has_end_time()) return "";
  const absl::Duration took = FromProto(refresh.end_time()) - FromProto(refresh.start_time());
  return absl::FormatDuration(absl::Trunc(took, absl::Milliseconds(took < absl::Seconds(10) ? 10 : 1000)));
}

std::string StateText(const v1::Refresh& refresh) {
  const std::string state = ShortName(refresh.state());
  if (refresh.state() != v1::REFRESH_STATE_RUNNING) return state;
  return absl::StrCat(state, absl::StrFormat(" %.0f%%", 100 * refresh.progress()), refresh.step().empty() ? "" : ": ",
                      refresh.step());
}

std::optional<Style> StyleOf(v1::RefreshState state) {
  switch (state) {
    case v1::REFRESH_STATE_FAILED:
      return Style::kRed;
    case v1::REFRESH_STATE_SUCCEEDED:
      return Style::kGreen;
    case v1::REFRESH_STATE_RUNNING:
      return Style::kCyan;
    default:
      return Style::kYellow;
  }
}

}  // namespace

std::string RefreshLine(const v1::Refresh& refresh) {
  std::string line =
      absl::StrCat("refresh ", refresh.id(), " ", StateText(refresh), " as of ", TimeTitle(FromProto(refresh.as_of())));
  if (const std::string took = Took(refresh); !took.empty()) absl::StrAppend(&line, " in ", took);
  if (!refresh.error().empty()) return absl::StrCat(line, ": ", refresh.error());
  if (refresh.state() != v1::REFRESH_STATE_SUCCEEDED) return line;
  return absl::StrCat(line, ": ", WithThousands(refresh.users()), " users, ", WithThousands(refresh.users_computed()),
                      " computed anew, ", WithThousands(refresh.users_moved()), " moved");
}

std::string RenderRefreshes(absl::Span<const v1::Refresh> refreshes, const PlotStyle& style) {
  TextTable table({{"ID", TextTable::Align::kRight},
                   {"AS OF"},
                   {"STATE"},
                   {"USERS", TextTable::Align::kRight, 2},
                   {"COMPUTED", TextTable::Align::kRight, 4},
                   {"MOVED", TextTable::Align::kRight, 1},
                   {"TOOK", TextTable::Align::kRight, 5},
                   {"BY", TextTable::Align::kLeft, 6},
                   {"TIERINGS", TextTable::Align::kLeft, 3}});
  for (const v1::Refresh& refresh : refreshes) {
    const std::string tierings =
        refresh.tierings().empty() ? "(derived attributes only)" : absl::StrJoin(refresh.tierings(), ", ");
    table.AddRow({{absl::StrCat(refresh.id()), {}},
                  {TimeTitle(FromProto(refresh.as_of())), {}},
                  {StateText(refresh), StyleOf(refresh.state())},
                  {WithThousands(refresh.users()), {}},
                  {WithThousands(refresh.users_computed()), {}},
                  {WithThousands(refresh.users_moved()), {}},
                  {Took(refresh), Style::kDim},
                  {refresh.actor(), Style::kDim},
                  {refresh.error().empty() ? tierings : refresh.error(), {}}});
  }
  return table.Render(style.width, style.has_color);
}

}  // namespace tierwise
