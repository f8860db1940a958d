// SPDX-License-Identifier: Apache-2.0
#include "experiments/assignment/field_checks.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "experiments/assignment/salts.h"
#include "experiments/base/nearest_name.h"

namespace tierwise {
namespace {

constexpr size_t kMaxSaltBytes = 128;
constexpr size_t kMaxQuotedBytes = 63;

void AddUnknown(absl::string_view id, const std::vector<absl::string_view>& known, absl::string_view what,
                absl::string_view field, Problems& problems) {
  if (id.empty()) {
    problems.Add(field, absl::StrCat("is required: the id of a ", what));
    return;
  }
  const absl::string_view quoted = id.substr(0, kMaxQuotedBytes);
  problems.Add(field,
               absl::StrCat("there is no ", what, " \"", absl::CHexEscape(quoted), "\"", DidYouMean(quoted, known)));
}

}  // namespace

void CheckCount(int count, int min, int max, absl::string_view what, absl::string_view field, Problems& problems) {
  if (min <= count && count <= max) return;
  problems.Add(field, absl::StrCat("has ", count, " ", what, ", ", min, " to ", max, " are allowed"));
}

void CheckShare(uint32_t share_bp, absl::string_view field, Problems& problems) {
  if (share_bp <= kBasisPoints) return;
  problems.Add(field, absl::StrCat(share_bp, " is over ", kBasisPoints, " basis points, which is everyone"));
}

void CheckSalt(absl::string_view salt, absl::string_view field, Problems& problems) {
  if (salt.empty() || salt.size() > kMaxSaltBytes) {
    problems.Add(field, absl::StrCat("has ", salt.size(), " bytes, 1 to ", kMaxSaltBytes, " are allowed"));
  } else if (!std::all_of(salt.begin(), salt.end(), [](char c) { return c >= ' ' && c <= '~'; })) {
    problems.Add(field, absl::StrCat("\"", absl::CHexEscape(salt), "\" has characters other than printable ASCII"));
  }
}

bool CheckKnown(absl::string_view id, const std::vector<absl::string_view>& known, absl::string_view what,
                absl::string_view field, Problems& problems) {
  if (std::find(known.begin(), known.end(), id) != known.end()) return true;
  AddUnknown(id, known, what, field, problems);
  return false;
}

bool CheckReference(absl::string_view id, absl::string_view collection, absl::string_view what,
                    const Definitions& definitions, absl::string_view field, Problems& problems) {
  if (definitions.Find(absl::StrCat(collection, "/", id)) != nullptr) return true;
  const std::vector<Definitions::Pointer> all = definitions.InCollection(collection);
  std::vector<absl::string_view> known;
  for (const Definitions::Pointer& definition : all) known.push_back(IdOf(*definition));
  AddUnknown(id, known, what, field, problems);
  return false;
}

}  // namespace tierwise
