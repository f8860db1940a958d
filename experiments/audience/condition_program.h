// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "experiments/audience/attribute_schema.h"
#include "experiments/audience/user_attributes.h"
#include "experiments/base/definitions.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

// A condition compiled to a flat list of tests with jumps, segments inlined. Immutable; any number of threads may
// evaluate it.
class ConditionProgram {
 public:
  // Always true.
  ConditionProgram() = default;
  // REQUIRES: CheckCondition found nothing wrong with `tree` under `definitions`, and `schema` is that of
  // `definitions`.
  ConditionProgram(const v1::ConditionNode& tree, const AttributeSchema& schema, const Definitions& definitions);

  // Those of the attributes that are tested, ascending.
  std::vector<int> slots() const;

  // Allocates nothing. `now_micros` is the time of evaluation, in microseconds since the epoch, between the years 1 and
  // 9999. REQUIRES: `user` was made for the program's schema.
  bool Evaluate(const UserAttributes& user, int64_t now_micros) const;

  // Like Evaluate, and says which test decided, e.g. "country in [\"CN\"] is false: country is \"US\"". For Explain.
  std::string Explain(const UserAttributes& user, int64_t now_micros) const;

 private:
  class Compiler;

  // The last place to jump to: the condition is decided.
  static constexpr int32_t kTrue = -1;
  static constexpr int32_t kFalse = -2;

  enum class Op : uint8_t {
    kIsSet,
    kIntegerRange,   // BOOL, INT and TIMESTAMP: lower <= value <= upper
    kRelativeRange,  // TIMESTAMP: the same, with bounds that move with now
    kDoubleRange,    // DOUBLE
    kIntegerSet,     // INT: whether sets.integers[set] holds the value
    kDoubleSet,
    kText,  // STRING: equal to the text
    kTextSet,
    kStartsWith,
    kEndsWith,
    kContains,
    kListContains,
    kVersion,  // STRING: whether the order of its version to the text's is one of `orders`
  };

  struct Test {
    Op op = Op::kIsSet;
    bool negated = false;
    // Of a relative range: whether now is added to the bound.
    bool lower_moves = false;
    bool upper_moves = false;
    uint8_t orders = 0;  // bits 0, 1, 2: before, equal, after
    int32_t slot = 0;
    // Where to go on: the index of a test, kTrue or kFalse.
    int32_t if_false = kFalse;
    int32_t if_true = kTrue;
    union Bound {
      int64_t integer = 0;
      double number;
    } lower, upper;
    uint32_t set = 0;          // index into the sets of its type
    uint32_t text_offset = 0;  // in texts_
    uint32_t text_size = 0;
  };

  // For people; beside the tests, not in them, to keep those small.
  struct Wording {
    std::string test;  // its canonical text, with the segment that it is in
    std::string attribute;
    v1::AttributeType type = v1::ATTRIBUTE_TYPE_UNSPECIFIED;
  };

  // The text of a test; texts are kept in one string so that programs can be copied.
  absl::string_view TextOf(const Test& test) const {
    return absl::string_view(texts_).substr(test.text_offset, test.text_size);
  }
  bool Holds(const Test& test, const UserAttributes& user, int64_t now_micros) const;
  bool Matches(const Test& test, const UserAttributes& user, int64_t now_micros) const;
  bool VersionMatches(const Test& test, absl::string_view value) const;

  int32_t entry_ = kTrue;
  std::vector<Test> tests_;
  std::string texts_;
  std::vector<absl::flat_hash_set<int64_t>> integer_sets_;
  std::vector<absl::flat_hash_set<double>> double_sets_;
  std::vector<absl::flat_hash_set<std::string>> text_sets_;
  std::vector<Wording> wordings_;
};

}  // namespace tierwise
