// SPDX-License-Identifier: Apache-2.0
#include "client/cli/tier_sizes_text.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/progress.h"
#include "client/cli/report_lines.h"
#include "client/cli/report_numbers.h"
#include "client/cli/time_text.h"

namespace tierwise {
namespace {

constexpr size_t kMovesOfALine = 3;

double ShareOf(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

int64_t UsersOf(const v1::PreviewTieringResponse& preview) {
  int64_t users = 0;
  for (const v1::TierSize& size : preview.sizes()) users += size.users();
  return users;
}

size_t PlaceOf(const std::string& tier, absl::Span<const std::string> tiers) {
  return static_cast<size_t>(std::find(tiers.begin(), tiers.end(), tier) - tiers.begin());
}

std::string FoundCuts(const v1::Tiering& tiering) {
  const auto values = [](const auto& cuts) {
    return absl::StrJoin(cuts, ", ", [](std::string* out, double cut) { absl::StrAppend(out, PlotNumber(cut)); });
  };
  if (tiering.has_quantiles() && !tiering.quantiles().cuts().empty()) {
    return absl::StrCat("cuts of ", tiering.quantiles().attribute(), ": ", values(tiering.quantiles().cuts()));
  }
  const v1::TierRfm& rfm = tiering.rfm();
  if (!tiering.has_rfm() || !rfm.has_cuts()) return "";
  return absl::StrCat("scores 2, 3, 4, 5 begin at: ", rfm.recency(), " ", values(rfm.cuts().recency()), "; ",
                      rfm.frequency(), " ", values(rfm.cuts().frequency()), "; ", rfm.monetary(), " ",
                      values(rfm.cuts().monetary()));
}

std::string MovementLine(const Movement& movement) {
  const int64_t known = movement.known_before();
  const auto part = [known](int64_t users) {
    return absl::StrCat(WithThousands(users), " (", ShareText(ShareOf(users, known)), ")");
  };
  std::string line = absl::StrCat("stayed ", part(movement.stayed), ", moved up ", part(movement.up), ", moved down ",
                                  part(movement.down));
  if (movement.came > 0) absl::StrAppend(&line, "; ", WithThousands(movement.came), " had no tier before");
  if (movement.left > 0) absl::StrAppend(&line, "; ", WithThousands(movement.left), " have none any more");
  return line;
}

}  // namespace

std::string ShareText(double share) { return NumberText(share, {.is_percent = true, .suffix = "%", .decimals = 1}); }

std::vector<std::string> TierIds(const v1::Tiering& tiering) {
  std::vector<std::string> ids;
  for (const v1::Tier& tier : tiering.tiers()) ids.push_back(tier.id());
  return ids;
}

Movement MovementOf(absl::Span<const v1::Transition> transitions, absl::Span<const std::string> tiers) {
  Movement movement;
  for (const v1::Transition& transition : transitions) {
    const size_t from = PlaceOf(transition.from(), tiers), to = PlaceOf(transition.to(), tiers);
    int64_t& count = transition.from().empty()              ? movement.came
                     : transition.to().empty()              ? movement.left
                     : transition.from() == transition.to() ? movement.stayed
                     : to < from                            ? movement.up
                                                            : movement.down;
    count += transition.users();
  }
  return movement;
}

std::string RenderTransitions(absl::Span<const v1::Transition> transitions, std::vector<std::string> tiers,
                              const PlotStyle& style) {
  std::map<std::pair<std::string, std::string>, int64_t> users;
  std::map<std::string, int64_t> totals;
  for (const v1::Transition& transition : transitions) {
    users[{transition.from(), transition.to()}] += transition.users();
    totals[transition.from()] += transition.users();
    for (const std::string& tier : {transition.from(), transition.to()}) {
      if (!tier.empty() && PlaceOf(tier, tiers) == tiers.size()) tiers.push_back(tier);  // of an earlier revision
    }
  }
  const Movement movement = MovementOf(transitions, tiers);
  std::vector<std::string> from = tiers, to = tiers;
  if (movement.came > 0) from.emplace_back();
  if (movement.left > 0) to.emplace_back();
  HeatMatrix matrix;
  matrix.corner = "from \\ to";
  for (const std::string& tier : from) matrix.rows.push_back(tier.empty() ? "(none before)" : tier);
  for (const std::string& tier : to) matrix.columns.push_back(tier.empty() ? "(none after)" : tier);
  for (const std::string& row : from) {
    std::vector<HeatMatrix::Cell>& cells = matrix.cells.emplace_back();
    for (const std::string& column : to) {
      const auto found = users.find({row, column});
      if (found == users.end()) {
        cells.emplace_back();
        continue;
      }
      const double share = ShareOf(found->second, totals[row]);
      cells.push_back({absl::StrCat(WithThousands(found->second), " ", ShareText(share)), share});
    }
  }
  return absl::StrCat(RenderHeatMatrix(matrix, style), MovementLine(movement), "\n");
}

std::string PreviewLine(const v1::PreviewTieringResponse& preview) {
  const int64_t users = UsersOf(preview);
  std::string line = absl::StrCat(preview.tiering().id(), ": ",
                                  absl::StrJoin(preview.sizes(), ", ", [users](std::string* out, const auto& size) {
                                    absl::StrAppend(out, size.tier(), " ", WithThousands(size.users()), " (",
                                                    ShareText(ShareOf(size.users(), users)), ")");
                                  }));
  if (preview.transitions().empty()) return absl::StrCat(line, "; not refreshed before, so nobody moves");
  std::vector<const v1::Transition*> moves;
  int64_t moved = 0, known = 0;
  for (const v1::Transition& transition : preview.transitions()) {
    if (transition.from().empty()) continue;
    known += transition.users();
    if (transition.from() == transition.to()) continue;
    moved += transition.users();
    moves.push_back(&transition);
  }
  absl::StrAppend(&line, "; ", WithThousands(moved), " of ", WithThousands(known), " users would move");
  std::stable_sort(moves.begin(), moves.end(), [](const auto* a, const auto* b) { return a->users() > b->users(); });
  for (size_t i = 0; i < moves.size() && i < kMovesOfALine; ++i) {
    absl::StrAppend(&line, i == 0 ? ": " : ", ", WithThousands(moves[i]->users()), " ", moves[i]->from(), " -> ",
                    moves[i]->to().empty() ? "(none)" : moves[i]->to());
  }
  if (moves.size() > kMovesOfALine) absl::StrAppend(&line, ", ...");
  return line;
}

std::string RenderPreview(const v1::PreviewTieringResponse& preview, const PlotStyle& style) {
  const int64_t users = UsersOf(preview);
  std::vector<LabelledBar> bars;
  for (const v1::TierSize& size : preview.sizes()) {
    bars.push_back({size.tier(),
                    static_cast<double>(size.users()),
                    {WithThousands(size.users()), ShareText(ShareOf(size.users(), users))}});
  }
  std::string out =
      absl::StrCat(Styled(style.has_color, Style::kBold, preview.tiering().id()),
                   " as it would be, nothing is changed\n", BarChart({"tier", "users", "share"}, bars, style, 2));
  if (const std::string cuts = FoundCuts(preview.tiering()); !cuts.empty()) {
    absl::StrAppend(&out, Paragraph(cuts, style.width, 0), "\n");
  }
  if (preview.transitions().empty()) {
    absl::StrAppend(&out, "not refreshed before, so nobody moves\n");
  } else {
    const std::vector<v1::Transition> transitions(preview.transitions().begin(), preview.transitions().end());
    absl::StrAppend(&out, "\nWho would move\n", RenderTransitions(transitions, TierIds(preview.tiering()), style));
  }
  for (const std::string& warning : preview.warnings()) {
    absl::StrAppend(&out, Styled(style.has_color, Style::kYellow, "warning:"), " ", Paragraph(warning, style.width, 0),
                    "\n");
  }
  return out;
}

}  // namespace tierwise
