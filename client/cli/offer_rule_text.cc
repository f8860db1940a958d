// SPDX-License-Identifier: Apache-2.0
#include "client/cli/offer_rule_text.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "experiments/base/problems.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// The parts of `text` between `;` and line ends, those inside of quotes apart.
std::vector<std::string> BranchesOf(absl::string_view text) {
  std::vector<std::string> branches(1);
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\' && i + 1 < text.size()) branches.back() += text[i++];
      if (text[i] == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ';' || c == '\n') {
      branches.emplace_back();
      continue;
    }
    branches.back() += text[i];
  }
  return branches;
}

absl::Status Wrong(absl::string_view branch, absl::string_view what) {
  return InvalidField("--rule", absl::StrCat("`", branch, "` ", what,
                                             "; a branch is e.g. `waist: ten` or `tail when "
                                             "orders_90d >= 2: fifteen`"));
}

// Where "when" stands as a word of its own; npos where it does not.
size_t WhenAt(absl::string_view who) {
  if (absl::StartsWith(who, "when ")) return 0;
  const size_t at = who.find(" when ");
  return at == absl::string_view::npos ? at : at + 1;
}

absl::Status AddBranch(absl::string_view text, v1::OfferRule& rule) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return Wrong(text, "has no colon before its variant");
  v1::OfferBranch& branch = *rule.add_branches();
  branch.set_variant(std::string(absl::StripAsciiWhitespace(text.substr(colon + 1))));
  if (branch.variant().empty()) return Wrong(text, "names no variant behind the colon");
  absl::string_view who = absl::StripAsciiWhitespace(text.substr(0, colon));
  if (const size_t when = WhenAt(who); when != absl::string_view::npos) {
    branch.set_when(std::string(absl::StripAsciiWhitespace(who.substr(when + 4))));
    if (branch.when().empty()) return Wrong(text, "has no condition behind `when`");
    who = absl::StripAsciiWhitespace(who.substr(0, when));
  }
  if (who.empty() || who == "*") return absl::OkStatus();
  for (const absl::string_view tier : absl::StrSplit(who, ',')) {
    const absl::string_view id = absl::StripAsciiWhitespace(tier);
    if (id.empty() || id.find(' ') != absl::string_view::npos) return Wrong(text, "does not begin with tiers");
    branch.add_tiers(std::string(id));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::OfferRule> ParseOfferRule(absl::string_view text) {
  v1::OfferRule rule;
  for (const std::string& branch : BranchesOf(text)) {
    const absl::string_view stripped = absl::StripAsciiWhitespace(branch);
    if (stripped.empty() || absl::StartsWith(stripped, "#")) continue;
    TIERWISE_RETURN_IF_ERROR(AddBranch(stripped, rule));
  }
  if (rule.branches().empty()) return InvalidField("--rule", "has no branch, e.g. `waist: ten`");
  return rule;
}

std::string OfferRuleText(const v1::OfferRule& rule) {
  std::vector<std::string> branches;
  for (const v1::OfferBranch& branch : rule.branches()) {
    const std::string tiers = branch.tiers().empty() ? "*" : absl::StrJoin(branch.tiers(), ", ");
    branches.push_back(absl::StrCat(tiers, branch.when().empty() ? "" : absl::StrCat(" when ", branch.when()), ": ",
                                    branch.variant()));
  }
  return absl::StrJoin(branches, "; ");
}

}  // namespace tierwise
